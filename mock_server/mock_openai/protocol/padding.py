"""Obfuscation: the random padding that brings every delta to a multiple of sixteen characters.

The same for all ways in which a turn may be rendered, since it is one sequence of letters per turn, dealt
out as it is asked for.
"""

from __future__ import annotations

import random
import string
from typing import Protocol

_ALPHABET = (string.digits + string.ascii_uppercase + string.ascii_lowercase).encode()
# Two letters in sixty-two come up a quarter more often than the others, which nobody will miss.
_LETTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
_BATCH = 256
BLOCK = 16


def needed(delta: str) -> int:
    """Count the characters that a delta lacks to a multiple of sixteen code points (observed)."""
    return -len(delta) % BLOCK


class Padding(Protocol):
    """Where padding comes from."""

    def take(self, length: int) -> str:
        """Give so many characters."""
        ...


class RandomPadding:
    """Letters and digits from a turn's own dice."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._ahead = b""

    def take(self, length: int) -> str:
        """Give so many characters."""
        return self.take_bytes(length).decode()

    def take_bytes(self, length: int) -> bytes:
        """Give so many characters, as bytes."""
        while len(self._ahead) < length:
            self._ahead += self._rng.randbytes(_BATCH).translate(_LETTERS)
        taken, self._ahead = self._ahead[:length], self._ahead[length:]
        return taken
