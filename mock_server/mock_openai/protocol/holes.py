"""Bytes with holes: what fills those of a response, by number, and how they are filled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter

Values = Sequence[bytes]
"""The values that fill the holes of one turn."""

Parts = list[bytes | int]
"""Literals and holes: a value's number, or the complement of a length of padding."""

# The values of every response: the response's id and its parent's, when it was created and completed, tokens
# read, of these cached and written to the cache, and in total; then come the ids of items and calls.
RESPONSE, PREVIOUS, TIME, COMPLETED, READ, CACHED, WRITTEN, TOTAL, FIRST_ID = range(9)
VARYING = (READ, CACHED, WRITTEN, TOTAL)


class Form:
    """Bytes with holes. Filling them takes one selection of values and one join."""

    __slots__ = ("_literals", "_pick", "fixed", "pads", "size", "varying")

    def __init__(self, parts: Parts, lengths: Sequence[int]) -> None:
        holes = [part for part in parts if isinstance(part, int)]
        self.pads: tuple[int, ...] = tuple(~hole for hole in holes if hole < 0)
        """The lengths of its padding."""
        self.size = sum(
            len(part) if isinstance(part, bytes) else ~part if part < 0 else lengths[part] for part in parts
        )
        """Number of bytes, without the parts of variable length."""
        self.varying = tuple(hole for hole in holes if hole in VARYING)
        """The holes for values of variable length."""
        self.fixed = not self.varying
        """Whether it always has the same length."""
        self._literals = [b""]
        """The literal parts between the holes, with a slot for each hole."""
        for part in parts:
            if isinstance(part, int):
                self._literals += (b"", b"")
            else:
                self._literals[-1] += part
        pads = iter(range(len(lengths), len(lengths) + len(self.pads)))
        places = [hole if hole >= 0 else next(pads) for hole in holes]
        self._pick: Callable[[Values], Sequence[bytes]] = _picker(places)

    def size_with(self, values: Values) -> int:
        """Return the number of bytes once the holes are filled with these values."""
        return self.size + sum(len(values[hole]) for hole in self.varying)

    def filled(self, values: Values) -> bytes:
        """Fill the holes. `values` ends with the padding."""
        pieces = self._literals.copy()
        pieces[1::2] = self._pick(values)
        return b"".join(pieces)


def _picker(places: Sequence[int]) -> Callable[[Values], Sequence[bytes]]:
    """Return a function that selects the values at these positions."""
    if len(places) < 2:  # where `itemgetter` does not return a tuple
        return lambda values: [values[place] for place in places]
    return itemgetter(*places)
