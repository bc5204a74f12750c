"""When each event of an answer leaves, in seconds since the turn began.

A Pace turns events into timed events and knows no clock; whoever delivers them waits. Recorded answers bring
their own times, which the pace "recorded" keeps or scales and every other pace replaces.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from mock_openai.protocol.event_types import OPENING
from mock_openai.protocol.events import Event, Timed
from mock_openai.turn.learned_pace import load_pace, realistic


@runtime_checkable
class Pace(Protocol):
    """Decides when each event leaves."""

    def schedule(self, events: Iterable[Event], rng: random.Random) -> Iterator[Timed]:
        """Stamp the events, times never decreasing; the same `rng` state gives the same times."""
        ...


@dataclass(frozen=True, slots=True)
class Instant:
    """Everything at once: for tests that do not care about time."""

    def schedule(self, events: Iterable[Event], rng: random.Random) -> Iterator[Timed]:
        """Stamp every event with 0."""
        return (Timed(0.0, event) for event in events)


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same gap before every event but the first, in seconds."""

    seconds: float

    def __post_init__(self) -> None:
        if not self.seconds >= 0:
            raise ValueError(f"expected a fixed pace in seconds, 0 or more, not {self.seconds!r}")

    def schedule(self, events: Iterable[Event], rng: random.Random) -> Iterator[Timed]:
        """Stamp the events at equal distances."""
        return (Timed(index * self.seconds, event) for index, event in enumerate(events))


@dataclass(frozen=True, slots=True)
class Kept:
    """Recorded answers at their recorded times, multiplied by `scale`; all other answers at once."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.scale >= 0:
            raise ValueError(f"expected a factor for recorded times, 0 or more, not {self.scale!r}")

    def schedule(self, events: Iterable[Event], rng: random.Random) -> Iterator[Timed]:
        """Stamp events that were not recorded: with 0."""
        return Instant().schedule(events, rng)

    def replay(self, events: Iterable[Timed]) -> Iterator[Timed]:
        """Scale recorded times."""
        return (Timed(timed.at * self.scale, timed.event) for timed in events)


def postpone(events: Iterable[Timed], seconds: float) -> Iterator[Timed]:
    """Let everything after the opening events leave later: the model thinks before it speaks."""
    return (
        timed if timed.event.type in OPENING else Timed(timed.at + seconds, timed.event) for timed in events
    )


def parse_pace(text: str | Pace, base: Path | None = None) -> Pace:
    """Read a pace as users write it: instant, realistic, fixed:0.02, recorded, recorded:0.1 (a tenth of the
    time), or the path of a pace file, which ends in .json. A relative path starts at `base`.
    """
    if not isinstance(text, str):
        return text
    if text.endswith(".json"):
        return load_pace((base or Path()) / text)
    name, colon, number = text.partition(":")
    try:
        if name == "instant" and not colon:
            return Instant()
        if name == "realistic" and not colon:
            return realistic()
        if name == "fixed":
            return Fixed(float(number))
        if name == "recorded":
            return Kept(float(number) if colon else 1.0)
    except ValueError:
        pass
    raise ValueError(
        f"{text!r} is not a pace; expected instant, realistic, fixed:SECONDS, recorded, recorded:FACTOR, or "
        "a pace file, which ends in .json"
    )
