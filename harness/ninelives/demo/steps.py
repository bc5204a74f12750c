"""The steps of the demo: a recorded conversation, its replay, and the disasters. Each returns plain values.

All of it is in virtual time, with real sockets on loopback between bot, recorder and mock server.
"""

from __future__ import annotations

import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mock_openai import MockServer

from ninelives.bot import Bot, Turn
from ninelives.frames import to_lines
from ninelives.lab.dialogue import TOOLS
from ninelives.lab.run import Outcome, run_scenario
from ninelives.lab.scenario import Say
from ninelives.lab.scenarios import scenarios
from ninelives.lab.services import websocket
from ninelives.player import Player
from ninelives.recorder import Recorder
from ninelives.report.timeline import Timeline, from_journal, from_turns, merged
from ninelives.virtual import run

CALM = "calm_conversation_with_a_tool"
"""The scenario whose conversation the demo records."""

DISASTERS = (
    ("reset_in_mid_sentence", "the socket is reset in mid-sentence"),
    ("interruption_after_a_tool_call", "the caller cuts in"),
    ("limit_between_turns", "an hour passes, and the connection reaches its 60-minute limit"),
    ("limit_reached_out_of_the_blue", "the server announces the limit unexpectedly"),
)
"""Scenarios of the laboratory that break the same conversation, with a title each."""


@dataclass(frozen=True, slots=True)
class Performance:
    """One run of the conversation."""

    turns: Sequence[Turn]
    frames: Sequence[str]
    """One line a frame."""
    timeline: Timeline
    requests: int
    virtual: float
    """Seconds it took on the loop's clock."""
    real: float
    """Seconds it took in real time."""


def record(cassette: Path) -> Performance:
    """Run the bot against the mock server through the recorder."""
    return _timed(_record(cassette))


def replay(cassette: Path) -> Performance:
    """Run the same bot with only the cassette to answer it."""
    return _timed(_replay(cassette))


def break_it(name: str) -> tuple[Outcome, float]:
    """Play one disaster; return its result and the real seconds it took."""
    began = time.perf_counter()
    outcome = run_scenario(scenarios()[name], websocket)
    return outcome, time.perf_counter() - began


def _timed(playing: Coroutine[Any, Any, Performance]) -> Performance:
    began = time.perf_counter()
    performance = run(playing)
    return replace(performance, real=time.perf_counter() - began)


async def _record(cassette: Path) -> Performance:
    scenario = scenarios()[CALM]
    async with MockServer(script=list(scenario.script), pace=scenario.pace) as server:
        async with Recorder(server.base_url, cassette=cassette) as proxy:
            turns, frames = await _converse(proxy.base_url, proxy.ws_url)
        return _performance(turns, frames, server)


async def _replay(cassette: Path) -> Performance:
    async with MockServer(responders=[Player(cassette)], pace="recorded") as server:
        turns, frames = await _converse(server.base_url, server.ws_url)
        return _performance(turns, frames, server)


async def _converse(base_url: str, ws_url: str) -> tuple[Sequence[Turn], Sequence[str]]:
    async with Bot(websocket(base_url, ws_url), tools=dict(TOOLS)) as bot:
        for step in scenarios()[CALM].steps:
            if isinstance(step, Say):
                await bot.say(step.text)
            else:
                await bot.wait(step.seconds)
        return list(bot.turns), to_lines(bot, times=True)


def _performance(turns: Sequence[Turn], frames: Sequence[str], server: MockServer) -> Performance:
    timeline = merged(from_turns(turns), from_journal(server.journal.entries))
    return Performance(turns, frames, timeline, len(server.journal.requests), timeline.until, 0.0)
