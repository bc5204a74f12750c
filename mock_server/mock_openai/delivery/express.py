"""Turns that need not wait for anything, answered in the call that brought their request.

Who tests asks the same thing again and again. A request whose very bytes were answered in one write before is
answered so again, as long as nothing has changed that its answer depends on and no fault may strike: all that
is the same each time is known then, and a turn costs its ids, one formatting of bytes, one write and one line
in the journal. Everything else goes the usual way; a test holds both ways against each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mock_openai.bodies import MAX_SIZE
from mock_openai.control.journal import Run
from mock_openai.delivery.turn import Delivery
from mock_openai.memory import Lanes, MemoryStore, Remembered
from mock_openai.protocol.request import Request
from mock_openai.protocol.stencil import Bound, Copy
from mock_openai.responders.script import Script
from mock_openai.site import Connection, Site

_KEPT = 128
"""Requests known at once."""

_ANSWERED: Mapping[str, Any] = {"status": 200}


@dataclass(slots=True)
class Known:
    """A request that came before: what it was understood to be, and its answer but for what varies."""

    request: Request
    size: int
    shown: Mapping[str, Any]
    """What the journal says of it."""
    status: Mapping[str, Any] | None
    """What the journal says of its answer."""
    stencil: Bound
    wire: Callable[[Copy], bytes]
    """Writes an answer as it leaves."""
    version: int
    """Of the script that answers it."""


class Express:
    """The known requests of one server."""

    def __init__(self, site: Site) -> None:
        engine = site.engine
        self._site = site
        self._engine = engine
        self._known: dict[bytes, Known] = {}
        first = engine.responders[0]
        self._script = first if isinstance(first, Script) else Script()
        store = engine.store
        self._store = store if isinstance(store, MemoryStore) else MemoryStore()
        self._open = self._script is first and self._store is store and site.limiter.limits is None
        """Whether this server's answers can be given without waiting at all."""

    def find(self, data: bytes) -> Known | None:
        """Give what is known of a request with these bytes; None when it has to go the usual way."""
        known = self._known.get(data)
        if known is None or known.version != self._script.version or not self._site.plan.quiet:
            return None
        return known

    def learn(
        self, data: bytes, delivery: Delivery, shown: Mapping[str, Any], wire: Callable[[Copy], bytes]
    ) -> None:
        """Remember a request that came with these bytes, if its turn left in one write and will again."""
        opened = delivery.opened
        if not self._open or not delivery.left_at_once or opened is None or len(data) > MAX_SIZE:
            return
        turn = opened.turn
        request = turn.request
        if request is None or not _stands_alone(request):
            return
        reply = self._script.settled(turn)
        stencil = None if reply is None else self._engine.stencil(reply, request)
        if stencil is None or stencil.status != "completed":
            return
        if len(self._known) >= _KEPT:
            self._known.clear()
        status = _ANSWERED if turn.transport == "http" else None
        self._known[data] = Known(
            request, opened.size, shown, status, stencil.bound(request), wire, self._script.version
        )

    def answer(
        self,
        known: Known,
        connection: Connection,
        write: Callable[[bytes], None],
        lanes: Lanes | None = None,
    ) -> Copy:
        """Answer it once more."""
        site, engine, request = self._site, self._engine, known.request
        connection.creates += 1
        connection.turns += 1
        site.turns += 1
        copy = known.stencil.copy(engine.dice(connection.number, connection.turns), engine.clock.wall())
        kept = Remembered(
            copy.response_id,
            before=(),
            input=request.input,
            events=copy,
            input_size=known.size,
            frame_tokens=request.frame_tokens,
        )
        if request.store:
            self._store.keep(kept)
        if lanes is not None:
            lanes.advance(None, kept)
        write(known.wire(copy))
        at = asyncio.get_running_loop().time() - site.started
        site.journal.note(Run(at, connection.number, connection.turns, None, copy, known.shown, known.status))
        return copy


def _stands_alone(request: Request) -> bool:
    """Tell whether nothing that was said before has a part in the answer."""
    return (
        request.previous_response_id is None
        and request.conversation is None
        and request.stream_id is None
        and not any(item.get("type") == "item_reference" or set(item) == {"id"} for item in request.input)
    )
