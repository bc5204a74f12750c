"""The clocks of the time module, patched and put back."""

import asyncio
import threading
import time

import aiohttp
import pytest
from mock_openai import MockServer
from ninelives.virtual import WALL_EPOCH, patched_clocks
from ninelives.virtual import run as run_virtually

from tests.effort import HANG

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
            assert leave.wait(HANG)
        seen["outside"] = time.monotonic()

    entered, leave = threading.Event(), threading.Event()
    real = time.monotonic()
    thread = threading.Thread(target=other)
    thread.start()
    assert entered.wait(HANG)
    with patched_clocks(Stopped(1)):
        with patched_clocks(Stopped(2)):
            assert time.monotonic() == 2
        assert time.monotonic() == 1
        leave.set()
        thread.join(HANG)
        assert time.monotonic() == 1
    assert seen["inside"] == 7
    assert seen["outside"] >= real
    assert time.monotonic() >= real


def test_an_aiohttp_client_knows_that_its_connection_has_grown_old() -> None:
    """It reads a clock of its own, and reused a connection that the server had closed an hour ago."""

    async def main() -> list[int]:
        answers = []
        async with MockServer() as server, aiohttp.ClientSession() as session:
            for pause in (0, 3600):
                await asyncio.sleep(pause)
                asked = {"model": "gpt-4.1", "input": "Are you well?"}
                async with session.post(f"{server.base_url}/responses", json=asked) as answer:
                    answers.append(answer.status)
        return answers

    before = aiohttp.connector.monotonic
    assert run_virtually(main()) == [200, 200]
    assert aiohttp.connector.monotonic is before
