"""The items of a conversation up to one response, oldest first.

Strategy: the responses of a chain share one list, of which each sees its own beginning, so that a turn costs
the same however long its chain is. Only where a second response continues the same one, the list is copied up
to there. What `conversation` has to know of the calls is kept beside the list and grows with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, overload

from mock_openai.protocol.calls import Calls

Item = dict[str, Any]


class History(Sequence[Item]):
    """Items that nobody changes; equal if the items are equal."""

    __slots__ = ("_calls", "_end", "_items")

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._items = list(items)
        self._end = len(self._items)
        self._calls = Calls()

    def extended(self, items: Iterable[Item]) -> History:
        """Return the conversation with these items appended."""
        longer = self._at_tip()
        longer._items.extend(items)
        longer._end = len(longer._items)
        return longer

    @property
    def calls(self) -> Calls:
        """The calls in it, and which of them have their outputs."""
        own = self if len(self._items) == self._end else self._at_tip()
        own._calls.take(own._items[own._calls.taken :])
        return own._calls

    def _at_tip(self) -> History:
        """Return a view of the whole list; the list may be longer than this view."""
        if len(self._items) != self._end:
            return History(self)
        same = History.__new__(History)
        same._items, same._end, same._calls = self._items, self._end, self._calls
        return same

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return tuple(self)[index]
        if not -self._end <= index < self._end:
            raise IndexError("there is no such item in the history")
        return self._items[index if index >= 0 else self._end + index]

    def __len__(self) -> int:
        return self._end

    def __iter__(self) -> Iterator[Item]:
        return islice(self._items, self._end)

    def __reversed__(self) -> Iterator[Item]:
        return islice(reversed(self._items), len(self._items) - self._end, None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # items are dicts

    def __repr__(self) -> str:
        return repr(tuple(self))


def as_history(items: Sequence[Item]) -> History:
    """Return items as a History."""
    return items if isinstance(items, History) else History(items)
