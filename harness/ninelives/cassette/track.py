"""One exchange or socket on its way into a cassette: a method for each thing that can happen to it.

A `Track` takes what was received, redacts it, renders the line, reads the line back to prove that it says the
same, and hands it on. It knows no file and no clock but the ones it is given, so the recorder, the
conversions and vcrpy's serializer all write through it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import ninelives.cassette.lines as lines
import ninelives.cassette.payload as payload
import ninelives.cassette.sse as sse
from ninelives.cassette.lines import How, render
from ninelives.cassette.payload import Fields
from ninelives.cassette.redact import RecordedRequest, Redactor

Headers = Mapping[str, str] | Iterable[tuple[str, str]]
Side = Literal["server", "client"]


class InexactRecording(Exception):
    """What the file would replay is not what was received: a defect of this package, never of the traffic."""


class Track:
    """Writes the lines of one connection; `t` is in milliseconds and defaults to the clock's reading."""

    def __init__(
        self, c: int, emit: Callable[[bytes], None], redactor: Redactor, clock: Callable[[], float]
    ) -> None:
        self.c = c
        self._emit, self._redactor, self._clock = emit, redactor, clock
        self._splitter: sse.Splitter | None = None
        self._uri, self._status = "", 0
        self._kept_headers: dict[str, str] = {}
        self._muted = False
        self._arrived = self._written = 0  # CRC-32 of the stream as received and of its blocks

    # HTTP

    def request(
        self, method: str, path: str, headers: Headers = (), body: bytes = b"", t: float | None = None
    ) -> None:
        """A whole HTTP request."""
        self._redactor.learn(headers)
        seen = self._hook_request(method, path, headers, body)
        if seen is None:
            self._muted = True
            return
        fields = [("method", payload.encode(seen.method)), ("path", payload.encode(seen.uri))]
        fields += [*_headers("headers", seen.headers), *payload.body_fields(seen.body)]
        self._line("request", t, fields, seen.body)

    def response(self, status: int, headers: Headers = (), t: float | None = None) -> None:
        """The head of the answer; a `text/event-stream` is then given in reads, anything else as one body."""
        self._redactor.learn(headers)
        self._status, self._kept_headers = status, self._redactor.kept_headers(headers)
        seen = self._hook_response(b"")
        if seen is None:
            self._muted = True
            return
        self._status, self._kept_headers = int(seen["status"]["code"]), dict(seen["headers"])
        if self._kept_headers.get("content-type", "").lower().startswith("text/event-stream"):
            self._splitter = sse.Splitter()
        status_field = ("status", payload.encode(self._status))
        self._line("response", t, [status_field, *_headers("headers", self._kept_headers)])

    @property
    def streaming(self) -> bool:
        """Whether the answer is an event stream."""
        return self._splitter is not None

    def read(self, data: bytes, t: float | None = None) -> None:
        """One network read of an event stream; every event it completes becomes a line at once."""
        if self._splitter is None:
            raise ValueError("read() is for an answer with content-type text/event-stream; use body()")
        self._arrived = zlib.crc32(data, self._arrived)
        for block in self._splitter.feed(data, self._now(t)):
            self._event(block)

    def body(self, data: bytes, t: float | None = None) -> None:
        """The whole body of an answer that is not a stream (or as much of it as came)."""
        seen = self._hook_response(self._redactor.text(data))
        if seen is not None and (exact := seen["body"]["string"]):
            self._line("body", t, payload.body_fields(exact), exact)

    def end(self, t: float | None = None) -> None:
        """The answer ended in good order."""
        self._finish_stream()
        self._line("end", t, [])

    def abort(self, how: How, by: Side = "server", t: float | None = None) -> None:
        """The exchange or the socket broke off."""
        self._finish_stream()
        self._line("abort", t, [("how", payload.encode(how)), *([("by", b'"client"')] * (by == "client"))])

    # WebSocket

    def open(
        self,
        path: str,
        headers: Headers = (),
        status: int = 101,
        answer: Headers = (),
        t: float | None = None,
    ) -> None:
        """A handshake and how it was answered; a refused one is followed by `body` and `end`."""
        self._redactor.learn(headers)
        self._redactor.learn(answer)
        seen = self._hook_request("GET", path, headers, b"")
        if seen is None:
            self._muted = True
            return
        self._uri, self._status, self._kept_headers = seen.uri, status, self._redactor.kept_headers(answer)
        fields = [("path", payload.encode(seen.uri)), *_headers("headers", seen.headers)]
        fields += [("status", str(status).encode()), *_headers("answer", self._kept_headers)]
        self._line("open", t, fields)

    def send(self, data: bytes, *, binary: bool = False, t: float | None = None) -> None:
        """A message from the client, fragments joined."""
        seen = self._hook_request("WS", self._uri, (), data)
        if seen is not None:
            self._line("send", t, payload.frame_fields(seen.body, binary=binary), seen.body)

    def recv(self, data: bytes, *, binary: bool = False, t: float | None = None) -> None:
        """A message from the server, fragments joined."""
        seen = self._hook_response(self._redactor.text(data))
        if seen is not None:
            exact = seen["body"]["string"]
            self._line("recv", t, payload.frame_fields(exact, binary=binary), exact)

    def close(self, by: Side, code: int, reason: str = "", t: float | None = None) -> None:
        """The first close frame; 1005 when it carried no code."""
        fields = [("by", payload.encode(by)), ("code", str(code).encode())]
        self._line("close", t, [*fields, ("reason", payload.encode(self._clean(reason)))])

    # inside

    def _now(self, t: float | None) -> int:
        return round(self._clock() if t is None else t)

    def _clean(self, text: str) -> str:
        return self._redactor.text(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")

    def _hook_request(self, method: str, path: str, headers: Headers, body: bytes) -> RecordedRequest | None:
        clean = RecordedRequest(
            method, self._clean(path), self._redactor.kept_headers(headers), self._redactor.text(body)
        )
        hook = self._redactor.before_record_request
        return hook(clean) if hook else clean

    def _hook_response(self, body: bytes) -> dict[str, Any] | None:
        seen = {
            "status": {"code": self._status, "message": ""},
            "headers": self._kept_headers,
            "body": {"string": body},
        }
        hook = self._redactor.before_record_response
        return hook(seen) if hook else seen

    def _event(self, block: sse.Block) -> None:
        self._written = zlib.crc32(block.data, self._written)
        seen = self._hook_response(self._redactor.text(block.data))
        if seen is None or self._muted:
            return
        data: bytes = seen["body"]["string"]
        place: Fields = []
        if len(data) == len(
            block.data
        ):  # else a rule or a hook moved the bytes, and the offsets mean nothing
            if block.cuts:
                place.append(("cuts", payload.encode(block.cuts)))
            if block.joined:
                place.append(("joined", b"true"))
        self._line("event", block.t, [*sse.event_fields(data), *place], data)

    def _finish_stream(self) -> None:
        if self._splitter is None:
            return
        if (rest := self._splitter.flush()) is not None:
            self._event(rest)
        self._splitter = None
        if self._arrived != self._written:
            raise InexactRecording("the events of a stream do not add up to the stream")

    def _line(self, kind: str, t: float | None, fields: Fields, exact: bytes | None = None) -> None:
        if self._muted:
            return
        line = render(kind, self._now(t), self.c, fields)
        if exact is not None and lines.exact_bytes(lines.decoder.decode(line)) != exact:
            raise InexactRecording(f"a {kind} would not be replayed as it was received")
        self._emit(line)


def _headers(name: str, headers: Mapping[str, str]) -> Fields:
    return [(name, payload.encode(dict(headers)))] if headers else []
