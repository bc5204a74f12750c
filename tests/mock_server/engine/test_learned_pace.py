"""Paces that were learned from recordings: what is drawn, what a file holds, what is wrong with one."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mock_openai import MockServer
from mock_openai.protocol.events import Event
from mock_openai.turn.learned_pace import Learned, drawn, load_pace, read_pace, realistic, to_json
from mock_openai.turn.pacing import parse_pace

DELTA = Event("response.output_text.delta", b"")
ITEM = Event("response.output_item.added", b"")
THOUGHT = Event("response.reasoning_summary_text.delta", b"")
TURN = [
    Event("response.created", b""), Event("response.in_progress", b""), ITEM, THOUGHT, ITEM, *[DELTA] * 30,
    Event("response.completed", b""),
]  # fmt: skip
STEADY = Learned(
    first_event=(0.5,), first_output=(2.0,), between_items=(3.0,), burst=(3,), within_burst=(0.01,),
    between_bursts=(0.1,),
)  # fmt: skip


def times(pace: Learned, seed: int = 0) -> list[float]:
    return [timed.at for timed in pace.schedule(TURN, random.Random(seed))]


def test_every_quantity_of_a_pace_is_felt_where_it_belongs() -> None:
    at = [round(each, 6) for each in times(STEADY)]
    assert at[:5] == [0.5, 0.5, 2.5, 2.6, 5.6]
    gaps = [round(later - earlier, 6) for earlier, later in pairwise(at[4:-1])]
    assert gaps == [0.1, 0.01, 0.01] * 10
    assert at[-1] == at[-2], "what carries no delta goes out with the one before"


def test_a_share_of_the_pauses_are_stalls() -> None:
    stalling = Learned(**{**fields(STEADY), "stalls": (7.0, 7.0), "stall_share": 1.0})
    assert times(stalling)[-1] > 7.0 * 10
    never = Learned(**{**fields(STEADY), "stalls": (7.0, 7.0)})
    assert times(never) == times(STEADY)


def fields(pace: Learned) -> dict[str, Any]:
    return {name: getattr(pace, name) for name in Learned.__dataclass_fields__}


@given(st.integers())
def test_the_same_seed_gives_the_same_rising_times(seed: int) -> None:
    at = times(realistic(), seed)
    assert at == times(realistic(), seed)
    assert at == sorted(at)


@given(st.lists(st.floats(0, 1e6), min_size=1).map(sorted), st.integers())
def test_what_is_drawn_lies_between_the_smallest_and_the_largest(values: list[float], seed: int) -> None:
    assert values[0] <= drawn(tuple(values), random.Random(seed)) <= values[-1]


rising = st.lists(st.floats(0, 1e6), min_size=1).map(lambda values: tuple(sorted(values)))
paces = st.builds(
    Learned, first_event=rising, first_output=rising, between_items=rising, within_burst=rising,
    between_bursts=rising, stalls=rising, stall_share=st.floats(0, 1),
    burst=st.lists(st.floats(1, 100), min_size=1).map(lambda values: tuple(sorted(values))),
    sources=st.lists(st.text()).map(tuple),
)  # fmt: skip


@given(paces)
def test_a_pace_is_read_as_it_was_written(pace: Learned) -> None:
    assert read_pace(to_json(pace).encode()) == pace


def test_realistic_says_which_recordings_it_is_from() -> None:
    assert "openai-processing-ms of streams of" in realistic().sources[0]
    assert "pydantic/pydantic-ai (MIT) 17" in realistic().sources[0]


GOOD = json.loads(to_json(STEADY))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (b"", "Input data was truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b"\xff", "invalid"),
        ({"mock_openai_pace": 2}, "version 2 is not supported, expected 1"),
        ({"burst": []}, "`burst` is empty"),
        ({"burst": [0]}, "a burst has at least one delta"),
        ({"first_event": [2, 1]}, "`first_event` must be numbers from 0, each no smaller"),
        ({"first_event": [-1]}, "`first_event` must be numbers from 0"),
        ({"first_event": ["soon"]}, "Expected `float`, got `str`"),
        ({"stall_share": 2}, "`stall_share` is 2, expected a share from 0 to 1"),
        ({"pauses": [1]}, "unknown field `pauses`"),
    ],
)
def test_a_broken_pace_file_is_one_clear_line(wrong: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "pace.json"
    path.write_bytes(wrong if isinstance(wrong, bytes) else json.dumps({**GOOD, **wrong}).encode())
    with pytest.raises(ValueError, match="is not a pace file") as told:
        load_pace(path)
    assert said in str(told.value)
    assert "make one with `ninelives pace CASSETTES -o pace.json`" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone\.json cannot be read \(No such file"):
        parse_pace("gone.json", tmp_path)
    with pytest.raises(ValueError, match="cannot be read"):
        MockServer(pace=str(tmp_path / "gone.json"))
