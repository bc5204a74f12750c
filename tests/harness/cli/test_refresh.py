"""`ninelives record --refresh`: the same requests asked again, and what of the API has changed since."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mock_openai import MockServer, reply
from mock_openai.protocol.reply import Reply, Text
from ninelives.cassette import Cassette, Redactor
from ninelives.cassette.builder import CassetteBuilder
from ninelives.cli import _run
from ninelives.lab.dialogue import SCRIPT
from ninelives.player import Player
from ninelives.refresh import ask_again

from tests.effort import HANG

CASSETTES = Path(__file__).parents[3] / "cassettes"
SSE, SOCKET = "weather_over_sse.jsonl", "weather_over_websocket.jsonl"


@contextmanager
def serving(make: Callable[[], MockServer]) -> Iterator[MockServer]:
    """A server in a thread, for a command that has a loop of its own."""
    ready, servers, loops = threading.Event(), [], []

    async def live() -> None:
        loops.append((asyncio.get_running_loop(), asyncio.Event()))
        async with make() as server:
            servers.append(server)
            ready.set()
            await loops[0][1].wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    assert ready.wait(HANG)
    yield servers[0]
    loops[0][0].call_soon_threadsafe(loops[0][1].set)
    thread.join(HANG)


@pytest.fixture
def tapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    folder = tmp_path / "cassettes"
    folder.mkdir()
    for name in (SSE, SOCKET):
        shutil.copy(CASSETTES / name, folder / name)
    return folder


def refresh(capsys: Any, folder: Path, *options: str) -> tuple[int, str, str]:
    code = _run(["record", "--refresh", str(folder), *options])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_conversation_asked_again_follows_its_new_ids(capsys: Any, tapes: Path) -> None:
    with serving(lambda: MockServer(script=SCRIPT, seed=99)) as server:
        code, out, _ = refresh(capsys, tapes, "--upstream", server.base_url, "--exit-code")
        sent = [entry.data["body"] for entry in server.journal.entries if entry.kind == "request"]
    assert code == 0, out
    assert "8 answers from" in out
    assert "changes of the API: none" in out
    assert "changes of wording: none" in out
    assert "not compared" not in out
    assert any(body.get("previous_response_id") for body in sent)
    assert "sk-" not in out


def test_without_a_key_the_mock_is_asked_and_it_says_so(capsys: Any, tapes: Path) -> None:
    code, out, _ = refresh(capsys, tapes, "--exit-code")
    assert code == 0, out
    assert out.startswith("OPENAI_API_KEY is not set")
    assert "changes of the API: none" in out
    assert "changes of wording: " in out
    assert "calls\n" in out  # it says what it likes, and calls nothing
    assert "which was not answered this time" in out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '"logprobs":[],"obf',
            '"obf',
            ("field  logprobs in response.output_text.delta", "- always", "+ never"),
        ),
        ('"obfuscation"', '"padding"', ("field  padding in response.output_text.delta", "+ came")),
        ("response.in_progress", "response.in_a_hurry", ("event  response.in_a_hurry", "- never", "+ came")),
        ('"created_at":17', '"created_at":"then","was":17', ("type  response.created_at in", "+ string")),
    ],
)
def test_what_the_api_changed_is_told_apart(
    capsys: Any, tapes: Path, tmp_path: Path, old: str, new: str, said: tuple[str, ...]
) -> None:
    text = (CASSETTES / SSE).read_text("utf-8")
    assert old in text
    changed = Cassette.parse(text.replace(old, new).encode())
    with serving(lambda: MockServer(responders=[Player(changed, repeat=True)])) as server:
        code, out, _ = refresh(capsys, tapes / SSE, "--upstream", server.base_url, "--exit-code")
        assert code == 1
        assert all(word in out for word in said), out
        assert "changes of wording: none" in out
        assert refresh(capsys, tapes / SSE, "--upstream", server.base_url)[0] == 0


def test_a_changed_error_is_drift_and_one_in_passing_is_none(capsys: Any, tapes: Path) -> None:
    name = "plain_answers_and_a_refusal_by_the_api.jsonl"
    text = (CASSETTES / name).read_text("utf-8")
    shutil.copy(CASSETTES / name, tapes / name)
    assert '"invalid_request_error"' in text
    other = Cassette.parse(text.replace('"invalid_request_error"', '"bad_request"').encode())
    with serving(lambda: MockServer(responders=[Player(other, repeat=True)])) as server:
        code, out, _ = refresh(capsys, tapes / name, "--upstream", server.base_url, "--exit-code")
    assert code == 1
    assert "error  type" in out
    assert "- invalid_request_error" in out
    assert "+ bad_request" in out
    late = Cassette.parse((CASSETTES / SSE).read_bytes().replace(b'"status":200', b'"status":503'))
    with serving(lambda: MockServer(responders=[Player(late, repeat=True)])) as server:
        code, out, _ = refresh(capsys, tapes / SSE, "--upstream", server.base_url, "--exit-code")
    assert code == 0
    assert "not compared: 4" in out
    assert "the upstream answered 503" in out


def test_the_new_recordings_take_the_place_of_the_old_when_asked_to(capsys: Any, tapes: Path) -> None:
    before = {path.name: path.read_bytes() for path in tapes.iterdir()}
    with serving(lambda: MockServer(script=SCRIPT, seed=7)) as server:
        refresh(capsys, tapes, "--upstream", server.base_url)
        assert {path.name: path.read_bytes() for path in tapes.iterdir()} == before
        (tapes / SSE).chmod(0o600)
        (tapes / SOCKET).rename(tapes.parent / "kept.jsonl")
        (tapes / SOCKET).symlink_to("../kept.jsonl")
        code, out, _ = refresh(capsys, tapes, "--upstream", server.base_url, "--write")
    assert code == 0
    assert (tapes / SSE).stat().st_mode & 0o777 == 0o600
    assert (tapes / SOCKET).is_symlink()
    assert out.count("wrote ") == 2
    for path in tapes.iterdir():
        assert path.read_bytes() != before[path.name]
        assert len(Cassette.load(path)) == 4


def test_no_marked_secret_is_printed_or_written(
    capsys: Any, tapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, told = "acme4Local7Key9MARKEDZz", "sk-proj-MARKED0123456789abcdMARKED"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    spelled = f"Your key is {key}, mine is {told}, or {base64.b64encode(told.encode()).decode()}."
    for path in tapes.iterdir():
        path.unlink()
    builder = CassetteBuilder(recorded="2026-11-30T00:00:00Z")
    for stream in (b"false", b"true"):
        writer = builder.line_writer()
        writer.request("POST", "/v1/responses", body=b'{"model":"gpt-4o","input":"hi","stream":%b}' % stream)
        writer.response(200, {"content-type": "application/json"})
        writer.body(b'{"id":"resp_1","object":"response","status":"completed","output":[]}')
        writer.end()
    (tapes / "talk.jsonl").write_bytes(builder.bytes())
    with serving(lambda: MockServer(script=[reply(spelled)], seed=7)) as server:
        code, out, err = refresh(capsys, tapes, "--upstream", server.base_url, "--write")
        asked = len(server.journal.requests)
    assert (code, asked) == (0, 2)
    assert "wrote " in out
    written = b"".join(path.read_bytes() for path in tapes.iterdir())
    assert b"Your key is " in written.replace(b'","delta":"', b"")
    for shown in (out.encode(), err.encode(), written):
        for secret in (key, told, base64.b64encode(told.encode()).decode().rstrip("="), "MARKED"):
            assert secret.encode() not in shown


class Together:
    """Answers "both" when it was asked twice, and all else at once; notes what it was asked meanwhile."""

    takes_errors = False

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._both = asyncio.Barrier(2)

    async def answer(self, turn: Any) -> Any:
        said = str(turn.body["input"])
        self.asked.append(said)
        if said.startswith("both"):
            async with asyncio.timeout(HANG):
                await self._both.wait()
        await asyncio.sleep(1)
        return Reply((Text(f"You said {said}."),))


def asked_together(over_http: bool) -> Cassette:
    """A recording in which two turns were under way at once, and a third came after them."""
    builder = CassetteBuilder(redactor=Redactor.off())
    when = (("both 1", 0, 100), ("both 2", 10, 130), ("then", 140, 150))

    def body(said: str, **more: str) -> bytes:
        return json.dumps({**more, "model": "gpt-4.1", "input": said, "stream": True}).encode()

    def event(kind: str, said: str, **more: str) -> bytes:
        return json.dumps({"type": kind, **more, "response": {"id": f"resp_{said[-1] * 50}"}}).encode()

    if over_http:
        line_writers = [builder.line_writer() for _ in when]
        for writer, (said, began, _) in zip(line_writers[:2], when, strict=False):
            writer.request("POST", "/v1/responses", {}, body(said), began)
        for writer, (said, began, ended) in zip(line_writers, when, strict=True):
            if writer is line_writers[2]:
                writer.request("POST", "/v1/responses", {}, body(said), began)
            writer.response(200, {"content-type": "text/event-stream"}, began + 1)
            writer.read(b"event: response.completed\ndata: %b\n\n" % event("response.completed", said), ended)
            writer.end(ended)
    else:
        writer = builder.line_writer()
        writer.open("/v1/responses", t=0)
        moments = [(at, said, end) for said, *times in when for end, at in enumerate(times)]
        for at, said, end in sorted(moments):
            lane = {"stream_id": f"lane_{said[-1]}"}
            if end:
                writer.recv(event("response.completed", said, **lane), t=at)
            else:
                writer.send(body(said, type="response.create", **lane), t=at)
        writer.close("client", 1000, t=200)
    return Cassette.parse(builder.bytes())


@pytest.mark.parametrize("over_http", [True, False])
async def test_what_was_asked_at_once_is_asked_at_once_again(over_http: bool, tmp_path: Path) -> None:
    together = Together()
    async with MockServer(responders=[together]) as server:
        recorded = asked_together(over_http)
        asked = await ask_again(recorded, server.base_url, tmp_path / "a.jsonl", key="any")
    assert together.asked == ["both 1", "both 2", "then"]
    assert not asked.left_out
    for (old, new), said in zip(asked.pairs, together.asked, strict=True):
        assert old.body["input"] == new.body["input"] == said
        assert f"You said {said}." in json.dumps(new.output)
    one, two, then = (new for _, new in asked.pairs)
    assert two.began < one.ended
    assert then.began >= max(one.ended, two.ended)


def test_what_cannot_be_asked_is_one_line(capsys: Any, tapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for options, said in (
        (("--upstream", "http://127.0.0.1:9"), "the upstream does not answer"),
        (("--upstream", "http://127.0.0.1:99999"), "is not a URL"),
    ):
        code, _, err = refresh(capsys, tapes / SSE, *options)
        assert code == 2
        assert said in err.splitlines()[-1]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-CANARY0123456789")
    with serving(lambda: MockServer(api_key="another")) as server:
        code, out, err = refresh(capsys, tapes / SSE, "--upstream", server.base_url)
    assert code == 2
    assert "rejects every request with status 401" in err.splitlines()[-1]
    assert "CANARY" not in out + err
    assert _run(["record"]) == 2
    assert "--cassette FILE" in capsys.readouterr().err
