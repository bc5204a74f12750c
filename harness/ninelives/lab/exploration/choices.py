"""Random choices from a seeded generator.

A scenario is drawn by asking for one small number after another. That takes microseconds, needs nothing
installed, and gives the same numbers on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """The choices of one run of one seed; choices for another `purpose` are independent of them."""

    def __init__(self, seed: int, run: int, purpose: str = "") -> None:
        # A text as seed goes through SHA-512, so neighbouring runs have nothing in common, and run 7 is the
        # same whoever draws it and whatever was drawn before.
        self._random = random.Random(f"ninelives {seed} {run}{purpose and f' {purpose}'}")

    def below(self, number: int) -> int:
        """Return a whole number from 0, below `number`."""
        return self._random.randrange(number)


def pick(choices: Choices, options: Sequence[T]) -> T:
    """Return one of the options; repeat one to have it more often."""
    # Without a choice no number is drawn: what a seed draws must not change.
    return options[choices.below(len(options))] if len(options) > 1 else options[0]


def maybe(choices: Choices, once_in: float, drawn: Callable[[Choices], T]) -> T | None:
    """Return True with a probability, in tenths."""
    return drawn(choices) if choices.below(20) >= 20 - round(20 / once_in) else None
