"""The keyword `pattern` of JSON schemas: whether a text matches, and an example that does.

Strategy of `example`: the engine says whether a text can be the beginning of a match (`partial`), so a text
grows character by character, each drawn from those that keep it a beginning, until it matches. Look-behind
and look-ahead may mislead it; the caller checks.

Patterns come from clients, so all work on them is counted as `Work`, which is limited.
"""

from __future__ import annotations

import random
import re
import string
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from mock_openai.patterns import WITHIN, PatternError, SlowPattern, pattern

T = TypeVar("T")

_LONGEST_PATTERN = 4_000
_ENDS_HERE = 0.5
"""Probability that a text ends where it could go on."""
_PLAINLY = 0.6
"""Probability that a lower-case letter is tried first. Other characters must come first now and then, because
a pattern may accept any character but need a particular one.
"""
_PER_STEP = 512
"""Characters that the engine reads in one step of `Work`, at least."""
_PER_SIGN = 2
"""Steps for each character of a pattern, which must be compiled. The time is not measured, because the first
pattern also waits for the import of the engine.
"""
_SLOW = 0.0002
"""Seconds of processor time from which a search is charged by its time."""
_CODE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")


class CannotTell(Exception):
    """The pattern is not valid, or needs too much work."""


class Work:
    """The work left for the patterns of one request, in steps of at most a microsecond."""

    def __init__(self, steps: int = 100_000) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Use up a number of steps. Raises CannotTell if there are not enough left."""
        self._left -= steps
        if self._left < 0:
            raise CannotTell

    def look(self, search: Callable[[], T], length: int) -> T:
        """Search a text of this length. Raises CannotTell if that takes too long."""
        self.spend(1 + length // _PER_STEP)
        began = time.thread_time()
        try:
            found = search()
        except (SlowPattern, TimeoutError):
            self._left = 0
            raise CannotTell from None
        took = time.thread_time() - began
        if took >= _SLOW:
            self.spend(int(took * 1e6))
        return found


def has_match(source: str, text: str, work: Work) -> bool:
    """Return whether a pattern is found in a text; True if the engine cannot tell."""
    try:
        work.spend(len(source) * _PER_SIGN)
        compiled = pattern(source)
        return work.look(lambda: compiled.search(text), len(text)) is not None
    except (CannotTell, PatternError):
        return True


def example(source: str, rng: random.Random, work: Work, at_least: int = 0) -> str:
    """Return a text that the pattern matches, at least `at_least` characters long if possible; empty if none
    is found.
    """
    try:
        work.spend(len(source) * _PER_SIGN)
        grown = _Growing(source, rng, work)
        while not grown.complete or len(grown.text) < at_least or rng.random() >= _ENDS_HERE:
            if not grown.grow():
                break
        return grown.text if grown.complete else ""
    except (CannotTell, PatternError):
        return ""


class _Growing:
    """A text that is the beginning of a match."""

    def __init__(self, source: str, rng: random.Random, work: Work) -> None:
        self._compiled, kinds = _beginnings(source)
        self._signs = [rng.sample(kind, len(kind)) for kind in kinds]
        self._rng = rng
        self._work = work
        self.text = ""
        self.complete = False
        self._try("")

    def grow(self) -> bool:
        """Append one character; False if none can follow."""
        kinds = self._signs[:]
        if self._rng.random() >= _PLAINLY:
            self._rng.shuffle(kinds)
        for kind in kinds:
            start = int(self._rng.random() * len(kind))
            if any(self._try(sign) for sign in kind[start:] + kind[:start]):
                return True
        return False

    def _try(self, sign: str) -> bool:
        text = self.text + sign
        found = self._work.look(
            lambda: self._compiled.fullmatch(text, partial=True, timeout=WITHIN), len(text)
        )
        if found is not None:
            self.text, self.complete = text, not found.partial
        return found is not None


@lru_cache(maxsize=500)
def _beginnings(source: str) -> tuple[Any, list[str]]:
    """Return the compiled pattern, and the characters that a text may be made of, the plainest first."""
    if len(source) > _LONGEST_PATTERN:
        raise CannotTell
    pattern(source)
    import regex  # takes 15 ms, which most servers need not spend

    coded = {chr(int(one or two or four, 16)) for one, two, four in _CODE.findall(source)}
    plain = [string.ascii_lowercase, string.digits, string.ascii_uppercase]
    named = sorted({*source, *coded} - {*"".join(plain), *"^$()[]{}|\\?+*"})
    return regex.compile(source), [*plain, "".join(named), " -_.,:;!/#@^$()[]{}|\\?+*\n\t"]
