"""Turns that need not wait for anything, answered in the call that brought their request.

A turn has nothing to wait for when no fault may strike, its events are due at once and can be stencilled, a
rule of the script answers it for sure, and what it continues from is in this process's memory. Then it costs
a look at the request, its ids, one formatting of bytes, one write and one line in the journal.

And who tests asks the same thing again and again: of a request whose very bytes came before and that
continues nothing, all but the ids is known as long as the rules stay as they are.

Everything else goes the usual way, by a Delivery; a test holds both ways against each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mock_openai.bodies import MAX_SIZE
from mock_openai.control.journal import Run
from mock_openai.memory import Lanes, MemoryStore, Remembered
from mock_openai.pacing import Instant, Kept
from mock_openai.protocol.request import Request
from mock_openai.protocol.stencil import Copy, Make, Stencil, fits
from mock_openai.responders.base import Turn
from mock_openai.responders.handle import RuleHandle
from mock_openai.responders.script import Script
from mock_openai.site import Connection, Site

_KEPT = 128
"""Requests known at once."""

_SHORT = 32 * 1024
"""Bytes of the largest stream of which a known request has a stencil of its own."""

Write = Callable[[Copy], bytes]
"""Writes an answer as it leaves."""


@dataclass(slots=True)
class Asked:
    """A create that has arrived."""

    data: bytes
    """All its bytes."""
    body: Mapping[str, Any]
    size: int
    """Bytes of its body."""
    transport: Literal["http", "websocket"]
    shown: Mapping[str, Any]
    """What the journal says of it."""
    status: Mapping[str, Any] | None
    """What the journal says of its answer."""
    writer: Callable[[Request], Write]
    """Says how the answer is written, once the request is found valid."""
    again: bool
    """Whether the same came before."""


@dataclass(slots=True)
class Ready:
    """A request whose answer is ready, but for what is drawn for it."""

    body: Mapping[str, Any]
    request: Request
    history: tuple[dict[str, Any], ...]
    """What it continues from."""
    size: int
    shown: Mapping[str, Any]
    status: Mapping[str, Any] | None
    make: Make
    write: Write
    rule: RuleHandle
    """The rule that answers it."""
    version: int
    """Of the script that answers it."""


class Express:
    """The turns of one server that need not wait."""

    def __init__(self, site: Site) -> None:
        engine = site.engine
        self._site = site
        self._engine = engine
        self._known: dict[bytes, Ready] = {}
        first, store = engine.responders[0], engine.store
        # What others derive from these may answer and keep in ways of its own.
        self._script = first if type(first) is Script else Script()
        self._store = store if type(store) is MemoryStore else MemoryStore()
        self._able = (
            self._script is first
            and self._store is store
            and site.limiter.limits is None
            and isinstance(engine.pace, Instant | Kept)
        )

    @property
    def open(self) -> bool:
        """Whether this server can answer without waiting at all, as things stand; it is dear to find out by
        asking for an answer.
        """
        return self._able and self._site.plan.quiet and not self._script.empty

    def find(self, data: bytes) -> Ready | None:
        """Give the answer to a request with these very bytes, if that is known."""
        known = self._known.get(data)
        if known is None or known.version != self._script.version or not self._site.plan.quiet:
            return None
        return known if fits(self._engine.clock.wall()) else None

    def prepare(self, asked: Asked, lanes: Lanes | None = None) -> Ready | None:
        """Give the answer to a request; None when there is anything to wait for, or to refuse. Ask only while
        `open`.
        """
        try:
            return self._prepare(asked, lanes)
        except Exception:
            # An ApiError, or a defect of ours: it comes up the usual way too, where it is told.
            return None

    def _prepare(self, asked: Asked, lanes: Lanes | None) -> Ready | None:
        admission = self._engine.admission
        request = admission.read(asked.body, asked.transport, asked.size)
        found = None if request.stream_id is not None else admission.at_once(request, lanes, asked.size)
        if found is None:
            return None
        history, tokens = found
        settled = self._script.settled(Turn(asked.body, asked.transport, request, history=history))
        if settled is None:
            return None
        rule, reply = settled
        stencil = self._engine.stencil(reply, request, new=False)
        if stencil is None or stencil.status != "completed":
            return None
        write = asked.writer(request)
        learned = asked.again and request.previous_response_id is None and len(asked.data) <= MAX_SIZE
        # Sessions are many, and a stencil takes three times the bytes of its stream.
        if learned and stencil.size <= _SHORT and self._engine.session is None:
            write = _by(stencil.bound(request), write)
        ready = Ready(
            asked.body,
            request,
            history,
            asked.size,
            asked.shown,
            asked.status,
            stencil.filler(request, tokens),
            write,
            rule,
            self._script.version,
        )
        if learned:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[asked.data] = ready
        return ready

    def answer(
        self, ready: Ready, connection: Connection, send: Callable[[bytes], None], lanes: Lanes | None = None
    ) -> Copy:
        """Answer it."""
        site, engine, request = self._site, self._engine, ready.request
        ready.rule.begin(ready.body)
        connection.creates += 1
        connection.turns += 1
        site.turns += 1
        copy = ready.make(engine.dice(connection.number, connection.creates), engine.clock.wall())
        kept = Remembered(
            copy.response_id,
            before=ready.history,
            input=request.input,
            events=copy,
            parent=request.previous_response_id,
            input_size=ready.size,
            frame_tokens=request.frame_tokens,
        )
        if request.store:
            self._store.keep(kept)
        if lanes is not None:
            lanes.advance(None, kept)
        send(ready.write(copy))
        at = asyncio.get_running_loop().time() - site.started
        site.journal.note(
            Run(at, connection.number, connection.creates, None, copy, ready.shown, ready.status)
        )
        return copy


def _by(stencil: Stencil, write: Write) -> Write:
    """Write by a stencil that only the known request has: the copy, which memory and journal keep, has the
    one that all share.
    """
    return lambda copy: write(stencil.over(copy))
