"""How error messages name values, kinds and choices."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHOWN_WHOLE = 12
"""Longest name, in characters, that a message shows whole; of longer names it shows both ends (reported:
names of 12 are whole, names of 20 are not).
"""


def describe(value: object) -> str:
    """Return the kind of a JSON value as error messages name it."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal number"
        case str():
            return "a string"
        case list() | tuple():
            return "an array"
        case _:
            return "an object"


def alternatives(phrases: Iterable[str]) -> str:
    """Join phrases by "or"."""
    series = list(phrases)
    if len(series) < 3:
        return " or ".join(series)
    return f"{', '.join(series[:-1])}, or {series[-1]}"


def shortened(name: str) -> str:
    """Return a name as messages about types show it: only both ends of a long one."""
    return name if len(name) <= _SHOWN_WHOLE else f"{name[:3]}...{name[-3:]}"


def bare(noun: str) -> str:
    """Return a noun without its article, and without the words that introduce a choice."""
    return re.sub(r"^(an? |one of )", "", noun)


def plural(noun: str) -> str:
    """Return a noun in the plural, for "an array of ..."."""
    return noun if noun.startswith("one of") else f"{bare(noun)}s"
