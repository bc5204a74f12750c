"""What one WebSocket connection remembers: the latest response of each lane.

The rules are OpenAI's WebSocket guide: a connection keeps only the most recent response of a lane, also with
`store: false`; a failed continuation on the same lane evicts its parent, a failed fork does not; at most 32
lanes may be named in a connection's life. Everything is forgotten when the socket closes.
"""

from __future__ import annotations

import re
from collections import OrderedDict

from mock_openai.memory.store import Remembered
from mock_openai.protocol.errors import invalid_stream_id, stream_limit_reached

MAX_LANES = 32
"""Distinct lane names in a connection's life (documented); the default lane is not counted."""

MAX_KEPT = 1024
"""Responses that a connection keeps if `socket_memory` is "all"."""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,256}")


class LaneMemory:
    """The lanes of one connection, by `stream_id`; None is the default lane."""

    def __init__(self, limit: int = MAX_LANES, *, keep_all: bool = False) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, Remembered] | None = OrderedDict() if keep_all else None
        self._names: set[str] = set()
        self._latest: dict[str | None, Remembered] = {}

    def admit(self, stream_id: object) -> str | None:
        """Return the lane that a create names. Raises ApiError if the name is malformed, or one lane too
        many.
        """
        if stream_id is None:
            return None
        if not isinstance(stream_id, str) or not _NAME.fullmatch(stream_id):
            raise invalid_stream_id()
        if stream_id not in self._names:
            if len(self._names) >= self._limit:
                raise stream_limit_reached(self._limit)
            self._names.add(stream_id)
        return stream_id

    def find(self, response_id: str) -> Remembered | None:
        """Return a response if it is the latest of some lane: its own lane may continue it, another lane may
        fork.
        """
        if self._kept is not None:
            return self._kept.get(response_id)
        for remembered in self._latest.values():
            if remembered.id == response_id:
                return remembered
        return None

    def advance(self, lane: str | None, remembered: Remembered) -> None:
        """Make this response the lane's latest, in place of the one before."""
        self._latest[lane] = remembered
        if self._kept is not None:
            self._kept[remembered.id] = remembered
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)

    def evict(self, lane: str | None, response_id: str | None) -> None:
        """Forget the parent of a continuation that failed, if it is this lane's latest; other lanes keep
        theirs.
        """
        latest = self._latest.get(lane)
        if latest is not None and latest.id == response_id:
            del self._latest[lane]
            if self._kept is not None:
                self._kept.pop(response_id or "", None)
