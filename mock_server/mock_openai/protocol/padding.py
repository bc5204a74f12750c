"""Obfuscation: random padding that brings every delta to a multiple of sixteen characters.

A turn has one sequence of letters, taken in order, so the padding is the same however the turn is rendered.
"""

from __future__ import annotations

from typing import Protocol

from mock_openai.protocol.random_source import RandomSource, letters

_BATCH = 256
BLOCK = 16


def needed(delta: str) -> int:
    """Return the number of characters that bring a delta to a multiple of sixteen code points (observed)."""
    return -len(delta) % BLOCK


class Padding(Protocol):
    """Interface: a source of padding."""

    def take(self, length: int) -> str:
        """Return the next `length` characters."""
        ...


class RandomPadding:
    """Letters and digits from a turn's own random source."""

    def __init__(self, random_source: RandomSource) -> None:
        self._random_source = random_source
        self._letters = ""
        self._dealt = 0

    def take(self, length: int) -> str:
        """Return the next `length` characters."""
        end = self._dealt + length
        if end > len(self._letters):
            self._letters = letters(self._random_source.letters_from, max(_BATCH, 2 * end)).decode()
        taken = self._letters[self._dealt : end]
        self._dealt = end
        return taken
