"""A time axis that folds silence: an idle hour takes little width, a burst of deltas remains legible.

Pure geometry. Positions are fractions of the width, from 0 to 1.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

LONGEST_GAP = 1.2
"""Seconds of silence that are drawn to scale; a longer silence is folded to this width."""

SHORTEST_STEP = 0.004
"""The least distance of two different moments as a part of the whole, so that they can be distinguished."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A folded silence: where it is drawn, and how long it was."""

    begins: float
    ends: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Axis:
    """Moments and their positions."""

    moments: tuple[float, ...]
    places: tuple[float, ...]
    folds: tuple[Fold, ...]

    def place(self, at: float) -> float:
        """Return where `at` is drawn; a moment between known ones is drawn between them."""
        if not self.moments:
            return 0.0
        after = bisect_right(self.moments, at)
        if after == 0:
            return 0.0
        if after == len(self.moments):
            return self.places[-1]
        left, right = self.moments[after - 1], self.moments[after]
        share = (at - left) / (right - left)
        return self.places[after - 1] + share * (self.places[after] - self.places[after - 1])

    def ticks(self, wanted: int = 8) -> list[tuple[float, str]]:
        """Return about `wanted` positions with labels, at moments at which something happened."""
        if not self.moments:
            return []
        chosen: list[tuple[float, str]] = []
        for k in range(wanted + 1):
            target = k / wanted
            nearest = min(range(len(self.places)), key=lambda i: abs(self.places[i] - target))
            place = self.places[nearest]
            if not chosen or place - chosen[-1][0] > 0.6 / wanted:
                chosen.append((place, clock(self.moments[nearest])))
        return chosen


def axis(moments: Iterable[float]) -> Axis:
    """Lay out moments in seconds, in any order."""
    ordered = sorted({round(moment, 6) for moment in moments})
    if not ordered:
        return Axis((), (), ())
    gaps = [right - left for left, right in pairwise(ordered)]
    widths = [min(gap, LONGEST_GAP) for gap in gaps]
    floor = SHORTEST_STEP * (sum(widths) or 1.0)
    widths = [max(width, floor) for width in widths]
    whole = sum(widths) or 1.0
    places = [0.0]
    for width in widths:
        places.append(places[-1] + width / whole)
    folds = [Fold(places[i], places[i + 1], gap) for i, gap in enumerate(gaps) if gap > LONGEST_GAP]
    return Axis(tuple(ordered), tuple(min(place, 1.0) for place in places), tuple(folds))


def clock(seconds: float) -> str:
    """Format a moment: `0.350 s`, `1:05.2`, `1:00:01`."""
    if seconds < 60:
        return f"{seconds:.3f} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{int(minutes)}:{rest:04.1f}"
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{int(rest):02d}"


def duration(seconds: float) -> str:
    """Format a length of time: `80 ms`, `4.2 s`, `12 min`, `1 h`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
