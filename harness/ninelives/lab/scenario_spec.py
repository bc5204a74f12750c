"""A scenario as pure data, so that it can be drawn at random, shrunk, written to a file and sent to a worker.

Each step has a user's question and the model's answer. The script, the tools and the expected answers are
derived from them. `scenario_file` writes and reads it as YAML.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from ninelives.lab.episode import TURN_BOUND
from ninelives.lab.scenario import BOTH, Say, Scenario, Step, Transport, Wait

if TYPE_CHECKING:
    from mock_openai.faults import Planned

OnCancel = Literal["honour", "ignore", "reject"]
Continuation = Literal["rest", "repeat", "rephrase", "refuse"]

Output = tuple[Mapping[str, Any], ...]
"""The output of one response: reply items as a script writes them."""

TOOL = "look_up"
"""The only tool of such a scenario. It takes a `topic` and returns it."""

BOUND_FACTOR_OF_THINKERS = 6.0
"""Factor by which a turn may take longer if the model thinks, because a service cannot tell thinking from a
stall.
"""


@dataclass(frozen=True, slots=True)
class CutIn:
    """When the user interrupts: after a number of words, or of seconds after the question."""

    words: int | None = None
    seconds: float | None = None


def spoken_in(output: Iterable[Mapping[str, Any]]) -> str:
    """Return what the items of a response say."""
    return "".join(item.get("text") or item.get("refusal") or "" for item in output)


@dataclass(frozen=True, slots=True)
class Ask:
    """The user asks, and the model answers in one response, or in several with tools between."""

    user: str
    answer: tuple[Output, ...]
    """One output per response; every output but the last calls a tool."""
    faults: tuple[Planned, ...] = ()
    cut_in: CutIn | None = None
    answerable: bool = True
    """False if no answer can be expected (the quota is used up, the key is bad)."""
    takes: tuple[float, ...] = ()
    """Seconds that the model thinks before each response; 0 if missing."""
    continuation: Continuation | None = None
    """How the model reacts when asked to continue this answer. None: as the scenario says."""

    @property
    def text(self) -> str:
        """The expected text of the turn."""
        return "".join(map(spoken_in, self.answer))


@dataclass(frozen=True, slots=True)
class Pause:
    """Nobody says anything."""

    seconds: float
    faults: tuple[Planned, ...] = ()


@dataclass(frozen=True, slots=True)
class ScenarioSpec:
    """A conversation with its faults."""

    steps: tuple[Ask | Pause, ...]
    name: str = "scenario"
    sentence: str = "A scenario."
    pace: float = 0.05
    """Seconds between two events of a response."""
    tool_seconds: float = 0.0
    """How long the tool takes."""
    on_cancel: OnCancel = "honour"
    """How the server reacts to a `response.cancel`."""
    continuation: Continuation = "rest"
    """How the model reacts when asked to continue an answer that broke off."""
    transports: tuple[Transport, ...] = BOTH
    seed: int = 0
    """The seed of the server's ids and of the jitter between attempts."""
    broke: tuple[str, ...] = ()
    """The promises that it broke, for the reader."""

    @property
    def asks(self) -> list[Ask]:
        """The user's questions, in order."""
        return [step for step in self.steps if isinstance(step, Ask)]

    @property
    def size(self) -> tuple[int, int, int]:
        """Return the size for a reader: steps, faults and interruptions, characters."""
        trouble = sum(len(step.faults) for step in self.steps) + sum(
            ask.cut_in is not None for ask in self.asks
        )
        return len(self.steps), trouble, sum(len(ask.text) for ask in self.asks)

    def scenario(self) -> Scenario:
        """Return the scenario that the laboratory plays."""
        thinks = any("reasoning" in item for ask in self.asks for output in ask.answer for item in output)
        return Scenario(
            name=self.name,
            sentence=self.sentence,
            steps=tuple(_step(step) for step in self.steps),
            script=tuple(self._rules()),
            tools=_tools(self.tool_seconds),
            transports=self.transports,
            server={"on_cancel": self.on_cancel},
            pace=f"fixed:{self.pace:g}",
            thinks=thinks,
            bound=TURN_BOUND * (BOUND_FACTOR_OF_THINKERS if thinks else 1.0),
            seed=self.seed,
        )

    def _rules(self) -> Iterator[Mapping[str, Any]]:
        asked: set[str] = set()
        for ask in self.asks:
            if ask.user in asked:
                continue  # the same question gets the same answer again
            asked.add(ask.user)
            user = f"^{re.escape(ask.user)}$"
            for number, output in enumerate(ask.answer):
                when: dict[str, Any] = {"user": user}
                if number:
                    topics = [re.escape(topic) for topic in _topics(ask.answer[number - 1])]
                    when |= {"tool_output": True, "output": "|".join(topics)}
                rule: dict[str, Any] = {"when": when, "reply": [dict(item) for item in output]}
                if number < len(ask.takes) and ask.takes[number]:
                    rule["delay"] = ask.takes[number]
                if (how := ask.continuation or self.continuation) != "rest":
                    rule["continuation"] = how
                yield rule


def _step(step: Ask | Pause) -> Step:
    if isinstance(step, Pause):
        return Wait(step.seconds, step.faults)
    answer = step.text if step.answerable else None
    if step.cut_in is None:
        return Say(step.user, answer, faults=step.faults)
    if step.cut_in.seconds is None:
        return Say(step.user, answer, faults=step.faults, cut_in=step.cut_in.words)
    return Say(step.user, answer, faults=step.faults, cut_in=0, after=step.cut_in.seconds)


def _topics(output: Output) -> list[str]:
    return [
        json.dumps(str(item.get("arguments", {}).get("topic", "")))
        for item in output
        if item.get("call") == TOOL
    ]


@cache
def _tools(seconds: float) -> Mapping[str, Callable[..., Any]]:
    async def look_up(topic: str) -> dict[str, str]:
        """Look something up.

        Args:
            topic: What to look up.
        """
        if seconds:
            await asyncio.sleep(seconds)
        return {"topic": topic}

    return {TOOL: look_up}
