"""How error messages name values, kinds and choices."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHOWN_WHOLE = 12
"""Characters up to which a message shows a name whole; of longer ones it shows the ends (reported: names of
12 are whole, those of 20 are not).
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
    """Return a name as messages about types show it: of a long one only both ends."""
    return name if len(name) <= _SHOWN_WHOLE else f"{name[:3]}...{name[-3:]}"


def bare(noun: str) -> str:
    """Return a noun without its article, and without what introduces a choice."""
    return re.sub(r"^(an? |one of )", "", noun)


def plural(noun: str) -> str:
    """Return what an array of such things is an array of."""
    return noun if noun.startswith("one of") else f"{bare(noun)}s"
