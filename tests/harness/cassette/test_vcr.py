"""vcrpy users keep vcrpy: the official client is recorded into our format, and replays from it without a
server.
"""

from __future__ import annotations

import json
from pathlib import Path

import openai
import pytest
from mock_openai.server import MockServer
from ninelives.cassette import Cassette, Redactor
from ninelives.cassette.vcr import vcr

KEY = "sk-CANARY0123456789abcd"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "talk.jsonl"


async def ask(base_url: str, text: str = "hello") -> tuple[str, list[str]]:
    async with openai.AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0) as client:
        plain = await client.responses.create(model="gpt-4o", input=text)
        async with await client.responses.create(model="gpt-4o", input=text, stream=True) as stream:
            return plain.id, [event.type async for event in stream]


async def test_what_vcr_records_is_a_cassette_and_replays_without_a_server(path: Path) -> None:
    async with MockServer() as server:
        with vcr().use_cassette(str(path.with_suffix(""))):
            recorded = await ask(server.base_url)
        base_url = server.base_url
    assert b"CANARY" not in Cassette.load(path).data
    plain, streamed = Cassette.load(path).exchanges
    assert json.loads(plain.answer or b"")["id"] == recorded[0]
    assert [timed.event.type for timed in streamed.events] == recorded[1]
    with vcr(record_mode="none").use_cassette(str(path)) as tape:
        assert await ask(base_url) == recorded
    assert tape.play_count == 2


async def test_options_matchers_and_hooks_stay_those_of_vcrpy(path: Path) -> None:
    seen: list[str] = []
    configured = vcr(
        redactor=Redactor(rules=[("hello", "redac")]),
        before_record_request=lambda request: seen.append(request.path) or request,
        match_on=("method", "path"),
    )
    async with MockServer() as server:
        with configured.use_cassette(str(path)):
            await ask(server.base_url)
        base_url = server.base_url
    assert "/v1/responses" in seen
    assert b"hello" not in Cassette.load(path).data
    with configured.use_cassette(str(path)):
        assert (await ask(base_url, "other words"))[1]
