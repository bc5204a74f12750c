"""Large bodies, events and messages through the recorder do not hold up what goes on beside them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from mock_openai import MockServer, reply
from ninelives.cassette import Cassette, CassetteError, Redactor
from ninelives.recorder import Recorder, answer, forwarder
from ninelives.recorder.notes import AT_ONCE, MOST_WAITING, Notes
from openai import AsyncOpenAI

from tests.effort import HANG
from tests.mock_server.transport.test_large import AT_MOST, calls_within_a_callback

SIZE = 1_500_000
KEY = b"sk-proj-CANARY0123456789abcdCANARY"
TEXT = b"The token of the day is fine weather. " * (SIZE // 76)
LARGE = b'{"text":"' + TEXT + KEY + TEXT + b'"}'
SMALL = b'{"text":"small"}'
EVENT = b"event: response.completed\ndata: %b\n\n"
TURNS = 5


class Held:
    """Lets a redactor begin with what is large, and go on when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()
        text = Redactor.text

        def slow(redactor: Redactor, data: bytes, **how: Any) -> bytes:
            if len(data) > SIZE // 2:
                self.begun.set()
                assert self.go_on.wait(HANG), "nobody let it go on: the loop was held up"
            return text(redactor, data, **how)

        edits = Redactor.edits

        def slow_edits(redactor: Redactor, data: bytes, **how: Any) -> Any:
            if len(data) > SIZE // 2:
                self.begun.set()
                assert self.go_on.wait(HANG), "nobody let it go on: the loop was held up"
            return edits(redactor, data, **how)

        monkeypatch.setattr(Redactor, "text", slow)
        monkeypatch.setattr(Redactor, "edits", slow_edits)


async def over_http(proxy: Recorder, path: str, body: bytes = SMALL) -> bytes:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{proxy.base_url}/{path}", data=body) as answer,
    ):
        return await answer.read()


async def serve(peer: Any) -> None:
    """Answers by the path: large, stream or small."""
    await peer.request()
    path = peer.head.split()[1]
    body = LARGE if b"large" in path else EVENT % LARGE if b"stream" in path else SMALL
    kind = b"text/event-stream" if b"stream" in path else b"application/json"
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    await peer.send(head % (kind, len(body)))
    await peer.send(body)


CASES: dict[str, Callable[[Recorder], Any]] = {
    "an answer": lambda proxy: over_http(proxy, "large"),
    "an event": lambda proxy: over_http(proxy, "stream"),
    "a request": lambda proxy: over_http(proxy, "small", LARGE),
}


@pytest.mark.real_time
@pytest.mark.parametrize("case", CASES)
async def test_others_go_on_while_something_large_is_recorded(
    upstream: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    upstream.serve = serve
    held = Held(monkeypatch)
    path = tmp_path / "a.jsonl"
    async with Recorder(upstream.url, cassette=path) as proxy:
        large = asyncio.create_task(CASES[case](proxy))
        await asyncio.to_thread(held.begun.wait, HANG)
        for _ in range(TURNS):
            assert await over_http(proxy, "small") == SMALL
        answered = len(await large)
        held.go_on.set()
    assert answered == (len(SMALL) if case == "a request" else len(LARGE) + (case == "an event") * 34)
    exchanges = Cassette.load(path).exchanges
    assert len(exchanges) == TURNS + 1
    whole = max((one.request if case == "a request" else one.answer or b"" for one in exchanges), key=len)
    assert len(whole) == (len(LARGE) if case != "an event" else len(EVENT % LARGE))
    assert {exchange.ending for exchange in exchanges} == {"end"}
    assert b"CANARY" not in path.read_bytes()


@pytest.mark.thorough
@pytest.mark.real_time
async def test_other_sockets_go_on_while_a_large_message_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    path = tmp_path / "a.jsonl"
    ask = {"type": "response.create", "model": "gpt-4.1", "input": "hi"}
    async with (
        MockServer([reply("Hello.")]) as server,
        Recorder(server.base_url, cassette=path) as proxy,
        aiohttp.ClientSession() as session,
        session.ws_connect(proxy.ws_url) as one,
        session.ws_connect(proxy.ws_url) as two,
    ):
        await one.send_json({**ask, "instructions": LARGE.decode()})
        await asyncio.to_thread(held.begun.wait, HANG)
        for socket in (*[two] * TURNS, one):
            if socket is two:
                await two.send_json(ask)
            while (kind := (await socket.receive_json())["type"]) != "response.completed":
                assert kind not in ("error", "response.failed")
        held.go_on.set()
        await one.close()
        await two.close()
    sockets = Cassette.load(path)
    assert sockets.data.count(b'"k":"send"') == TURNS + 1
    assert sockets.data.count(b'"type":"response.completed"') >= TURNS + 1
    assert b"CANARY" not in path.read_bytes()


@pytest.mark.real_time
async def test_a_recording_that_ends_meanwhile_is_whole_but_for_what_is_large(
    upstream: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.serve = serve
    held = Held(monkeypatch)
    path = tmp_path / "a.jsonl"
    proxy = Recorder(upstream.url, cassette=path)
    await proxy.start()
    await over_http(proxy, "small")
    await over_http(proxy, "large")
    await asyncio.to_thread(held.begun.wait, HANG)
    await proxy.stop(patient=False)
    assert "a large event was not recorded" in caplog.text
    before = path.read_bytes()
    assert [json.loads(line)["k"] for line in before.splitlines()[1:]] == [
        *("request", "response", "body", "end"),
        *("request", "response"),
    ]
    held.go_on.set()
    for thread in threading.enumerate():
        if thread.name == "ninelives-recorder":
            thread.join()
    assert path.read_bytes() == before
    assert not path.with_name("a.jsonl.partial").exists()


@pytest.mark.thorough
async def test_a_client_that_asks_with_the_library_notices_nothing(tmp_path: Path) -> None:
    async with (
        MockServer([reply("word " * 60_000)]) as server,
        Recorder(server.base_url, tmp_path / "a") as proxy,
    ):
        client = AsyncOpenAI(base_url=proxy.base_url, api_key="any")
        answers = await asyncio.gather(
            *(client.responses.create(model="gpt-4o", input=f"{n}") for n in range(4))
        )
        assert {len(answer.output_text) for answer in answers} == {5 * 60_000}


async def test_of_many_notes_at_once_others_run_between_some_of_them() -> None:
    written: list[int] = []
    tasks: set[asyncio.Task[None]] = set()
    notes = Notes(lambda write: write(), tasks)
    for number in range(MOST_WAITING + 2 * AT_ONCE):
        notes.put(partial(written.append, number))
    assert len(written) == AT_ONCE
    assert notes.are_behind()
    while tasks:
        before = len(written)
        await asyncio.sleep(0)
        assert len(written) - before <= AT_ONCE
    assert written == list(range(MOST_WAITING + 2 * AT_ONCE))
    assert not notes.are_behind()


async def test_thousands_of_events_in_one_read_are_recorded_in_a_thread(
    upstream: Any, tmp_path: Path
) -> None:
    comments = b":\n\n" * 20_000

    async def flood(peer: Any) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        await peer.send(comments)
        peer.fin()

    upstream.serve = flood
    path = tmp_path / "a.jsonl"
    with calls_within_a_callback() as longest:
        async with Recorder(upstream.url, cassette=path) as proxy:
            assert await over_http(proxy, "responses") == comments
    assert longest.calls < AT_MOST
    assert Cassette.load(path).exchanges[0].answer == comments


@pytest.mark.parametrize("what", ["an answer", "an event", "a message"])
async def test_what_has_no_end_reaches_the_client_and_spoils_the_recording_only(
    upstream: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    what: str,
) -> None:
    monkeypatch.setattr(answer, "MOST", 100_000)
    piece, times = b"x" * 10_000, 30

    async def flood(peer: Any) -> None:
        await peer.request()
        kind = b"text/event-stream" if what == "an event" else b"text/plain"
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nConnection: close\r\n\r\n" % kind)
        for _ in range(times):
            await peer.send(piece)
        peer.fin()

    upstream.serve = flood
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"the old one")

    async def over_socket() -> None:
        async with (
            MockServer([reply("x" * 300_000)]) as server,
            Recorder(server.base_url, cassette=path) as proxy,
            aiohttp.ClientSession() as session,
            session.ws_connect(proxy.ws_url) as socket,
        ):
            await socket.send_json({"type": "response.create", "model": "gpt-4.1", "input": "hi"})
            while (came := await socket.receive_json())["type"] != "response.completed":
                assert came["type"] != "error"
            assert len(came["response"]["output"][0]["content"][0]["text"]) == 300_000

    async def over_plain_http() -> None:
        async with Recorder(upstream.url, cassette=path) as proxy:
            assert await over_http(proxy, "responses") == piece * times

    with pytest.raises(CassetteError, match=f"{what} is larger than"):
        await (over_socket() if what == "a message" else over_plain_http())
    assert path.read_bytes() == b"the old one"


@pytest.mark.parametrize("told", [True, False], ids=["with its length", "without end"])
async def test_a_request_that_is_too_large_is_refused_and_the_recording_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, told: bool
) -> None:
    monkeypatch.setattr(forwarder, "MOST", 100_000)
    path = tmp_path / "a.jsonl"

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 10_000
            await asyncio.sleep(0)

    async with MockServer([reply("Hi.")]) as server, Recorder(server.base_url, cassette=path) as proxy:
        url = f"{proxy.base_url}/responses"
        async with aiohttp.ClientSession() as session:
            with contextlib.suppress(aiohttp.ClientConnectionError):  # it may still be sending
                async with session.post(url, data=b"x" * 100_001 if told else endless()) as refused:
                    assert refused.status == 413
                    assert (await refused.json())["error"]["code"] == "request_too_large"
            async with session.post(url, json={"model": "gpt-4.1", "input": "hi"}) as answer:
                assert answer.status == 200
    assert "was refused (413)" in caplog.text
    assert '"status":413' not in path.read_text()
    assert path.read_text().count('"k":"request"') == 1
