"""Writes one exchange or socket into a cassette: a method for each thing that can happen.

A `LineWriter` takes what was received, redacts it, renders the line, reads the line back to verify it, and
passes it on. It uses only the file and the clock that it is given, so the recorder, the conversions and
vcrpy's serializer all write through it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Literal

from mock_openai.redaction.stream import StreamRedactor

import ninelives.cassette.lines as lines
import ninelives.cassette.payload as payload
import ninelives.cassette.sse as sse
from ninelives.cassette.hooks import Hooks
from ninelives.cassette.lines import How, render
from ninelives.cassette.payload import Fields
from ninelives.cassette.redact import Pairs, Redactor

Side = Literal["server", "client"]


class InexactRecording(Exception):
    """The file would not replay the received bytes: a defect of this package, never of the traffic."""


class LineWriter:
    """Writes the lines of one connection; `t` is in milliseconds, by default the clock's reading.

    Text that may turn out to be part of a secret is held back until that is known, at the latest until `end`,
    `abort` or `finish`; a `LineWriter` that holds something is in `holding`.
    """

    def __init__(
        self,
        c: int,
        emit: Callable[[bytes], None],
        redactor: Redactor,
        clock: Callable[[], float],
        holding: set[LineWriter] | None = None,
    ) -> None:
        self.c = c
        self._redactor, self._clock = redactor, clock
        self._hooks = Hooks(redactor, emit)
        self._stream = StreamRedactor(redactor)
        self._holding: set[LineWriter] = set() if holding is None else holding
        self._splitter: sse.Splitter | None = None
        self._arrived = self._written = 0  # CRC-32 of the stream as received and of its blocks

    # HTTP

    def request(
        self, method: str, path: str, headers: Pairs = (), body: bytes = b"", t: float | None = None
    ) -> None:
        """Write a whole HTTP request."""
        self._redactor.learn(headers)
        self._redactor.learn_url(path)
        seen = self._hooks.request(method, path, headers, self._redactor.text(body))
        if seen is None:
            return
        fields = [("method", payload.encode(seen.method)), ("path", payload.encode(seen.uri))]
        fields += [*_headers("headers", seen.headers), *payload.body_fields(seen.body)]
        self._hooks.ask(self._line("request", t, fields, seen.body))
        self._note_held()

    def response(self, status: int, headers: Pairs = (), t: float | None = None) -> None:
        """Write the head of the answer. A `text/event-stream` is then given in reads, anything else as one
        body.
        """
        self._redactor.learn(headers)
        at = self._now(t)
        if self._hooks.head(status, headers, lambda status, kept: self._head(status, kept, at)):
            self._splitter = sse.Splitter()

    @property
    def streaming(self) -> bool:
        """Whether the answer is an event stream."""
        return self._splitter is not None

    @property
    def waiting(self) -> int:
        """The bytes of an incomplete event."""
        return 0 if self._splitter is None else self._splitter.waiting

    def read(self, data: bytes, t: float | None = None) -> None:
        """Take one network read of an event stream; every event that it completes becomes a line."""
        if self._splitter is None:
            raise ValueError("read() is for an answer with the content type text/event-stream; use body()")
        self._arrived = zlib.crc32(data, self._arrived)
        for block in self._splitter.feed(data, self._now(t)):
            self._event(block)

    def body(self, data: bytes, t: float | None = None, *, broken: bool = False) -> None:
        """Write the whole body of an answer that is not a stream, or as much of it as came before it was
        `broken` off.
        """
        exact = self._hooks.body(self._redactor.text(data, broken=broken))
        if exact:
            self._hooks.write(self._line("body", t, payload.body_fields(exact), exact))

    def end(self, t: float | None = None) -> None:
        """Note that the answer ended normally."""
        self._finish_stream()
        self.finish()
        self._hooks.body(b"")
        self._hooks.write(self._line("end", t, []))

    def abort(self, how: How, by: Side = "server", t: float | None = None) -> None:
        """Note that the exchange or the socket broke off."""
        self._finish_stream()
        self.finish()
        self._hooks.body(b"")
        by_client: Fields = [("by", b'"client"')] if by == "client" else []
        self._hooks.write(self._line("abort", t, [("how", payload.encode(how)), *by_client]))

    # WebSocket

    def open(
        self,
        path: str,
        headers: Pairs = (),
        status: int = 101,
        answer: Pairs = (),
        t: float | None = None,
    ) -> None:
        """Write a handshake and its answer; a refused one is followed by `body` and `end`."""
        self._redactor.learn(headers)
        self._redactor.learn(answer)
        self._redactor.learn_url(path)
        seen = self._hooks.request("GET", path, headers, b"")
        if seen is None:
            return
        kept = self._hooks.opened(seen.uri, status, answer)
        fields = [("path", payload.encode(seen.uri)), *_headers("headers", seen.headers)]
        fields += [("status", str(status).encode()), *_headers("answer", kept)]
        self._hooks.shake(self._line("open", t, fields))

    def send(self, data: bytes, *, binary: bool = False, t: float | None = None) -> None:
        """Write a message from the client, fragments joined."""
        at = self._now(t)
        self._take(data, lambda clean: self._sent(clean, binary, at), "client")

    def recv(self, data: bytes, *, binary: bool = False, t: float | None = None) -> None:
        """Write a message from the server, fragments joined."""
        at = self._now(t)
        self._take(data, lambda clean: self._received(clean, binary, at), "server")

    def unfinished(self, frames: Sequence[tuple[bytes, bytes]], t: float | None = None) -> None:
        """Write the frames of a message from the server that was not finished when the socket ended: the
        head of each and as much of its payload as came.
        """
        at = self._now(t)
        ends = list(accumulate(len(data) for _, data in frames))

        def write(clean: bytes) -> None:
            parts = [clean[a:b] for a, b in pairwise([0, *ends[:-1], len(clean)])]
            for (head, _), data in zip(frames, parts, strict=True):
                fields = [("head", payload.to_b64(head)), *payload.text_fields(data, "text")]
                self._hooks.write(self._line("part", at, fields, head + data))

        self._take(b"".join(data for _, data in frames), write, "server")

    def close(self, by: Side, code: int, reason: str = "", t: float | None = None) -> None:
        """Write the first close frame; code 1005 if it had none."""
        at = self._now(t)
        fields = [("by", payload.encode(by)), ("code", str(code).encode())]
        fields.append(("reason", payload.encode(self._hooks.clean(reason))))
        self._stream.put(lambda: self._hooks.write(self._line("close", at, fields)))

    def finish(self) -> None:
        """Write what was held back, because nothing more comes."""
        self._stream.flush()
        self._holding.discard(self)
        self._hooks.finish()

    # inside

    def _now(self, t: float | None) -> int:
        return round(self._clock() if t is None else t)

    def _take(self, data: bytes, give: Callable[[bytes], None], side: Side, framed: bool = False) -> None:
        self._stream.take(data, give, side, framed=framed)
        self._note_held()

    def _note_held(self) -> None:
        if self._stream.holding or self._hooks.holding:
            self._holding.add(self)
        else:
            self._holding.discard(self)

    def _head(self, status: int, kept: dict[str, str], t: int) -> bytes:
        return self._line("response", t, [("status", payload.encode(status)), *_headers("headers", kept)])

    def _sent(self, clean: bytes, binary: bool, t: int) -> None:
        seen = self._hooks.message(clean)
        if seen is not None:
            line = self._line("send", t, payload.frame_fields(seen, binary=binary), seen)
            self._hooks.begin(seen, line)

    def _received(self, clean: bytes, binary: bool, t: int) -> None:
        seen = self._hooks.heard(clean)
        if seen is not None:
            self._hooks.write(self._line("recv", t, payload.frame_fields(seen, binary=binary), seen))

    def _event(self, block: sse.Block) -> None:
        self._written = zlib.crc32(block.data, self._written)
        self._take(block.data, lambda clean: self._block(block, clean), "server", framed=True)

    def _block(self, block: sse.Block, clean: bytes) -> None:
        data = self._hooks.event(clean)
        if data is None:
            return
        place: Fields = []
        if len(data) == len(block.data):  # else a rule or hook has moved the bytes, and offsets mean nothing
            if block.cuts:
                place.append(("cuts", payload.encode(block.cuts)))
            if block.joined:
                place.append(("joined", b"true"))
        self._hooks.write(self._line("event", block.t, [*sse.event_fields(data), *place], data))

    def _finish_stream(self) -> None:
        if self._splitter is None:
            return
        if (rest := self._splitter.flush()) is not None:
            self._event(rest)
        self._splitter = None
        if self._arrived != self._written:
            raise InexactRecording("the parsed events do not give the bytes of the stream")

    def _line(self, kind: str, t: float | None, fields: Fields, exact: bytes | None = None) -> bytes:
        line = render(kind, self._now(t), self.c, fields)
        if exact is not None and lines.exact_bytes(lines.decoder.decode(line)) != exact:
            raise InexactRecording(f"a {kind} would not be replayed byte for byte")
        return line


def _headers(name: str, headers: dict[str, str]) -> Fields:
    return [(name, payload.encode(dict(headers)))] if headers else []
