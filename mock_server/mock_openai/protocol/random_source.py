"""The random values of one turn: bytes and letters that depend on a name and on nothing else.

Strategy: they are hashes of the name, which cost a tenth of seeding Python's generator (measured). Bytes are
dealt out one after another. Letters are a sequence of their own, so that padding can be made later, or never:
the hash says where in one long row of letters it begins, because hashing all of it takes longer than
rendering a short turn.
The generator is there too, for what needs its distributions, seeded when it is first asked for.
"""

from __future__ import annotations

import random
import string
from functools import lru_cache
from hashlib import blake2b, shake_128

_ALPHABET = (string.digits + string.ascii_uppercase + string.ascii_lowercase).encode()
# Two letters in sixty-two come up a quarter more often than the others, which nobody will miss.
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
        """Where its letters begin in the one row of letters."""
        self._blocks = 0
        self._generator: random.Random | None = None

    def take(self, size: int) -> bytes:
        """Draw so many bytes."""
        while len(self._ahead) < size:
            self._blocks += 1
            self._ahead += blake2b(self.name, salt=self._blocks.to_bytes(16)).digest()
        taken, self._ahead = self._ahead[:size], self._ahead[size:]
        return taken

    def hex(self, digits: int) -> str:
        """Draw so many hexadecimal digits; an odd one takes a whole byte."""
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
