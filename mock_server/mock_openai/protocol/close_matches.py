"""Suggestions for a misspelled parameter, by edit distance, as the API makes them."""

from __future__ import annotations

from collections.abc import Iterable

_FAR = 2
"""Edits up to which the API considers a name a misspelling (reported, measured from both sides)."""


def close_matches(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that are spelled nearly alike, the nearest first, equally near ones in order."""
    found = [(_edits(name, other), other) for other in known if abs(len(name) - len(other)) <= _FAR]
    return [other for edits, other in sorted(found) if edits <= _FAR]


def _edits(one: str, other: str) -> int:
    """Count the letters to insert, take out or replace (Levenshtein)."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, 1):
        before, row[0] = row[0], index
        for place, wanted in enumerate(other, 1):
            before, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, before + (letter != wanted)),
            )
    return row[-1]
