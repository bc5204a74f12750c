"""The headers that a proxy passes on, in either direction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mock_openai.wire.hop_by_hop import HOP_BY_HOP
from multidict import CIMultiDict, CIMultiDictProxy

_OWN = frozenset({"host", "content-length", "accept-encoding"})
_PACKING = frozenset({"content-encoding", "content-length"})
_EXTENSIONS = "sec-websocket-extensions"
_HANDSHAKE_ANSWER = frozenset({"connection", "upgrade"})

Headers = CIMultiDict[str] | CIMultiDictProxy[str]


def to_upstream(headers: Headers) -> CIMultiDict[str]:
    """Return the request's headers for the upstream, without compression of the answer; the body is passed
    on as it is encoded.
    """
    sent = _without(headers, HOP_BY_HOP | _OWN | _named(headers))
    sent["Accept-Encoding"] = "identity"
    return sent


def handshake_to_upstream(headers: Headers) -> CIMultiDict[str]:
    """Return the headers of a WebSocket handshake for the upstream: with the client's own key, so that the
    answer fits, and without compression.
    """
    sent = _without(headers, HOP_BY_HOP | _OWN | {_EXTENSIONS})
    sent["Connection"], sent["Upgrade"] = "Upgrade", "websocket"
    return sent


def to_client(headers: Headers) -> CIMultiDict[str]:
    """Return the answer's headers for the client."""
    return _without(headers, HOP_BY_HOP | _named(headers))


def coding(headers: Headers) -> str:
    """Return the codings of a message's body; empty if there are none."""
    named = ", ".join(headers.getall("content-encoding", []))
    return "" if named.strip().lower() in ("", "identity") else named


def recorded(headers: Headers) -> list[tuple[str, str]]:
    """Return the headers of a message for the cassette, which stores its body decoded."""
    dropped = _PACKING if coding(headers) else frozenset()
    return list(_without(headers, dropped).items())


def handshake_to_client(status_line: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the bytes of an accepted handshake for the client, with the upstream's wording."""
    dropped = (HOP_BY_HOP - _HANDSHAKE_ANSWER) | {_EXTENSIONS}
    kept = [f"{name}: {value}\r\n" for name, value in headers if name.lower() not in dropped]
    return (status_line + "\r\n" + "".join(kept) + "\r\n").encode("utf-8", "surrogateescape")


def _named(headers: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in headers.get("connection", "").split(","))


def _without(headers: Headers, dropped: frozenset[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)
