"""Which replies have a template, and how one is compiled.

Strategy: the first time a reply is sent with certain settings, `events` writes it event by event. The second
time, `events` writes it with marks in place of ids, times, counts and padding; splitting that at the marks
gives the template. So only `events` knows what events look like; a test compares both results byte for byte.

Replies of text, refusals and calls have templates. A reply that draws more than ids and padding from the
turn's seed (ciphertexts, log probabilities) is rendered anew each time.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from typing import Any

from mock_openai.protocol import json
from mock_openai.protocol.behaviour import DEFAULT, Behaviour
from mock_openai.protocol.codex_metadata import turn_of
from mock_openai.protocol.events import Opened, stream_events
from mock_openai.protocol.holes import (
    CACHED,
    COMPLETED,
    FIRST_ID,
    PREVIOUS,
    READ,
    RESPONSE,
    TIME,
    TOTAL,
    WRITTEN,
    Parts,
)
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.random_source import RandomSource
from mock_openai.protocol.reply import Call, Refusal, Reply, Text, Usage
from mock_openai.protocol.request import Request
from mock_openai.protocol.response import open_response, with_billing
from mock_openai.protocol.sequences import LOGPROBS
from mock_openai.protocol.template import Template
from mock_openai.protocol.tool_list import loads_tools
from mock_openai.protocol.usage import cache_use, prefix_tokens
from mock_openai.threads import is_large

MAX_SIZE = 256 * 1024
"""Bytes of the largest stream with a template, and of the largest settings that it is for; longer streams
should leave in several writes anyway.
"""

_KEPT = 64
"""Templates held at once; each takes about twice the bytes of its stream."""


class Templates:
    """The templates of one server. If there are too many, the oldest is dropped, but one that was used since
    is spared once.
    """

    def __init__(self, behaviour: Behaviour = DEFAULT) -> None:
        self._behaviour = behaviour
        self._known: dict[tuple[Any, ...], Template | None] = {}
        self._used: set[Template] = set()
        """Templates used since they were last spared. Moving a used one to the end instead would hash its
        reply again.
        """

    def clear(self) -> None:
        """Forget all of them."""
        self._known.clear()
        self._used.clear()

    def find(self, reply: Reply, request: Request) -> Template | None:
        """Return the template for a reply under a request's settings; None if it has none, or the reply is
        sent for the first time.
        """
        settings = request.settings
        if len(settings) > MAX_SIZE or (not request.only_messages and loads_tools(request.input)):
            return None
        parent = request.previous_response_id
        key = (reply, settings, 0 if parent is None else _length_of_parent(request))
        try:
            found = self._known.get(key, key)
        except TypeError:  # annotations are no hashable values
            return None
        if found is key:
            if not _has_template(reply, request):
                return None
            if len(self._known) >= _KEPT:
                self._drop_one()
            self._known[key] = None
            return None
        if found is None:
            found = self._known[key] = _compiled(reply, request, self._behaviour)
        assert isinstance(found, Template)
        self._used.add(found)
        return found if found.size <= MAX_SIZE else None

    def _drop_one(self) -> None:
        while True:
            oldest = next(iter(self._known))
            template = self._known.pop(oldest)
            if template not in self._used:
                return
            self._used.remove(template)
            self._known[oldest] = template


def _length_of_parent(request: Request) -> int:
    """Return the length of the parent's id (the same for all ids of this server); 0 without a parent."""
    return len((request.previous_response_id or "").encode())


def _has_template(reply: Reply, request: Request) -> bool:
    """Return whether replies under these settings have a template, unless the input loads tools."""
    return (
        not is_large(reply, MAX_SIZE // 16)
        and not request.background
        and request.generate
        and request.compact_threshold is None
        and LOGPROBS not in request.include
        and turn_of(request) is None
        and all(isinstance(item, Text | Refusal | Call) for item in reply.items)
    )


class _Marks(Ids):
    """Placeholders for ids, times, counts and padding while a template is compiled, and how to find them
    again.
    """

    def __init__(self, own: int) -> None:
        self.token = secrets.token_hex(8)
        self.time = 9_000_000_000 + secrets.randbelow(10**8)
        self.completed = self.time + 10**8
        self.read = 10**12 + secrets.randbelow(10**12)
        self.history = self.read - own
        self.written = 10**12 + secrets.randbelow(10**12)
        self.made: list[str | None] = []
        """The prefixes of the ids made, in order; None for a call id."""
        self.cached = 0
        self.output = 0
        super().__init__(RandomSource(""), self.clock)

    def clock(self) -> float:
        return float(self.completed)

    def item(self, prefix: str, response_id: str) -> str:
        return self._made(prefix)

    def call(self) -> str:
        return self._made(None)

    def take(self, length: int) -> str:
        return f"{self.token}P{length}."

    def name(self, letter: str) -> str:
        return f"{self.token}{letter}."

    def split(self, data: bytes) -> Parts:
        """Split written bytes at the marks."""
        token = self.token.encode()
        numbers = {
            self.time: TIME,
            self.completed: COMPLETED,
            self.read: READ,
            self.cached: CACHED,
            self.written: WRITTEN,
            self.read + self.output: TOTAL,
        }
        holes = {b"%d" % number: hole for number, hole in numbers.items()}
        holes |= {token + b"R.": RESPONSE, token + b"V.": PREVIOUS}
        holes |= {token + b"I%d." % at: FIRST_ID + at for at in range(len(self.made))}
        parts: Parts = []
        end = 0
        for found in re.finditer(rb"%b(?:[RV]|[IP]\d+)\.|(?<!\d)\d{10,13}(?!\d)" % token, data):
            hole = holes.get(found[0])
            if hole is None and found[0].startswith(token):
                hole = ~int(found[0][len(token) + 1 : -1])
            if hole is not None:
                parts += (data[end : found.start()], hole)
                end = found.end()
        return [*parts, data[end:]]

    def _made(self, prefix: str | None) -> str:
        self.made.append(prefix)
        return self.name(f"I{len(self.made) - 1}")


def _compiled(reply: Reply, request: Request, behaviour: Behaviour) -> Template:
    own = request.tokens
    marks = _Marks(own)
    # The tokens written to the cache are not a sum of other marks, so they have a mark of their own.
    told = reply.usage or Usage()
    _, marks.cached = cache_use(request.model, marks.read, prefix_tokens(request, marks.history))
    if told.cache_write_tokens is None:
        reply = replace(reply, usage=replace(told, cache_write_tokens=marks.written))
    response = open_response(request, id=marks.name("R"), created_at=marks.time)
    if request.previous_response_id is not None:
        response["previous_response_id"] = marks.name("V")
    events = list(
        stream_events(
            reply,
            Opened(
                request=request,
                response=response,
                ids=marks,
                random_source=RandomSource(""),
                clock=marks.clock,
                history_tokens=marks.history,
                behaviour=behaviour,
                padding=marks,
            ),
        )
    )
    ended = json.parse(events[-1].data)["response"]
    marks.output = (ended["usage"] or {}).get("output_tokens", 0)
    body = marks.split(json.pretty(with_billing(ended)))
    outcome = marks.split(json.compact({name: ended[name] for name in ("output", "usage")}))
    return Template(
        [(event.type, marks.split(event.data)) for event in events],
        body,
        outcome,
        status=ended["status"],
        made_of=marks.made,
        parent=_length_of_parent(request),
        output=marks.output,
        told_read=told.input_tokens,
        only_speaks=bool(ended["usage"] and ended["output"])
        and all(item["type"] == "message" for item in ended["output"]),
    )
