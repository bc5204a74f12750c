"""Invents a text that a regular expression matches, for the `pattern` of a JSON schema.

It walks the parsed expression and takes the shortest way through it: the first branch, the fewest
repetitions. Look-arounds are passed over, so a text may fail to match; the caller checks.

Patterns come from clients, and all that is done with them is counted as `Work`, which comes to an end.
"""

from __future__ import annotations

import random
import re
import string
from functools import lru_cache

# The standard library's own parser of regular expressions: not public, but so named since Python 3.11.
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_ANY = string.ascii_lowercase
_CATEGORIES = {
    op.CATEGORY_DIGIT: string.digits,
    op.CATEGORY_WORD: string.ascii_lowercase,
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_NOT_DIGIT: string.ascii_lowercase,
    op.CATEGORY_NOT_WORD: "-",
    op.CATEGORY_NOT_SPACE: string.ascii_lowercase,
}
# Characters, roughly; a pattern that asks for more gets no match.
_LONGEST = 10_000
_LONGEST_PATTERN = 4_000
_PRINTABLE = string.ascii_lowercase + string.digits + string.ascii_uppercase + "-_ .,:;!?/+*#@"


class CannotTell(Exception):
    """This is no pattern, not one of this dialect, or too much work."""


class Work:
    """How much may still be done for the patterns of one request: steps, of half a microsecond or less."""

    def __init__(self, steps: int = 60_000) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Count some steps; CannotTell when there are none left."""
        self._left -= steps
        if self._left < 0:
            raise CannotTell


def parsed(pattern: str, work: Work) -> Any:
    """Take a pattern apart; CannotTell when it is none."""
    work.spend(len(pattern))
    if len(pattern) > _LONGEST_PATTERN:
        raise CannotTell
    return _parsed(pattern)


@lru_cache(maxsize=500)
def _parsed(pattern: str) -> Any:
    try:
        return _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError, Warning):
        raise CannotTell from None


def example(pattern: str, rng: random.Random, work: Work, at_least: int = 0) -> str:
    """Give a text that the pattern matches, longer than the shortest when `at_least` asks for it; empty if
    that cannot be told.
    """
    try:
        return _Walker(rng, work, at_least).walk(parsed(pattern, work))
    except (CannotTell, RecursionError):
        return ""


class _Walker:
    def __init__(self, rng: random.Random, work: Work, at_least: int) -> None:
        self._rng = rng
        self._work = work
        self._at_least = at_least
        self._left = _LONGEST
        self._groups: dict[int, str] = {}
        self._signs: dict[int, str] = {}

    def walk(self, parsed: Any) -> str:
        return "".join(self._one(kind, argument) for kind, argument in parsed)

    def _one(self, kind: Any, argument: Any) -> str:
        self._left -= 1
        self._work.spend(1)
        if kind is op.LITERAL:
            return chr(argument)
        if kind is op.NOT_LITERAL:
            return next(sign for sign in _PRINTABLE if ord(sign) != argument)
        if kind is op.ANY:
            return self._rng.choice(_ANY)
        if kind is op.IN:
            return self._in(argument)
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            return self._repeat(*argument)
        if kind is op.SUBPATTERN:
            number, _, _, inside = argument
            text = self.walk(inside)
            if number is not None:
                self._groups[number] = text
            return text
        if kind is op.ATOMIC_GROUP:
            return self.walk(argument)
        if kind is op.BRANCH:
            return self.walk(self._rng.choice(argument[1]))
        if kind is op.GROUPREF:
            text = self._groups.get(argument, "")
            self._work.spend(len(text))
            self._left -= len(text)
            return text
        return ""

    def _repeat(self, least: int, most: Any, inside: Any) -> str:
        limit = least + 8 if most is op.MAXREPEAT else int(most)
        count = self._rng.randint(least, min(limit, max(least, 1) + 2))
        if most is op.MAXREPEAT or int(most) >= self._at_least:
            count = max(count, self._at_least)
        texts: list[str] = []
        while len(texts) < count and self._left > 0:
            self._left -= 1
            self._work.spend(1)
            texts.append(self.walk(inside))
        return "".join(texts)

    def _in(self, members: Any) -> str:
        signs = self._signs.get(id(members))
        if signs is None:
            signs = self._signs[id(members)] = self._all_of(members)
        return self._rng.choice(signs) if signs else ""

    def _all_of(self, members: Any) -> str:
        signs: list[str] = []
        negated = False
        for kind, argument in members:
            self._work.spend(10 if kind is op.RANGE else 1)
            if kind is op.NEGATE:
                negated = True
            elif kind is op.LITERAL:
                signs.append(chr(argument))
            elif kind is op.RANGE:
                signs += [chr(code) for code in range(argument[0], min(argument[1], argument[0] + 200) + 1)]
            elif kind is op.CATEGORY:
                signs += _CATEGORIES.get(argument, "")
        if negated:
            known = set(signs)
            signs = [sign for sign in _PRINTABLE if sign not in known] or ["~"]
        return "".join(signs)
