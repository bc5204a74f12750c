"""Every kind of secret goes through the recorder in both directions; then every byte that was written is
searched, in every file, log and text that the commands print.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from mock_openai import MockServer, Script, reply
from mock_openai.responders import Call, Text
from ninelives.cassette import Cassette
from ninelives.cassette.builder import CassetteBuilder
from ninelives.cassette.convert import convert
from ninelives.cassette.lint import lint
from ninelives.cassette.redact import Redactor
from ninelives.cassette.scrub import scrub
from ninelives.cli import _run
from ninelives.recorder import Recorder

from ..mock_server.redaction.made_up import table

ROWS = table(130)
MARKS = [secret for _, _, secret in ROWS]
HEADERS = {
    "Authorization": "Bearer HEADERmark0authorization1value",
    "X-Auth": "HEADERmark2xauth3value4567",
    "X-Secret": "HEADERmark4xsecret5value",
    "Ocp-Apim-Subscription-Key": "HEADERmark6subscription7",
    "X-Unheard-Of": "HEADERmark8unheard9of0value1",
    "Cookie": "session=HEADERmark0cookie1value2; theme=dark",
}
OF_HEADERS = [value.rpartition(" ")[2].rpartition("=")[2] for value in list(HEADERS.values())[:5]] + [
    "HEADERmark0cookie1value2"
]
QUERY = "QUERYmark0query1value2"


def spoken() -> str:
    return "\n".join(text for _, text, _ in ROWS)


def echoed() -> str:
    return "I heard " + ", ".join([*OF_HEADERS, QUERY]) + " and will forget them."


def wrapped() -> str:
    """The same texts in other clothes."""
    packed = "\n".join(base64.b64encode(f"see {text} ok".encode()).decode() for _, text, _ in ROWS)
    quoted = "\n".join("https://host.example/?text=" + urllib.parse.quote(text) for _, text, _ in ROWS)
    nested = json.dumps({"deep": json.dumps({"deeper": json.dumps([text for _, text, _ in ROWS])})})
    return f"{packed}\n{quoted}\n{nested}"


def script() -> Script:
    said = spoken() + "\n" + echoed() + "\n"
    pieces = tuple(said[at : at + 13] for at in range(0, len(said), 13))
    arguments = json.dumps({"texts": [text for _, text, _ in ROWS[::3]], "city": "Paris"})
    return Script(
        [
            reply(Text(said, deltas=pieces), user="Tell"),
            reply(Call("save", arguments), user="Save"),
            reply(Text(wrapped(), deltas=20), user="Wrap"),
        ]
    )


def readings(data: bytes) -> Iterator[str]:
    """A file as it stands, and what its lines add up to."""
    text = data.decode("utf-8", "replace")
    for _ in range(6):
        yield text
        if "%" in text:
            yield urllib.parse.unquote(text)
        yield "\n".join(_unpacked(text))
        text = text.replace("\\\\", "\\").replace('\\"', '"').replace("\\n", "\n").replace("\\r", "\r")
    deltas: dict[str, str] = {}
    for line in data.splitlines():
        try:
            event = json.loads(line).get("data")
        except (ValueError, AttributeError):
            continue
        if isinstance(event, dict) and isinstance(event.get("delta"), str):
            kind = event["type"]
            deltas[kind] = deltas.get(kind, "") + event["delta"]
    yield from deltas.values()


def _unpacked(text: str) -> Iterator[str]:
    for blob in set(re.findall(r"[A-Za-z0-9+/]{24,}", text)):
        try:
            yield base64.b64decode(blob + "=" * (-len(blob) % 4)).decode()
        except ValueError:
            continue


def search(*texts: bytes) -> None:
    """Fails if a marked secret, or twelve characters of one, can be read anywhere."""
    for data in texts:
        for reading in readings(data):
            for mark in [*MARKS, *OF_HEADERS, QUERY]:
                assert (mark if len(mark) < 24 else mark[6:18]) not in reading, mark


def files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def over_http(proxy: Recorder, session: aiohttp.ClientSession, said: str, *, stream: bool) -> str:
    body = {
        "model": "gpt-5.4",
        "input": [{"role": "user", "content": said}, {"role": "user", "content": said.split()[0]}],
        "instructions": spoken() + wrapped(),
        "metadata": {"note": "as before"},
        "stream": stream,
        "tools": [{"type": "function", "name": "save", "parameters": {"type": "object", "properties": {}}}],
    }
    body["input"][0]["content"] = spoken()  # type: ignore[index]
    async with session.post(
        f"{proxy.base_url}/responses?api-key={QUERY}", json=body, headers=HEADERS
    ) as answer:
        return (await answer.read()).decode()


@pytest.mark.thorough
async def test_no_marked_secret_is_in_any_byte_that_is_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG, logger="ninelives")
    path = tmp_path / "talk.jsonl"
    async with (
        MockServer(script=script()) as upstream,
        Recorder(upstream.base_url, path) as proxy,
        aiohttp.ClientSession() as session,
    ):
        for said in ("Tell", "Save", "Wrap"):
            for stream in (True, False):
                heard = await over_http(proxy, session, said, stream=stream)
                assert json.dumps(MARKS[0])[1:-1] in heard or said == "Tell", "the client hears all of it"
        async with session.ws_connect(proxy.ws_url, headers=HEADERS) as socket:
            for said in ("Tell", "Save", "Wrap"):
                create = {
                    "type": "response.create",
                    "model": "gpt-5.4",
                    "instructions": spoken(),
                    "input": said,
                }
                await socket.send_json(create)
                while json.loads((await socket.receive()).data)["type"] != "response.completed":
                    pass
        asked = [entry.data for entry in upstream.journal.entries if entry.kind == "request"]
        search(json.dumps([_shown(data) for data in asked]).encode())
        async with session.get(f"{upstream.base_url.removesuffix('/v1')}/__mock__/journal") as answer:
            told = await answer.read()
        async with session.get(f"{upstream.base_url.removesuffix('/v1')}/__mock__/metrics") as answer:
            metrics = await answer.read()
    search(metrics)
    whole = [entry for entry in json.loads(told) if not entry["data"].get("type", "").endswith(".delta")]
    for _, _, mark in ROWS:
        assert mark not in json.dumps(whole)
    search(*files(tmp_path), caplog.text.encode())
    problems = lint(path)
    assert not [problem for problem in problems if problem.kind in ("secret", "header")]
    assert scrub(path) == 0
    for ending in ("yaml", "har"):
        convert(path, tmp_path / f"talk.{ending}")
    assert _run(["show", str(path), "--html", str(tmp_path / "talk.html")]) == 0
    assert _run(["show", str(path), "--raw"]) == 0
    search(*files(tmp_path), *(part.encode() for part in capsys.readouterr()))
    deltas_add_up(Cassette.load(path))


def _shown(data: Any) -> Any:
    return {name: dict(value) if name == "body" and value else value for name, value in data.items()}


def deltas_add_up(cassette: Cassette) -> None:
    """What the deltas of an answer add up to is what its last events say."""
    seen = 0
    for exchange in cassette.exchanges:
        events = [json.loads(timed.event.data) for timed in exchange.events]
        for kind in ("response.output_text", "response.function_call_arguments"):
            text = "".join(event["delta"] for event in events if event["type"] == f"{kind}.delta")
            for event in events:
                if event["type"] == f"{kind}.done":
                    assert event.get("text", event.get("arguments")) == text
                    seen += 1
    assert seen == 6


def test_what_a_careless_recorder_wrote_is_found_and_mended(tmp_path: Path) -> None:
    path = tmp_path / "careless.jsonl"
    builder = CassetteBuilder(redactor=Redactor.off())
    for _, text, _ in ROWS:
        writer = builder.line_writer()
        writer.request("POST", "/v1/responses", {}, json.dumps({"model": "m", "input": text}).encode())
        writer.response(200, {"content-type": "text/event-stream"})
        for at in range(0, len(text), 5):
            delta = {"type": "response.output_text.delta", "output_index": 0, "delta": text[at : at + 5]}
            writer.read(f"data: {json.dumps(delta)}\n\n".encode())
        writer.read(b'data: {"type":"response.output_text.done","output_index":0}\n\n')
        writer.end()
    path.write_bytes(builder.bytes())
    found = {problem.line for problem in lint(path) if problem.kind == "secret"}
    assert len(found) >= 2 * len(ROWS)
    assert scrub(path) > 0
    search(path.read_bytes())
    assert scrub(path) == 0
    assert not [problem for problem in lint(path) if problem.kind == "secret"]


@pytest.mark.parametrize("ending", ["yaml", "har"])
def test_what_others_recorded_is_converted_without_secrets(ending: str, tmp_path: Path) -> None:
    builder = CassetteBuilder(redactor=Redactor.off(), upstream="https://api.openai.com")
    for _, text, _ in ROWS:
        writer = builder.line_writer()
        writer.request("POST", "/v1/responses", {}, json.dumps({"model": "m", "input": text}).encode())
        writer.response(200, {"content-type": "application/json"})
        writer.body(json.dumps({"output": text, "nested": json.dumps({"again": text})}).encode())
        writer.end()
    careless = Cassette.parse(builder.bytes())
    import ninelives.cassette.har as har
    import ninelives.cassette.vcr as vcr

    theirs = tmp_path / f"theirs.{ending}"
    theirs.write_bytes(vcr.dump(careless) if ending == "yaml" else har.dump(careless))
    assert [problem for problem in lint(theirs) if problem.kind == "secret"]
    convert(theirs, tmp_path / "clean.jsonl")
    search((tmp_path / "clean.jsonl").read_bytes())
