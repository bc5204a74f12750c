"""Can what stands at the end of a text still become a match? The question a stream asks before it lets a text
go.

`re` cannot be asked for partial matches, but a pattern can be turned into one that matches every beginning of
its matches, provided that the text ends there. Strategy: on the parsed pattern, each item either runs out of
text or is matched whole and followed by the same question about the rest. What looks ahead is taken as
undecided. A pattern that cannot be turned (backreferences, hundreds of items) is answered for by its width:
the last bytes are then always undecided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any

WIDEST = 512
"""Bytes at the end of a text that are undecided for a pattern that cannot be turned."""

# The parser and the compiler of the standard library, which have no public name since Python 3.11.
_parser: Any = import_module("re._parser")
_compiler: Any = import_module("re._compiler")
_ops: Any = import_module("re._constants")

_PLAIN = frozenset({_ops.LITERAL, _ops.NOT_LITERAL, _ops.ANY, _ops.IN, _ops.CATEGORY, _ops.RANGE})
_REPEATS = frozenset({_ops.MAX_REPEAT, _ops.MIN_REPEAT, _ops.POSSESSIVE_REPEAT})
_BEGINNINGS = frozenset({_ops.AT_BEGINNING, _ops.AT_BEGINNING_LINE, _ops.AT_BEGINNING_STRING})
_OUT_OF_TEXT = [(_ops.AT, _ops.AT_END_STRING)]
_AHEAD = 1


class _CannotBeTurned(Exception):
    pass


def undecided(patterns: Iterable[re.Pattern[bytes]], text: bytes, start: int) -> int:
    """The place from `start` on from which the text's end could be the beginning of a match of any pattern;
    the text's length when there is none.
    """
    found = len(text)
    for pattern in patterns:
        turned = _turned(pattern)
        if turned is None:
            found = min(found, max(start, len(text) - WIDEST))
        elif (match := turned.search(text, start)) is not None:
            found = min(found, match.start())
    return found


@lru_cache(maxsize=256)
def _turned(pattern: re.Pattern[bytes]) -> re.Pattern[bytes] | None:
    try:
        parsed = _parser.parse(pattern.pattern, pattern.flags)
        turned: re.Pattern[bytes] = _compiler.compile(_Turn(parsed.state).sequence(parsed))
    except (_CannotBeTurned, RecursionError, AttributeError, TypeError, ValueError):
        return None
    return turned


class _Turn:
    """Rewrites one parsed pattern."""

    def __init__(self, state: Any) -> None:
        self._state = state

    def sequence(self, items: Any) -> Any:
        """What matches every true beginning of the items that reaches the end of the text."""
        turned: list[Any] | None = None
        for op, value in reversed(list(items)):
            ways = self._within(op, value)
            if turned is not None:
                ways.append([*([(op, value)] if self._stays(op, value) else []), *turned])
            turned = [(_ops.BRANCH, (None, [self._sub(way) for way in ways]))] if ways else None
        if turned is None:  # nothing can run out of text here: a pattern that never matches
            turned = [(_ops.ASSERT_NOT, (_AHEAD, self._sub([])))]
        return self._sub(turned)

    def _sub(self, items: list[Any]) -> Any:
        return _parser.SubPattern(self._state, items)

    def _within(self, op: Any, value: Any) -> list[list[Any]]:
        """The ways in which the text can end within one item."""
        if op in _PLAIN:
            return [_OUT_OF_TEXT]
        if op is _ops.SUBPATTERN:
            _, add, remove, inner = value
            return [[(op, (None, add, remove, self.sequence(inner)))]]
        if op is _ops.ATOMIC_GROUP:
            return [list(self.sequence(value))]
        if op in _REPEATS:
            _, most, inner = value
            whole = most if most is _ops.MAXREPEAT else most - 1
            return [[(_ops.MAX_REPEAT, (0, whole, inner)), *self.sequence(inner)]] if most else []
        if op is _ops.BRANCH:
            return [list(self.sequence(way)) for way in value[1] if len(way)]
        if op is _ops.AT:
            return [] if value in _BEGINNINGS else [_OUT_OF_TEXT]
        if op in (_ops.ASSERT, _ops.ASSERT_NOT):
            return [_OUT_OF_TEXT] if value[0] == _AHEAD else []
        raise _CannotBeTurned

    def _stays(self, op: Any, value: Any) -> bool:
        """Whether an item can be asked for before the rest is known."""
        if op is _ops.AT:
            return value in _BEGINNINGS
        return op not in (_ops.ASSERT, _ops.ASSERT_NOT) or value[0] != _AHEAD
