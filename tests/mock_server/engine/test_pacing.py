"""When events leave: paces as values, without a clock."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mock_openai.protocol.events import Event, Timed
from mock_openai.turn.learned_pace import realistic
from mock_openai.turn.pacing import Fixed, Instant, Kept, parse_pace, postpone

HEAD = [Event("response.created", b""), Event("response.in_progress", b"")]
DELTAS = [Event("response.output_text.delta", b"")] * 100
TURN = [*HEAD, Event("response.output_item.added", b""), *DELTAS, Event("response.completed", b"")]


def times(pace, seed=0):
    return [timed.at for timed in pace.schedule(TURN, random.Random(seed))]


def test_instant_and_fixed_do_what_they_say():
    assert set(times(Instant())) == {0.0}
    assert times(Fixed(0.5))[:3] == [0.0, 0.5, 1.0]


def test_the_realistic_pace_is_that_of_recorded_traffic():
    at = times(realistic())
    assert at[0] == at[1], "created and in_progress come together"
    assert 0.3 < at[2] < 4.5
    tokens_per_second = len(DELTAS) / (at[-1] - at[2])
    assert 35 < tokens_per_second < 90
    gaps = [later - earlier for earlier, later in pairwise(at[3:])]
    assert sorted(gaps)[len(gaps) // 2] < 0.01, "most tokens come in bursts"


@given(st.integers())
def test_the_same_seed_gives_the_same_rising_times(seed):
    at = times(realistic(), seed)
    assert at == times(realistic(), seed)
    assert at == sorted(at)


def test_thinking_postpones_everything_but_the_opening():
    stamped = postpone((Timed(0.0, event) for event in TURN), 3.0)
    assert [timed.at for timed in stamped][:4] == [0.0, 0.0, 3.0, 3.0]


def test_recorded_times_are_kept_or_scaled():
    recorded = [Timed(1.0, HEAD[0]), Timed(2.0, HEAD[1])]
    assert [timed.at for timed in Kept(0.1).replay(recorded)] == [0.1, 0.2]


@pytest.mark.parametrize(
    ("text", "pace"),
    [
        ("instant", Instant()),
        ("fixed:0.02", Fixed(0.02)),
        ("realistic", realistic()),
        ("recorded", Kept()),
        ("recorded:0.1", Kept(0.1)),
    ],
)
def test_paces_are_written_as_words(text, pace):
    assert parse_pace(text) == pace


@pytest.mark.parametrize("text", ["", "fast", "fixed", "fixed:x", "fixed:-1", "recorded:nan", "instant:2"])
def test_what_is_no_pace_is_told_so(text):
    with pytest.raises(ValueError, match="is not a pace"):
        parse_pace(text)
