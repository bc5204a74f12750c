"""The moments at which a caller can interrupt: some seconds after the bot's first sound, or at one of its
words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seconds:
    """A time after the first sound of an answer."""

    value: float


@dataclass(frozen=True, slots=True)
class Words:
    """The moment at which the n-th word of an answer begins to sound."""

    count: int


@dataclass(frozen=True, slots=True)
class SinceAsked:
    """A time after the bot began to work on its answer, whether or not anything was heard by then."""

    value: float


Moment = Seconds | Words | SinceAsked
"""When a caller interrupts."""


def seconds(value: float) -> Seconds:
    """Return the moment `value` seconds after the bot's first sound.

    Raises:
        ValueError: `value` is negative or not finite.
    """
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"seconds({value!r}): expected a finite number of seconds, 0 or more")
    return Seconds(float(value))


def words(count: int) -> Words:
    """Return the moment at which word number `count` of the answer begins to sound, counted from 1.

    Raises:
        ValueError: `count` is not a whole number of at least 1.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"words({count!r}): expected a whole number, 1 or more")
    return Words(count)
