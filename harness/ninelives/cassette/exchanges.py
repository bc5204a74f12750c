"""An exchange: one request and its answer, which is a plain HTTP answer, an event stream or one turn on a
WebSocket.

An Exchange is a view on a cassette's lines. It decodes only what is asked for, because a test that replays
one exchange should not pay for a thousand others in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from mock_openai.protocol import json

import ninelives.cassette.lines as lines
import ninelives.cassette.payload as payload
import ninelives.cassette.sse as sse

if TYPE_CHECKING:
    from mock_openai.protocol.events import Timed
    from mock_openai.responders.answer import Close

_BROKEN: dict[str, Literal["reset", "fin"]] = {
    "fin": "fin",
    "protocol": "fin",
}  # every other way looks like a reset


class _Terminal(msgspec.Struct):
    type: str = ""
    response: msgspec.Raw = msgspec.Raw()
    item: msgspec.Raw = msgspec.Raw()


class _Identified(msgspec.Struct):
    id: str = ""
    output: list[msgspec.Raw] = []


@dataclass(eq=False)
class Exchange:
    """One recorded request and its answer."""

    number: int
    """Its number among the cassette's exchanges, from 1, in the order in which they began."""
    line: int
    """The line number in the file at which it begins."""
    opened: lines.Request | lines.Open
    """The HTTP request, or the handshake of the socket."""
    first: lines.Request | lines.Send | lines.Open
    """The line with the request; of a WebSocket turn its `response.create`."""
    head: lines.Response | None = None
    answers: list[lines.EventLine | lines.BodyLine | lines.Recv] = field(default_factory=list)
    """The lines of the answer, in order."""
    parts: list[lines.Part] = field(default_factory=list)
    """Frames of a message that was not finished when the socket ended."""
    sent: list[lines.Send] = field(default_factory=list)
    """Other messages of the client during a WebSocket turn (for example a cancellation)."""
    last: lines.End | lines.Abort | lines.CloseLine | None = None
    """How it ended; None for a turn after which the socket stayed open, and after a crash."""
    complete: bool = False
    """Whether the answer ended normally."""

    @property
    def connection(self) -> int:
        """The connection's number, `c` in the file."""
        return self.first.c

    @property
    def transport(self) -> Literal["http", "websocket"]:
        """The transport: `http` or `websocket`."""
        return "websocket" if isinstance(self.first, lines.Send) else "http"

    @property
    def method(self) -> str:
        """The HTTP method; GET for a WebSocket."""
        return self.opened.method if isinstance(self.opened, lines.Request) else "GET"

    @property
    def path(self) -> str:
        """Path and query as requested."""
        return self.opened.path

    @property
    def request_headers(self) -> Mapping[str, str]:
        """The recorded headers of the request (or handshake), names in lower case."""
        return self.opened.headers

    @property
    def began(self) -> float:
        """When the request was sent, in milliseconds since the recording began."""
        return self.first.t

    @property
    def ended(self) -> float:
        """When the last byte of the answer came, in milliseconds since the recording began."""
        return max((line.t for line in self.answers[-1:]), default=self.last.t if self.last else self.first.t)

    @cached_property
    def request(self) -> bytes:
        """The request's body (or WebSocket message), byte for byte."""
        return lines.exact_bytes(self.first)

    @cached_property
    def body(self) -> Any:
        """The request's body as a JSON value; None if the API could not read it as JSON."""
        try:
            return json.parse_shallow(self.request) if self.request else None
        except ValueError:
            return None

    @property
    def status(self) -> int | None:
        """The HTTP status (101 for a WebSocket turn); None if the connection broke before there was one."""
        if isinstance(self.opened, lines.Open):
            return self.opened.status
        return self.head.status if self.head else None

    @property
    def headers(self) -> Mapping[str, str]:
        """The recorded headers of the answer, names in lower case."""
        if isinstance(self.opened, lines.Open):
            return self.opened.answer
        return self.head.headers if self.head else {}

    @property
    def streamed(self) -> bool:
        """Whether the answer came as events."""
        if self.transport == "websocket":
            return True
        return self.headers.get("content-type", "").lower().startswith("text/event-stream")

    @cached_property
    def answer(self) -> bytes | None:
        """The answer's body, byte for byte (also the whole text of a stream); None for a WebSocket turn."""
        if self.transport == "websocket":
            return None
        return b"".join(map(lines.exact_bytes, self.answers))

    @cached_property
    def events(self) -> tuple[Timed, ...]:
        """The events of a stream or turn, each with its seconds since the request."""
        from mock_openai.protocol.events import Event, Timed

        timed = []
        for line in self.answers:
            if isinstance(line, lines.BodyLine):
                continue
            at = (line.t - self.first.t) / 1000
            exact = lines.exact_bytes(line)
            if isinstance(line, lines.Recv):
                event = Event(payload.type_of(exact), exact, binary=line.b64 is not None and not line.op)
            elif line.raw is None and line.b64 is None and line.event is None:
                data = bytes(line.data)
                event = Event(payload.type_of(data), data)
            else:
                event = Event(*sse.parse(exact), wire=exact)
            timed.append(Timed(at, event))
        return tuple(timed)

    @cached_property
    def reads(self) -> tuple[tuple[float, bytes], ...] | None:
        """The network reads of a stream, each with its seconds since the request; None if each was one
        event.
        """
        streamed = [line for line in self.answers if isinstance(line, lines.EventLine)]
        if not any(line.cuts or line.joined for line in streamed):
            return None
        reads: list[tuple[float, bytes]] = []
        pending, t = b"", 0
        for line in streamed:
            data, start, t = lines.exact_bytes(line), 0, line.t
            for offset, cut_t in line.cuts:
                reads.append(((cut_t - self.first.t) / 1000, pending + data[start:offset]))
                pending, start = b"", offset
            pending += data[start:]
            if not line.joined:
                reads.append(((t - self.first.t) / 1000, pending))
                pending = b""
        if pending:
            reads.append(((t - self.first.t) / 1000, pending))
        return tuple(reads)

    @property
    def unfinished(self) -> bytes:
        """The frames of a WebSocket message that was not finished when the socket ended, byte for byte."""
        return b"".join(map(lines.exact_bytes, self.parts))

    @property
    def ending(self) -> Literal["end", "reset", "fin"] | Close:
        """How the answer ended: normally, by a broken connection, or by a WebSocket close."""
        if isinstance(self.last, lines.CloseLine):
            from mock_openai.responders.answer import Close

            return Close(self.last.code, self.last.reason)
        if isinstance(self.last, lines.Abort):
            return _BROKEN.get(self.last.how, "reset")
        return "end" if self.complete else "reset"

    @cached_property
    def response_id(self) -> str | None:
        """The id of the response that was created (or read), or None."""
        return self._response[0] or None

    @cached_property
    def output(self) -> tuple[dict[str, Any], ...]:
        """The response's output items, from its last event or, if it broke off, the items that were
        finished.
        """
        return tuple(item for item in self._response[1] if isinstance(item, dict))

    @cached_property
    def _response(self) -> tuple[str, list[Any]]:
        found = ""
        output: list[Any] = []
        done: list[Any] = []
        for line in self.answers:
            try:
                if isinstance(line, lines.BodyLine):
                    whole = msgspec.json.decode(lines.exact_bytes(line), type=_Identified)
                    return whole.id, [json.parse_shallow(bytes(item)) for item in whole.output]
                data = bytes(line.data) or _data(line)
                if b'"response"' not in data and b'"item"' not in data:
                    continue
                event = msgspec.json.decode(data, type=_Terminal)
                if event.response:
                    response = msgspec.json.decode(event.response, type=_Identified)
                    found = found or response.id
                    output = [json.parse_shallow(bytes(item)) for item in response.output] or output
                elif event.type == "response.output_item.done" and event.item:
                    done.append(json.parse_shallow(bytes(event.item)))
            except (ValueError, RecursionError):
                continue
        return found, output or done


def _data(line: lines.EventLine | lines.Recv) -> bytes:
    exact = lines.exact_bytes(line)
    return sse.parse(exact)[1] if isinstance(line, lines.EventLine) else exact
