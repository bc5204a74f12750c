"""The shortest story that breaks the same promise in the same way.

A story is plain data, and is shortened as a person would do it: turns are left out, then faults and
interruptions, then words, and the rest is made as plain as possible (`simpler`), as long as it still breaks;
until nothing can be removed. It is deterministic and independent of its surroundings: no random numbers, no
clock but the one below, no settings of a library. The work is limited by a number of tries, because a limit
in seconds would give another story on another machine; the seconds are for a service that hangs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from ninelives.lab.exploration.simpler import WAYS
from ninelives.lab.story import Story

TRIES = 200
"""The most stories tried for one breach."""

SECONDS = 300.0
"""Real seconds after which shrinking ends with the shortest story so far. Ten times what 200 tries need: a
busy machine must not reach it.
"""


@dataclass(slots=True)
class Shrinking:
    """One search for a shorter story. `tries` counts the stories played; `late`: whether the seconds ended
    it.
    """

    breaks: Callable[[Story], bool]
    most: int = TRIES
    seconds: float = SECONDS
    tries: int = 0
    late: bool = False
    _shortest: Story = field(default_factory=lambda: Story(()))
    _known: dict[str, bool] = field(default_factory=dict)
    _until: float = 0.0

    def of(self, story: Story) -> Story | None:
        """Return the shortest story found from this one on; None if it did not break when played again."""
        self.tries += 1
        if not self.breaks(story):
            return None
        self._until = time.monotonic() + self.seconds
        before, self._shortest = None, story
        with suppress(_Enough):
            while self._shortest is not before:  # what could not be left out may be now
                before = self._shortest
                for way in WAYS:
                    self._shorten(way)
        return self._shortest

    def _shorten(self, way: Callable[[Story], Iterator[Story]]) -> None:
        at, coming = 0, way(self._shortest)
        while (simpler := next(coming, None)) is not None:
            if self._breaks(simpler):
                # The element at this place is gone: continue with the one that took its place.
                self._shortest, coming = simpler, way(simpler)
                for _ in range(at):
                    next(coming, None)
            else:
                at += 1

    def _breaks(self, story: Story) -> bool:
        told = repr(story)
        if told not in self._known:
            self.late = time.monotonic() > self._until
            if self.late or self.tries >= self.most:
                raise _Enough
            self.tries += 1
            self._known[told] = self.breaks(story)
        return self._known[told]


class _Enough(Exception):
    """Ends a search with what it has."""
