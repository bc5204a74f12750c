"""Regular expressions written by users, searched within a time limit.

A pattern such as `^(a|a)*$` takes `re` exponentially longer with every character of the text, and nothing
else in the process runs meanwhile. Here such a search is stopped.

The engine is `regex` (Apache-2.0, wheels for Linux and macOS on x86-64 and ARM): it accepts the syntax of
`re` unchanged and can limit the time of a search. google-re2 is faster on such patterns, but supports neither
look-around nor references to groups, takes `\\w` and `\\b` for ASCII only, and has no wheels for macOS on
Intel. A pattern without groups and repetitions cannot take long; `re` searches for it, ten times faster.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Generic, TypeVar

Text = TypeVar("Text", str, bytes)

WITHIN = 0.25
"""Seconds of processor time that one search may take."""

LONGEST = 10_000
"""Characters of the longest pattern."""

LARGEST = 100_000
"""Characters of a pattern once its repetitions are written out, as the engine does; more would fill the
memory.
"""

_PARTS = re.compile(r"(\()|(\))|\{(\d*),?\d*\}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)

# No group, no repetition: `re` needs at most one step for each character of text and pattern.
_QUICK = re.compile(r"(?:\(\?i\))?[^*+?{(]*")


class PatternError(ValueError):
    """A pattern is not a regular expression, or is too long. The text says why."""


class SlowPattern(Exception):
    """A search was stopped because it took too long."""


class Pattern(Generic[Text]):
    """A compiled regular expression for text or for bytes."""

    __slots__ = ("_compiled", "_flags", "_limit", "_partial", "search", "source")

    search: Callable[[Text], Any]
    """Returns the first match, or None. Raises SlowPattern."""

    def __init__(self, source: Text, flags: int = 0) -> None:
        """`flags` are those of `re`. Raises PatternError."""
        self.source: Text = source
        self._flags = flags
        self._partial: Any = None
        if len(source) > LONGEST:
            raise PatternError(f"{len(source)} characters, of {LONGEST} at most")
        shown = source if isinstance(source, str) else source.decode("latin-1")
        self._limit: dict[str, float] = {}
        self._compiled: Any
        try:
            self._compiled = re.compile(source, flags)
            self.search = self._compiled.search
            if not _QUICK.fullmatch(shown):
                _check_repetitions(shown)
                self._compiled = _compiled_with_time_limit(source, flags)
                self._limit = {"timeout": WITHIN}
                self.search = self._search_within
        except (re.error, OverflowError, RecursionError, ValueError) as error:
            raise PatternError(_why(error)) from None

    def _search_within(self, text: Text) -> Any:
        try:
            return self._compiled.search(text, **self._limit)
        except TimeoutError:
            raise self._slow(text) from None

    def fullmatch(self, text: Text) -> Any:
        """Return the match of the whole text, or None. Raises SlowPattern."""
        try:
            return self._compiled.fullmatch(text, **self._limit)
        except TimeoutError:
            raise self._slow(text) from None

    def findall(self, text: Text) -> list[Any]:
        """Return all matches, in order. Raises SlowPattern."""
        try:
            return list(self._compiled.finditer(text, **self._limit))
        except TimeoutError:
            raise self._slow(text) from None

    def undecided(self, text: Text, start: int) -> int:
        """Return the place from `start` on from which following text could still make another match; the
        text's length if there is none. Raises SlowPattern.
        """
        if self._partial is None:
            self._partial = _compiled_with_time_limit(self.source, self._flags)
        try:
            while start <= len(text):
                found = self._partial.search(text, start, partial=True, timeout=WITHIN)
                if found is None:
                    break
                if found.partial or found.end() == len(text):
                    return int(found.start())
                start = found.end() + (found.end() == found.start())
        except TimeoutError:
            raise self._slow(text) from None
        return len(text)

    def _slow(self, text: Text) -> SlowPattern:
        return SlowPattern(
            f"/{_short(self.source)}/ takes too long on a text of length {len(text)} and was stopped, "
            "because it can match the same text in too many ways: write it without a repetition in "
            "a repetition, or without alternatives that start with the same text"
        )


@lru_cache(maxsize=20_000)
def pattern(source: str) -> Pattern[str]:
    """Return the compiled pattern for text. Raises PatternError."""
    return Pattern(source)


def _compiled_with_time_limit(source: str | bytes, flags: int = 0) -> Any:
    import regex  # takes 15 ms, which most servers need not spend

    try:
        return regex.compile(source, flags)
    except regex.error as error:
        raise PatternError(_why(error)) from None


def _check_repetitions(source: str) -> None:
    sizes, latest = [0], 0
    for part in _PARTS.finditer(source):
        if part[1]:
            sizes.append(0)
        elif part[2] and len(sizes) > 1:
            latest = sizes.pop()
            sizes[-1] += latest
        elif times := part[3]:  # the smallest number
            sizes[-1] += latest * (int(times) - 1)
            latest *= int(times)
        else:
            latest = 1
            sizes[-1] += 1
        if sizes[-1] > LARGEST:
            raise PatternError(f"its repetitions make it longer than {LARGEST} characters")


def _why(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _short(source: str | bytes) -> str:
    shown = source if isinstance(source, str) else source.decode("latin-1")
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
