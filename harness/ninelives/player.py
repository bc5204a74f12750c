"""Answers from a cassette: a responder for the mock server, so that pacing and faults apply to real traffic
too.

    async with MockServer(responders=[Player("weather.jsonl")]) as server: ...

Every recorded exchange is given once, to the first request with the same meaning, over either transport. A
request without a recording gets an error that names the nearest one and shows the differences.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event, Timed
from mock_openai.protocol.json import object_in
from mock_openai.responders.answer import Answer, Recorded
from mock_openai.responders.base import Turn
from mock_openai.wire.hop_by_hop import OF_THE_BODY

from ninelives.cassette import Cassette, Exchange, Redactor
from ninelives.cassette.cassette import stack
from ninelives.cassette.convert import load
from ninelives.cassette.matching import Matcher, Matching, Wanted
from ninelives.fresh import FreshIds

NO_RECORDING = "ninelives_no_recording"
"""The error code for a request without an answer in the cassette."""

_STREAM_HEADERS = {"content-type": "text/event-stream; charset=utf-8"}
_JSON_HEADERS = {"content-type": "application/json"}


class Player:
    """A responder that answers from one cassette or several; vcrpy's YAML, HAR and exchange files work too.

    `timing` is "recorded" (events keep their distances), "none", or a number that scales them; it needs the
    server's pace "recorded". With `ordered` the requests must come in the recorded order. With `repeat` the
    last matching recording is repeated once all are used. With `strict=False` a request without a recording
    is passed on to the next responder instead of being refused. With `ids` "fresh" every replay has ids of
    its own, drawn from `seed` (None: new in every run). `ignore`, `compare` and `matchers` are those of
    `Matching`.
    """

    reads_only = True
    takes_errors = True
    """Whether it is asked even about requests that the mock server would refuse: the recording decides."""

    def __init__(
        self,
        cassette: Cassette | Path | str | Iterable[Cassette | Path | str],
        *,
        timing: Literal["recorded", "none"] | float = "recorded",
        ordered: bool = False,
        repeat: bool = False,
        strict: bool = True,
        ignore: Iterable[str] = (),
        compare: Iterable[str] = (),
        matchers: Iterable[Matcher] = (),
        ids: Literal["recorded", "fresh"] = "recorded",
        seed: int | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        given = [cassette] if isinstance(cassette, Cassette | Path | str) else list(cassette)
        self.cassettes = [one if isinstance(one, Cassette) else load(one) for one in given]
        self.exchanges: list[Exchange] = stack(self.cassettes)
        """All exchanges, those of the first cassette first."""
        self.missed: list[str] = []
        """The answers to requests that had no recording."""
        self._redactor = redactor or Redactor()
        self._matching = Matching(
            self.exchanges, ignore=ignore, compare=compare, matchers=matchers, redactor=self._redactor
        )
        self._scale = {"recorded": 1.0, "none": 0.0}[timing] if isinstance(timing, str) else timing
        self._ordered, self._repeat, self._strict = ordered, repeat, strict
        self._used: Counter[int] = Counter()
        self._fresh = FreshIds(seed) if ids == "fresh" else None

    @property
    def used(self) -> list[Exchange]:
        """The exchanges that have answered a request, in recorded order."""
        return [exchange for place, exchange in enumerate(self.exchanges) if place in self._used]

    @property
    def unused(self) -> list[Exchange]:
        """The exchanges that no request has used, in recorded order."""
        return [exchange for place, exchange in enumerate(self.exchanges) if place not in self._used]

    def reset(self) -> None:
        """Begin again: every exchange is unused."""
        self._used.clear()
        self.missed.clear()

    def recorded(self, body: Mapping[str, Any]) -> Exchange | None:
        """Return the recorded exchange for a request for a response, without using it; None if there is
        none.
        """
        places = self._matching.places(Wanted("POST", "/v1/responses", body, streamed=True))
        places = places or self._matching.places(Wanted("POST", "/v1/responses", body, streamed=False))
        return self.exchanges[places[0]] if places else None

    async def answer(self, turn: Turn) -> Answer | None:
        """Return the recorded answer to a request for a response, or an error that explains why there is
        none.
        """
        streamed = turn.transport == "websocket" or turn.body.get("stream") is True
        body = turn.body
        called: Mapping[str, str] = {}
        if self._fresh is not None:
            body, _, called = self._fresh.recorded(body)
        path = f"/v1/responses?{turn.query}" if turn.query else "/v1/responses"
        exchange = self._find(Wanted("POST", path, body, streamed))
        if isinstance(exchange, str):
            return _error(exchange) if self._strict else None
        lane = turn.body.get("stream_id")
        recorded = self._recorded(exchange, turn.transport, lane if isinstance(lane, str) else None)
        return self._fresh.renewed(recorded, called, creates=True) if self._fresh else recorded

    async def answer_http(self, method: str, path_qs: str, body: bytes) -> Recorded | None:
        """Return the recorded answer to any other HTTP request."""
        value = object_in(body)
        streamed = isinstance(value, dict) and value.get("stream") is True
        called: Mapping[str, str] = {}
        if self._fresh is not None:
            value, path_qs, called = self._fresh.recorded(value, path_qs)
        exchange = self._find(Wanted(method, path_qs, value, streamed))
        if isinstance(exchange, Exchange):
            recorded = self._recorded(exchange, "http", None)
            whole = exchange.answer if exchange.complete else recorded.body
            recorded = dataclasses.replace(recorded, body=whole)  # for a server that sends it in one piece
            return self._fresh.renewed(recorded, called, creates=False) if self._fresh else recorded
        if not self._strict:
            return None
        error = _error(exchange)
        return Recorded(error.status, _JSON_HEADERS, body=_pretty(error.body()))

    async def answer_handshake(self, path_qs: str) -> Recorded | None:
        """Return the recorded refusal of a WebSocket handshake, each once; None lets the handshake succeed.

        A cassette with nothing but refusals refuses again.
        """
        refusals = [place for place, one in enumerate(self.exchanges) if _refuses_upgrade(one)]
        free = [place for place in refusals if place not in self._used]
        if not free and self._repeat and len(refusals) == len(self.exchanges):
            free = refusals[-1:]
        if not free:
            return None
        self._used[free[0]] += 1
        return self._recorded(self.exchanges[free[0]], "http", None)

    def _find(self, request: Wanted) -> Exchange | str:
        """Use and return the exchange that answers, or the reason why there is none."""
        places = self._matching.places(request)
        free = [place for place in places if place not in self._used]
        if self._ordered:
            following = next((place for place in range(len(self.exchanges)) if place not in self._used), None)
            free = [place for place in free if place == following]
        if not free and self._repeat:
            free = places[-1:]
        if free:
            self._used[free[0]] += 1
            return self.exchanges[free[0]]
        why = self._matching.explain(request, self._used)
        if self._ordered and places and any(place not in self._used for place in places):
            why = f"the recording has another request before it (ordered replay); {why}"
        message = f"No recording in {self._names()} matches this request: {why}"
        clean = self._redactor.text(message.encode()).decode()
        self.missed.append(clean)
        return clean

    def _names(self) -> str:
        return ", ".join(cassette.path.name for cassette in self.cassettes)

    def _recorded(
        self, exchange: Exchange, transport: Literal["http", "websocket"], lane: str | None
    ) -> Recorded:
        headers = {name: value for name, value in exchange.headers.items() if name not in OF_THE_BODY}
        ends = (exchange.last.t - exchange.first.t) / 1000 * self._scale if exchange.last else 0.0
        status, ending = exchange.status or 0, exchange.ending
        if exchange.transport == transport == "http" and not exchange.streamed:
            if not exchange.complete:  # the events that arrived, then the break
                tail = (exchange.answer or b"") if exchange.head else None
                return Recorded(status, headers, ending=ending, ends=ends, tail=tail)
            return Recorded(status, headers, body=exchange.answer or b"", ending=ending)
        events = tuple(
            Timed(timed.at * self._scale, _in_lane(timed.event, lane, transport)) for timed in exchange.events
        )
        if exchange.transport == transport:
            reads = exchange.reads
            chunks = tuple((at * self._scale, data) for at, data in reads) if reads and lane is None else None
            tail = None if transport == "http" and not exchange.head else exchange.unfinished
            return Recorded(status, headers, events, ending=ending, chunks=chunks, ends=ends, tail=tail)
        if transport == "http":
            return dataclasses.replace(_as_stream(exchange, events), ends=ends, tail=b"")
        return dataclasses.replace(_as_frames(exchange, events), ends=ends)


def open_player(
    path: str, *, timing: str = "recorded", ids: Literal["recorded", "fresh"] = "recorded"
) -> Player:
    """Return the player for `mock-openai serve --cassette PATH`. It repeats recordings, because a server
    outlives one conversation.

    `timing` is "recorded", "none" or a number as text.
    """
    if timing in ("recorded", "none"):
        return Player(path, timing="recorded" if timing == "recorded" else "none", repeat=True, ids=ids)
    return Player(path, timing=float(timing), repeat=True, ids=ids)


def _refuses_upgrade(exchange: Exchange) -> bool:
    path = (exchange.path or "").partition("?")[0]
    refused = exchange.method == "GET" and exchange.transport == "http" and (exchange.status or 0) >= 300
    return refused and path.endswith("/responses")


def _error(message: str) -> ApiError:
    return ApiError(
        status=404, message=message, type="invalid_request_error", param=None, code=NO_RECORDING, headers={}
    )


def _in_lane(event: Event, lane: str | None, transport: str) -> Event:
    """Return an event with the lane that the client expects; unchanged if the recording has the same lane."""
    if lane is None or transport != "websocket" or not event.data.startswith(b"{"):
        return event
    value = json.loads(event.data)
    if value.get("stream_id") == lane:
        return event
    if "stream_id" in value:
        return msgspec.structs.replace(event, data=msgspec.json.encode({**value, "stream_id": lane}))
    named = (
        event.data.rstrip()[:-1]
        + (b"," if value else b"")
        + b'"stream_id":'
        + msgspec.json.encode(lane)
        + b"}"
    )
    return msgspec.structs.replace(event, data=named)


def _as_stream(exchange: Exchange, events: tuple[Timed, ...]) -> Recorded:
    """Return a WebSocket turn for an HTTP client: events as a stream, a refusal as an HTTP error."""
    if len(events) == 1 and events[0].event.type == "error":
        frame = json.loads(events[0].event.data)
        if isinstance(frame.get("status"), int):
            error = frame.get("error") or {}
            ordered = {name: error.get(name) for name in ("message", "type", "param", "code")}
            return Recorded(frame["status"], _JSON_HEADERS, body=_pretty({"error": ordered}))
    ending = exchange.ending
    broken: Literal["end", "reset", "fin"] = ending if isinstance(ending, str) else "fin"
    whole = tuple(timed for timed in events if timed.event.data)
    return Recorded(200, _STREAM_HEADERS, whole, ending="end" if exchange.complete else broken)


def _as_frames(exchange: Exchange, events: tuple[Timed, ...]) -> Recorded:
    """Return an HTTP answer for a WebSocket client: events as frames, an HTTP error as an error frame."""
    if exchange.streamed:
        whole = tuple(
            Timed(timed.at, msgspec.structs.replace(timed.event, wire=None))
            for timed in events
            if timed.event.data
        )
        return Recorded(101, {}, whole, ending=exchange.ending)
    error = (object_in(exchange.answer) or {}).get("error")
    named = (
        error if isinstance(error, dict) else {"message": (exchange.answer or b"").decode("utf-8", "replace")}
    )
    ordered = {name: named.get(name) for name in ("type", "code", "message", "param")}
    frame = msgspec.json.encode({"type": "error", "status": exchange.status or 500, "error": ordered})
    at = (exchange.ended - exchange.began) / 1000
    return Recorded(101, {}, (Timed(at, Event("error", frame)),), ending=exchange.ending)


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2)
