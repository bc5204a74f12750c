"""What the server keeps of a turn: its own values, and not the events that a template makes of them."""

from __future__ import annotations

import gc
import tracemalloc

import aiohttp
import pytest
from mock_openai import MockServer, Text, reply

TURNS = 200
AT_MOST = 3_000
"""Bytes a turn, for the journal, the stored response and what continues from it. 200 deltas have 60,000."""


@pytest.mark.parametrize("streamed", [True, False], ids=["sse", "json"])
async def test_a_turn_keeps_little_however_long_its_answer_is(streamed: bool) -> None:
    body = {"model": "gpt-4o", "input": "Tell me.", "stream": streamed}
    async with (
        MockServer(script=[reply(Text("word " * 200, deltas=200))]) as server,
        aiohttp.ClientSession() as client,
    ):

        async def ask(times: int) -> None:
            for _ in range(times):
                async with client.post(server.base_url + "/responses", json=body) as answer:
                    assert len(await answer.read()) > 1_000

        await ask(20)
        gc.collect()
        tracemalloc.start()
        try:
            await ask(TURNS)
            gc.collect()
            kept = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert len(server.journal.responses) == TURNS + 20
    assert 0 < kept < TURNS * AT_MOST
