"""The items of a conversation up to one response, oldest first.

Strategy: the responses of a chain share one list, and each sees the part up to its own items, so that a turn
costs the same however long its chain is. The list is copied only if a second response continues the same one.
The calls, which `conversation` checks, are kept beside the list and grow with it. An answer that only speaks
is not decoded until somebody reads it: most turns need not know what was said before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, overload

from mock_openai.protocol.calls import ABOUT_CALLS, Calls

Item = dict[str, Any]


class Spoken(Protocol):
    """An answer that consists of the assistant's messages only, not decoded yet."""

    def output(self) -> list[Item]:
        """Decode the items of the answer, at least one."""
        ...


class History(Sequence[Item]):
    """Immutable items; two histories are equal if their items are."""

    __slots__ = ("_calls", "_end", "_parts", "has_calls", "size")

    def __init__(self, items: Iterable[Item] = ()) -> None:
        items = tuple(items)
        self._parts: list[tuple[Item, ...] | Spoken] = [items] if items else []
        """The shared list: the items of all histories that share it, in non-empty parts."""
        self._end = len(self._parts)
        """The number of parts in the list that belong to this history."""
        self.size = 0
        """Bytes of the items, as far as they are known."""
        self._calls = Calls()
        self.has_calls = any(item.get("type") in ABOUT_CALLS for item in items)
        """Whether it contains calls, outputs or approvals, so that `calls` has something to check."""

    def extended(self, items: tuple[Item, ...], spoken: Spoken | None = None) -> History:
        """Return the history with these items appended, and then the assistant's answer."""
        longer = History.__new__(History)
        longer.size = self.size
        parts, longer._calls = self._parts, self._calls
        if len(parts) != self._end:  # another response continues this one
            parts, longer._calls = parts[: self._end], Calls()
        if items:
            parts.append(items)
        if spoken is not None:
            parts.append(spoken)
        longer.has_calls = self.has_calls
        for item in items:
            if item.get("type") in ABOUT_CALLS:
                longer.has_calls = True
        longer._parts, longer._end = parts, len(parts)
        return longer

    def calls(self) -> Calls:
        """Return the calls in the history, and which of them have their outputs."""
        own = self if len(self._parts) == self._end else self.extended(())
        parts, calls = own._parts, own._calls
        for part in parts[calls.parts :]:
            if isinstance(part, tuple):
                calls.take(part)
        calls.parts = len(parts)
        return calls

    def is_answered(self) -> bool:
        """Return whether it is known, without decoding anything, that the assistant spoke last."""
        return self._end > 0 and not isinstance(self._parts[self._end - 1], tuple)

    def _read(self, place: int) -> tuple[Item, ...]:
        part = self._parts[place]
        if not isinstance(part, tuple):
            part = self._parts[place] = tuple(part.output())
        return part

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return tuple(self)[index]
        for item in islice(self, index, None) if index >= 0 else islice(reversed(self), -1 - index, None):
            return item
        raise IndexError("there is no such item in the history")

    def __len__(self) -> int:
        return sum(len(self._read(place)) for place in range(self._end))

    def __bool__(self) -> bool:
        return self._end > 0

    def __iter__(self) -> Iterator[Item]:
        for place in range(self._end):
            yield from self._read(place)

    def __reversed__(self) -> Iterator[Item]:
        for place in range(self._end - 1, -1, -1):
            yield from reversed(self._read(place))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # items are dicts

    def __reduce__(self) -> tuple[type[History], tuple[tuple[Item, ...]]]:
        """Give copies (deep ones too) this history's own items only: neither items that others appended, nor
        an undecoded answer, whose template belongs to the server.
        """
        return History, (tuple(self),)

    def __repr__(self) -> str:
        return repr(tuple(self))
