"""Canaries: a marked secret that goes through the recorder, whole or spelled, is in no file, log or error
text, not even for a moment; and the client hears it unchanged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
from mock_openai import MockServer, Script, reply
from mock_openai.responders import Call, Text
from ninelives.cassette import Cassette, CassetteError, Redactor
from ninelives.cassette.lint import lint
from ninelives.cli import _run
from ninelives.player import Player
from ninelives.recorder import Recorder
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

KEY = "sk-proj-CANARY0123456789abcdefghijklmnop"
MARKED = "ACME-CANARY-7"
SENTENCE = f"Your key is {KEY}, and the project is called {MARKED}. Keep them."
ARGUMENTS = json.dumps({"token": KEY, "project": MARKED, "city": "Paris"})
TOOLS = [{"type": "function", "name": "save", "parameters": {"type": "object", "properties": {}}}]


def script() -> Script:
    letters = tuple(SENTENCE)
    return Script(
        [reply(Text(SENTENCE, deltas=letters), user="Tell"), reply(Call("save", ARGUMENTS), user="Save")]
    )


def redactor() -> Redactor:
    return Redactor(rules=[(r"ACME-[A-Z]+-\d", "the project")])


@pytest.fixture
def nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Any]:
    """Looks everywhere; gives a function that looks now."""
    caplog.set_level(logging.DEBUG)

    def look(*texts: str) -> None:
        files = [
            path.read_bytes().decode("utf-8", "replace") for path in tmp_path.rglob("*") if path.is_file()
        ]
        spelled = ["".join(_deltas(text)) for text in files]
        for text in (*files, *spelled, *texts):
            assert "CANARY" not in text
            assert "ANARY0123" not in text

    yield look
    look(caplog.text)


def _deltas(text: str) -> Iterator[str]:
    for line in text.splitlines():
        try:
            data = json.loads(line).get("data", {})
        except ValueError:
            continue
        if isinstance(data, dict) and isinstance(data.get("delta"), str):
            yield data["delta"]


async def test_over_sse(tmp_path: Path, nowhere: Any) -> None:
    path = tmp_path / "talk.jsonl"
    async with (
        MockServer(script=script(), pace="fixed:0.0005") as upstream,
        Recorder(upstream.base_url, path, redactor=redactor()) as proxy,
        openai.AsyncOpenAI(base_url=proxy.base_url, api_key=KEY, max_retries=0) as client,
    ):
        for said in ("Tell me", "Save it"):
            heard = ""
            stream = await client.responses.create(model="gpt-5.4", input=said, tools=TOOLS, stream=True)  # type: ignore[call-overload]
            async for event in stream:
                nowhere()
                heard += event.delta if event.type.endswith(".delta") else ""
            assert heard == (SENTENCE if said == "Tell me" else ARGUMENTS)
    _agrees(Cassette.load(path), "response.output_text", "response.function_call_arguments")
    await _stays_silent(path, nowhere)


async def test_over_a_websocket_cut_in_the_middle_of_it(tmp_path: Path, nowhere: Any) -> None:
    from mock_openai import faults

    path = tmp_path / "talk.jsonl"
    cut = faults.at(turn=3, event="response.output_text.delta", nth=30).reset()
    async with (
        MockServer(script=script(), faults=[cut]) as upstream,
        Recorder(upstream.base_url, path, redactor=redactor()) as proxy,
        connect(proxy.ws_url, proxy=None, additional_headers={"Authorization": f"Bearer {KEY}"}) as ws,
    ):
        for said in ("Tell me", "Save it", "Tell me again"):
            await ws.send(
                json.dumps({"type": "response.create", "model": "gpt-5.4", "input": said, "tools": TOOLS})
            )
            heard = ""
            with suppress(ConnectionClosed):
                while True:
                    event = json.loads(await ws.recv())
                    nowhere()
                    heard += event["delta"] if event["type"].endswith(".delta") else ""
                    if event["type"] == "response.completed":
                        break
            if said == "Tell me again":
                assert heard == SENTENCE[:29]
    _agrees(Cassette.load(path), "response.output_text", "response.function_call_arguments")
    await _stays_silent(path, nowhere)


def _agrees(cassette: Cassette, *kinds: str) -> None:
    """What the deltas of a whole answer add up to is what its last events say; only secrets are missing."""
    seen = set()
    for exchange in cassette.exchanges:
        events = [json.loads(timed.event.data) for timed in exchange.events]
        for kind in kinds:
            text = "".join(event["delta"] for event in events if event["type"] == f"{kind}.delta")
            for event in events:
                if event["type"] == f"{kind}.done":
                    assert event.get("text", event.get("arguments")) == text
                    seen.add(text)
    assert len(seen) == 2
    assert any(text.endswith("the project. Keep them.") for text in seen)
    assert any('"city": "Paris"' in text for text in seen)


async def _stays_silent(path: Path, nowhere: Any) -> None:
    """No error text tells what is not in the file, nor what a request brings."""
    player = Player(path)
    async with MockServer(responders=[player]) as server, aiohttp.ClientSession() as session:
        body = {"model": "gpt-5.4", "input": f"Another with {KEY}", "stream": True}
        async with session.post(
            f"{server.base_url}/responses", json=body, headers={"Authorization": f"Bearer {KEY}"}
        ) as answer:
            nowhere(await answer.text(), *player.missed)
    assert not [problem for problem in lint(path) if problem.kind in ("secret", "header")]
    (path.parent / "broken.jsonl").write_text(
        '{"ninelives":1}\n{"t": ' + KEY.replace("CANARY", "C-A-N"), "utf-8"
    )
    with pytest.raises(CassetteError) as broken:
        Cassette.load(path.parent / "broken.jsonl")
    assert "C-A-N" not in str(broken.value)


def test_in_what_the_commands_print(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ninelives.cassette.builder import CassetteBuilder

    builder = CassetteBuilder(redactor=Redactor.off())
    writer = builder.line_writer()
    writer.request("POST", "/v1/responses", {}, json.dumps({"input": KEY}).encode())
    writer.response(200, {"content-type": "text/event-stream"})
    for letter in KEY:
        delta = {"type": "response.output_text.delta", "output_index": 0, "delta": letter}
        writer.read(f"data: {json.dumps(delta)}\n\n".encode())
    writer.end()
    path = tmp_path / "leaky.jsonl"
    path.write_bytes(builder.bytes())
    assert _run(["lint", str(path)]) == 1
    assert _run(["lint", str(path), "--json"]) == 1
    assert _run(["scrub", str(path)]) == 0
    assert _run(["show", str(path)]) == 0
    told = "".join(capsys.readouterr())
    assert "CANARY" not in told
    assert "a secret (key)" in told
    assert "CANARY" not in "".join(_deltas(path.read_text("utf-8")))
