"""The clocks of the time module, patched and put back."""

import threading
import time

import pytest
from ninelives.virtual import WALL_EPOCH, patched_clocks

NAMES = ["time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"]


class Stopped:
    def __init__(self, now):
        self.now = now

    def time(self):
        return self.now


def test_all_six_clocks_follow_and_return():
    before = [getattr(time, name) for name in NAMES]
    with patched_clocks(Stopped(2.5)):
        assert time.time() == WALL_EPOCH + 2.5
        assert time.time_ns() == WALL_EPOCH * 10**9 + 2_500_000_000
        assert time.monotonic() == time.perf_counter() == 2.5
        assert time.monotonic_ns() == pytest.approx(2_500_000_000, abs=1)
        assert time.perf_counter_ns() == time.monotonic_ns()
    assert [getattr(time, name) for name in NAMES] == before


def test_a_clock_at_zero_does_not_look_unset():
    with patched_clocks(Stopped(0.0)):
        assert time.monotonic_ns() > 0


def test_clocks_nest_and_each_thread_has_its_own():
    seen = {}

    def other():
        with patched_clocks(Stopped(7)):
            seen["inside"] = time.monotonic()
            entered.set()
            assert leave.wait(5)
        seen["outside"] = time.monotonic()

    entered, leave = threading.Event(), threading.Event()
    real = time.monotonic()
    thread = threading.Thread(target=other)
    thread.start()
    assert entered.wait(5)
    with patched_clocks(Stopped(1)):
        with patched_clocks(Stopped(2)):
            assert time.monotonic() == 2
        assert time.monotonic() == 1
        leave.set()
        thread.join(5)
        assert time.monotonic() == 1
    assert seen["inside"] == 7
    assert seen["outside"] >= real
    assert time.monotonic() >= real
