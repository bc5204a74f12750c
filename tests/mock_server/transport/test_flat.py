"""What a turn costs, counted in calls: the same however long its conversation is."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from types import FrameType
from typing import Any

import pytest
from mock_openai import MockServer

from .bytewise import SCRIPT, Wire, wire


@contextmanager
def counted(calls: list[str], of: str = "") -> Iterator[None]:
    """Note every call, of Python and of C; or only those of Python in files whose path has `of` in it."""

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and of in frame.f_code.co_filename:
            calls.append(frame.f_code.co_qualname)
        elif event == "c_call" and not of:
            calls.append(repr(argument.__name__))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)


async def cost(client: Wire, text: str, **fields: Any) -> tuple[int, list[dict[str, Any]]]:
    """Ask, and count the calls of the server and the client until the answer is there."""
    for _ in range(3):
        await asyncio.sleep(0)
    calls: list[str] = []
    with counted(calls):
        events = await client.turn(text, **fields)
    return len(calls), events


@pytest.mark.parametrize("store", [True, False])
async def test_turn_1000_of_a_chain_costs_what_turn_10_does(store: bool) -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        costs: dict[int, list[int]] = {10: [], 100: [], 1000: []}
        more: dict[str, Any] = {}
        for number in range(1, 1003):
            # Of three turns the cheapest: a timer of the server's own may fall into any of them.
            about = next((first for first in costs if first <= number < first + 3), None)
            if about is not None:
                calls, events = await cost(client, f"hi {number:04}", store=store, **more)
                costs[about].append(calls)
            else:
                events = await client.turn(f"hi {number:04}", store=store, **more)
            more = {"previous_response_id": events[-1]["response"]["id"]}
    assert min(costs[1000]) <= 1.02 * min(costs[10]), costs
    assert min(costs[100]) <= 1.02 * min(costs[10]), costs


async def test_a_turn_takes_no_more_calls_than_it_did() -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:

        async def of_ours(texts: list[str], *, chained: bool = False) -> int:
            more: dict[str, Any] = {}
            for text in texts[:-1]:
                events = await client.turn(text, **more)
                more = {"previous_response_id": events[-1]["response"]["id"]} if chained else {}
            await asyncio.sleep(0)
            calls: list[str] = []
            with counted(calls, of="mock_openai"):
                await client.turn(texts[-1], **more)
            return len(calls)

        assert await of_ours(["hi"] * 6) <= 61, "the same bytes again"
        assert await of_ours([f"hi {n}" for n in range(6)]) <= 103, "a new text under known settings"
        assert await of_ours([f"hi {n}" for n in range(8)], chained=True) <= 114, "that continues a chain"


@pytest.mark.parametrize(("sessions", "at_most"), [(1, 13), (20, 9)])
async def test_a_paced_event_takes_no_more_calls_than_it_did(sessions: int, at_most: int) -> None:
    """The timer writes it: no task is woken, and sessions that are due together share the timer."""
    script = [{"reply": [{"text": "One two three four five six. " * 30}]}]
    async with MockServer(script, pace="fixed:0.02") as server, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(wire(server, upgrade=True)) for _ in range(sessions)]
        for _ in range(2):
            await clients[0].turn()
        calls: list[str] = []
        with counted(calls, of="mock_openai"):
            told = await asyncio.gather(*(client.turn() for client in clients))
        assert len(calls) <= at_most * sum(map(len, told))
