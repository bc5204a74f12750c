"""The shortest scenario that breaks the same promise in the same way.

A scenario is plain data, and is shortened as a person would do it: turns are left out, then faults and
interruptions, then words, and the rest is made as plain as possible (`simpler`). A change is kept if the
promise still breaks; the search ends when nothing can be removed. It is deterministic and independent of its
surroundings: no random numbers, no clock except the limit below, no settings of a library. The work is
limited by a number of tries, because a limit in seconds would give another scenario on another machine; the
seconds are for a service that hangs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from ninelives.lab.exploration.simpler import WAYS
from ninelives.lab.scenario_spec import ScenarioSpec

TRIES = 200
"""The most scenarios tried for one breach."""

SECONDS = 300.0
"""Real seconds after which shrinking ends with the shortest scenario so far. Ten times what 200 tries need: a
busy machine must not reach it.
"""


@dataclass(slots=True)
class Shrinking:
    """One search for a shorter scenario. `tries` counts the scenarios played; `late`: whether the seconds
    ended it.
    """

    breaks: Callable[[ScenarioSpec], bool]
    most: int = TRIES
    seconds: float = SECONDS
    tries: int = 0
    late: bool = False
    _shortest: ScenarioSpec = field(default_factory=lambda: ScenarioSpec(()))
    _known: dict[str, bool] = field(default_factory=dict)
    _until: float = 0.0

    def of(self, spec: ScenarioSpec) -> ScenarioSpec | None:
        """Return the shortest scenario found from this one on; None if it did not break when played again."""
        self.tries += 1
        if not self.breaks(spec):
            return None
        self._until = time.monotonic() + self.seconds
        before, self._shortest = None, spec
        with suppress(_Enough):
            while self._shortest is not before:  # parts that could not be left out before may be now
                before = self._shortest
                for way in WAYS:
                    self._shorten(way)
        return self._shortest

    def _shorten(self, way: Callable[[ScenarioSpec], Iterator[ScenarioSpec]]) -> None:
        at, coming = 0, way(self._shortest)
        while (simpler := next(coming, None)) is not None:
            if self._breaks(simpler):
                # The element at this place is gone: continue with the one that took its place.
                self._shortest, coming = simpler, way(simpler)
                for _ in range(at):
                    next(coming, None)
            else:
                at += 1

    def _breaks(self, spec: ScenarioSpec) -> bool:
        key = repr(spec)
        if key not in self._known:
            self.late = time.monotonic() > self._until
            if self.late or self.tries >= self.most:
                raise _Enough
            self.tries += 1
            self._known[key] = self.breaks(spec)
        return self._known[key]


class _Enough(Exception):
    """Ends a search with what it has."""
