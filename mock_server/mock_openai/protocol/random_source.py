"""The random values of one turn: bytes and letters that depend on a name and on nothing else.

Strategy: the values are hashes of the name, which cost a tenth of seeding Python's generator (measured).
Bytes are handed out one after another. Letters are a sequence of their own, so that padding can be made
later, or never: the hash selects a start in one long, fixed row of letters, because hashing all the padding
would take longer than rendering a short turn. Python's generator is available too, for its distributions; it
is seeded on first use.
"""

from __future__ import annotations

import random
import string
from functools import lru_cache
from hashlib import blake2b, shake_128

_ALPHABET = (string.digits + string.ascii_uppercase + string.ascii_lowercase).encode()
# Two of the sixty-two characters come up a quarter more often than the others, which does no harm.
LETTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
"""Translates drawn bytes into letters and digits."""


class RandomSource:
    """A source of random values; the same name gives the same values."""

    __slots__ = ("_ahead", "_blocks", "_generator", "letters_from", "name")

    def __init__(self, name: str) -> None:
        self.name = name.encode()
        drawn = blake2b(self.name).digest()
        self._ahead = drawn[:-2]
        self.letters_from = drawn[-2] << 8 | drawn[-1]
        """Where this source's letters begin in the fixed row of letters."""
        self._blocks = 0
        self._generator: random.Random | None = None

    def take(self, size: int) -> bytes:
        """Draw `size` bytes."""
        while len(self._ahead) < size:
            self._blocks += 1
            self._ahead += blake2b(self.name, salt=self._blocks.to_bytes(16)).digest()
        taken, self._ahead = self._ahead[:size], self._ahead[size:]
        return taken

    def hex(self, digits: int) -> str:
        """Draw hexadecimal digits; an odd number of them uses up another half byte."""
        return self.take((digits + 1) // 2).hex()[:digits]

    @property
    def generator(self) -> random.Random:
        """Python's generator, for distributions."""
        if self._generator is None:
            self._generator = random.Random(self.name)
        return self._generator


def letters(start: int, size: int) -> bytes:
    """Return letters and digits from this place on in an endless sequence: a source's `letters_from`."""
    row = _row_of_letters()
    return (row * ((start + size) // len(row) + 1))[start : start + size]


@lru_cache(maxsize=1)
def _row_of_letters() -> bytes:
    return shake_128(b"letters").digest(64 * 1024).translate(LETTERS)
