"""The time axis: order is kept, silence is folded, and what differs in time differs in place."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ninelives.report.axis import axis, clock, duration

MOMENTS = st.lists(st.floats(0, 10_000, allow_nan=False), min_size=1, max_size=40)


@settings(max_examples=100)
@given(MOMENTS)
def test_places_are_within_the_width_and_in_the_order_of_time(moments: list[float]) -> None:
    scale = axis(moments)
    places = [scale.place(moment) for moment in sorted(moments)]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)


def test_an_hour_of_silence_takes_no_more_room_than_a_breath() -> None:
    scale = axis([0.0, 1.0, 3601.0, 3602.0])
    (fold,) = scale.folds
    assert fold.seconds == 3600.0
    assert fold.ends - fold.begins < 0.5
    assert scale.place(1801.0) == pytest.approx((fold.begins + fold.ends) / 2)


def test_moments_at_the_edges_and_none_at_all() -> None:
    assert axis([]).ticks() == []
    assert axis([5.0]).place(5.0) == 0.0
    assert axis([1.0, 2.0]).place(99.0) == 1.0
    assert axis([1.0, 2.0]).place(0.0) == 0.0


def test_ticks_are_labelled_and_do_not_crowd() -> None:
    ticks = axis([n / 10 for n in range(100)]).ticks()
    places = [place for place, _ in ticks]
    assert 4 <= len(ticks) <= 9
    assert all(right - left > 0.05 for left, right in pairwise(places))


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.35, "0.350 s"), (65.2, "1:05.2"), (3601, "1:00:01"), (7384.9, "2:03:04")]
)
def test_moments_read_like_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.08, "80 ms"), (4.2, "4.2 s"), (720, "12 min"), (3600, "1 h"), (3700, "1 h 2 min")],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
