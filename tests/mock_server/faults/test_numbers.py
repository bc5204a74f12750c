"""Sequence numbers when several faults hit one event: as from one server behind one repeating proxy."""

from __future__ import annotations

import itertools
import json

import aiohttp
import pytest
from mock_openai import MockServer, Text, faults, reply

DELTA = "response.output_text.delta"
WHOLE = 4 + 6 + 4
KINDS = ["duplicate", "keepalive", "drop", "reorder", "unknown_event"]
PAIRS = [*itertools.product(KINDS, repeat=2), *(("keepalive", "duplicate", kind) for kind in KINDS)]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_event_has_one_number_and_a_number_has_one_event(when: str) -> None:
    """Whatever strikes there: a copy keeps the number, and a keepalive takes one that nobody else has."""
    for kinds in PAIRS:
        plan = [getattr(faults.at(event=DELTA, nth=3, when=when), kind)() for kind in kinds]
        async with (
            MockServer([reply(Text("one two three four five six", deltas=6))], faults=plan) as server,
            aiohttp.ClientSession() as session,
            session.post(
                f"{server.base_url}/responses", json={"model": "gpt-4o", "input": "hi", "stream": True}
            ) as answer,
        ):
            lines = (await answer.text()).splitlines()
        events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
        numbered = [event for event in events if "sequence_number" in event]
        distinct = {json.dumps(event, sort_keys=True) for event in numbered}
        numbers = sorted(json.loads(event)["sequence_number"] for event in distinct)
        expected = list(range(WHOLE + kinds.count("keepalive")))
        if "drop" in kinds and when == "before" and "duplicate" not in kinds and "reorder" not in kinds:
            third = next(event["sequence_number"] for event in numbered if event.get("delta") == " two") + 1
            expected.remove(third + kinds.count("keepalive"))  # the number of what was lost
        assert numbers == expected, (kinds, when, events)
