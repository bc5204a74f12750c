"""Random faults: one of several disasters may be injected into each turn. A seed makes every one
repeatable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from mock_openai.faults.trigger import Position

if TYPE_CHECKING:
    from mock_openai.faults.planned import Planned

KEPT = 32
"""Turns after which a drawn fault that was not injected is dropped."""

_RATE = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(%?)\s*")


@dataclass(frozen=True, slots=True)
class Disaster:
    """What may be injected, with the name by which it can be repeated."""

    name: str
    sentence: str
    """What happens, in one sentence."""
    faults: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault of a disaster that was injected."""

    disaster: Disaster
    turn: int
    """The turn of the server for which it was drawn, from 1."""
    planned: Planned

    def __str__(self) -> str:
        """Return what was injected, and two ways to repeat it."""
        return (
            f"chaos: turn {self.turn}: {self.disaster.name}: {self.disaster.sentence} To repeat it in "
            f"every turn: --faults {self.disaster.name} --rate 100%; only in this turn, as a fault plan: "
            f"{{faults: [{as_plan(self.planned)}]}}"
        )


class Chaos:
    """Draws the faults to inject.

    Args:
        disasters: The disasters to draw from, all equally likely.
        rate: The share of turns that get one, from 0 to 1.
        seed: The same seed draws the same disasters for the same turns. Warm-ups do not count as turns.
        tell: Called with each injection.
    """

    def __init__(
        self,
        disasters: Sequence[Disaster],
        rate: float,
        *,
        seed: int = 0,
        tell: Callable[[Injection], None] = lambda injection: None,
    ) -> None:
        if not disasters:
            raise ValueError("chaos: expected at least one scenario")
        if not 0 <= rate <= 1:
            raise ValueError(f"chaos: expected a rate from 0 to 1, not {rate!r}")
        self._disasters = tuple(disasters)
        self._rate, self._seed, self._tell = rate, seed, tell
        self._drawn: dict[int, Injection] = {}

    def draw(self, turn: int) -> Disaster | None:
        """Return the disaster of a turn of the server, from 1; None if nothing is injected into it."""
        if turn < 1:
            return None
        random = Random(f"chaos {self._seed} {turn}")
        return random.choice(self._disasters) if random.random() < self._rate else None

    def planned(self, position: Position) -> list[Planned]:
        """Return the faults to be armed as a turn begins."""
        disaster = self.draw(position.server_turn)
        if disaster is None:
            return []
        faults = [_in_turn(each, position.server_turn) for each in disaster.faults]
        self._drawn.update({id(each): Injection(disaster, position.server_turn, each) for each in faults})
        return faults

    def expired(self, planned: Planned, position: Position) -> bool:
        """Whether a fault was drawn for a turn that is long past; if so, forget it."""
        drawn = self._drawn.get(id(planned))
        if drawn is None or drawn.turn + KEPT > position.server_turn:
            return False
        del self._drawn[id(planned)]
        return True

    def injected(self, planned: Planned) -> None:
        """Note that a fault was injected."""
        if (injection := self._drawn.get(id(planned))) is not None:
            self._tell(injection)


def read_rate(text: str) -> float:
    """Read `1%` or `0.01`. Raises ValueError."""
    found = _RATE.fullmatch(text)
    rate = float(found[1]) / (100 if found[2] else 1) if found else -1.0
    if not 0 < rate <= 1:
        raise ValueError(f"{text!r} is not a share of turns; expected for example 1% or 0.01, at most 100%")
    return rate


def as_plan(planned: Planned) -> str:
    """Write a planned fault as one entry of a plan."""
    described = planned.describe()
    return json.dumps({"at": described["at"], "do": described["do"]})


def _in_turn(planned: Planned, turn: int) -> Planned:
    """Tie a fault to a turn. A handshake belongs to no turn: the fault is injected into the next one."""
    if planned.trigger.phase == "handshake":
        return replace(planned, times=1)
    return replace(planned, trigger=replace(planned.trigger, turn=turn))
