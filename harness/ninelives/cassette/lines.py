"""The lines of a cassette: one line is one thing that happened.

A cassette is JSON Lines: a header, then lines that each have `t` (milliseconds since the recording began),
`c` (the connection: one number for each HTTP exchange and for each WebSocket) and `k` (what happened).
Received JSON is stored verbatim (`msgspec.Raw`), so that reading and writing change no byte of it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

import ninelives.cassette.payload as payload
import ninelives.cassette.sse as sse
from ninelives.cassette.payload import Fields

VERSION = 1
"""The version of the format that this package writes, and the only one it reads."""

Indent = Annotated[int, msgspec.Meta(ge=0, le=64)]
"""Blanks of each level of a body; 0 if it is compact."""

How = Literal["reset", "fin", "refused", "timeout", "protocol", "gone", "stopped"]
"""How an exchange broke off: connection reset, closed in the middle, refused, timed out before an answer,
an answer that is not HTTP, the client left, or the recording was stopped.
"""


class Version(msgspec.Struct, frozen=True):
    """The field that the first line of every version has. Newer versions may have more."""

    ninelives: int


class Header(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The first line: the format, and where the traffic came from."""

    ninelives: int
    recorded: str = ""
    upstream: str = ""
    tool: str = ""
    origin: str = ""


class Line(msgspec.Struct, tag_field="k", frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """The fields that every line has."""

    t: int
    c: int


class Request(Line, frozen=True, tag="request"):
    """A whole HTTP request."""

    method: str
    path: str
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw()
    indent: Indent = 0
    text: str | None = None
    b64: str | None = None


class Response(Line, frozen=True, tag="response"):
    """The head of an HTTP answer."""

    status: int
    headers: dict[str, str] = {}


class EventLine(Line, frozen=True, tag="event"):
    """One event of a server-sent event stream: `data` if it has the usual framing, otherwise `raw` or
    `b64`.
    """

    data: msgspec.Raw = msgspec.Raw()
    event: str | None = None
    """The event's name if it differs from the data's `type`; "" if there was no `event:` line."""
    raw: str | None = None
    b64: str | None = None
    cuts: tuple[tuple[int, int], ...] = ()
    joined: bool = False


class BodyLine(Line, frozen=True, tag="body"):
    """The body of an HTTP answer that was not a stream."""

    body: msgspec.Raw = msgspec.Raw()
    indent: Indent = 0
    text: str | None = None
    b64: str | None = None


class End(Line, frozen=True, tag="end"):
    """The HTTP answer ended normally."""


class Abort(Line, frozen=True, tag="abort"):
    """The exchange or socket broke off."""

    how: How
    by: Literal["server", "client"] = "server"


class Open(Line, frozen=True, tag="open"):
    """A WebSocket handshake: the request's path and headers, the answer's status and headers."""

    path: str
    headers: dict[str, str] = {}
    status: int = 101
    answer: dict[str, str] = {}


class Send(Line, frozen=True, tag="send"):
    """A WebSocket message from the client."""

    data: msgspec.Raw = msgspec.Raw()
    text: str | None = None
    b64: str | None = None
    op: str = ""


class Recv(Line, frozen=True, tag="recv"):
    """A WebSocket message from the server."""

    data: msgspec.Raw = msgspec.Raw()
    text: str | None = None
    b64: str | None = None
    op: str = ""


class Part(Line, frozen=True, tag="part"):
    """A WebSocket frame from the server that belongs to a message which was never finished: its head, and
    as much of its payload as came. Bytes that are not a frame have no head.
    """

    head: str = ""
    """Base64."""
    text: str | None = None
    b64: str | None = None


class CloseLine(Line, frozen=True, tag="close"):
    """The first close frame on a WebSocket and who sent it; code 1005 means a close frame without a code."""

    by: Literal["server", "client"]
    code: int = 1005
    reason: str = ""


AnyLine = (
    Request | Response | EventLine | BodyLine | End | Abort | Open | Send | Recv | Part | CloseLine
)  # one decoder for all, chosen by `k`

version_decoder = msgspec.json.Decoder(Version)
header_decoder = msgspec.json.Decoder(Header)
decoder = msgspec.json.Decoder(AnyLine)


def header_line(*, recorded: str, upstream: str, tool: str, origin: str) -> bytes:
    """Return the first line of a file, with its newline."""
    header = Header(VERSION, recorded=recorded, upstream=upstream, tool=tool, origin=origin)
    return payload.encode(header) + b"\n"


def render(kind: str, t: int, c: int, fields: Fields) -> bytes:
    """Return a line made of names and JSON texts, in reading order: when, where, what."""
    parts = [b'{"t":%d,"c":%d,"k":"%s"' % (t, c, kind.encode())]
    parts.extend(b',"%s":%s' % (name.encode(), value) for name, value in fields)
    return b"".join(parts) + b"}\n"


def exact_bytes(line: AnyLine) -> bytes:
    """Return the bytes of a line: an event with its framing, a message or a body."""
    match line:
        case EventLine() if line.raw is None and line.b64 is None:
            return sse.event_bytes(bytes(line.data), line.event)
        case EventLine():
            return payload.exact(line.data, line.raw, line.b64)
        case Send() | Recv():
            return payload.exact(line.data, line.text, line.b64)
        case Part():
            return payload.from_b64(line.head) + payload.exact(msgspec.Raw(), line.text, line.b64)
        case Request() | BodyLine():
            return payload.exact(line.body, line.text, line.b64, line.indent)
        case _:
            return b""
