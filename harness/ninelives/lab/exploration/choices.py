"""Where choices come from: a seeded generator, or hypothesis when it shrinks.

A story is drawn by asking for one small number after another. A seeded generator answers in microseconds,
needs nothing installed, and gives the same numbers on every machine and with every version of hypothesis.
(hypothesis itself draws in milliseconds, takes constants it finds in the modules that happen to be imported,
and promises no stability between versions: three reasons not to let it draw.) The numbers are written down,
and shrinking hands them to hypothesis as a known failure to begin from.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")

LARGEST = 127
"""The largest number ever asked for; above it hypothesis weighs numbers in a way of its own."""


class Choices(Protocol):
    """A source of choices. The first option of every choice is the simplest."""

    def below(self, number: int) -> int:
        """A whole number from 0, below `number`."""
        ...

    def part(self, drawn: Callable[[Choices], T]) -> T:
        """Draw something whose choices belong together, so that shrinking can take it out whole."""
        ...


class Seeded:
    """Choices of a seeded generator, written down."""

    def __init__(self, seed: int, run: int) -> None:
        # A text as seed goes through SHA-512, so neighbouring runs have nothing in common, and run 7 is the
        # same whoever draws it and whatever was drawn before.
        self._random = random.Random(f"ninelives {seed} {run}")
        self.made: list[int] = []

    def below(self, number: int) -> int:
        """As `Choices`."""
        chosen = self._random.randrange(number)
        self.made.append(chosen)
        return chosen

    def part(self, drawn: Callable[[Choices], T]) -> T:
        """As `Choices`."""
        return drawn(self)


class Recorded:
    """Choices that were made before."""

    def __init__(self, made: Sequence[int]) -> None:
        self._coming = iter(made)

    def below(self, number: int) -> int:
        """As `Choices`."""
        return min(next(self._coming, 0), number - 1)

    def part(self, drawn: Callable[[Choices], T]) -> T:
        """As `Choices`."""
        return drawn(self)


def pick(choices: Choices, options: Sequence[T]) -> T:
    """One of the options, the first being the simplest; name one twice to have it twice as often."""
    # hypothesis makes no choice where there is none, so nobody may.
    return options[choices.below(len(options))] if len(options) > 1 else options[0]


def maybe(choices: Choices, once_in: float, drawn: Callable[[Choices], T]) -> T | None:
    """Something that is there once in so many times, in tenths; simplest is nothing."""

    def part(choices: Choices) -> T | None:
        return drawn(choices) if choices.below(20) >= 20 - round(20 / once_in) else None

    return choices.part(part)
