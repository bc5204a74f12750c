"""Numbers with the noun they count, for messages: `1 turn`, `2 turns`, `1,204 calls`."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun. `plural` is the noun with an s if not given."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
