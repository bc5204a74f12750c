"""The WebSocket handshake: whether a request is one, and the terms of compression (RFC 6455, RFC 7692).

Pure: headers in, values out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

from multidict import MultiMapping

from mock_openai.protocol.errors import ApiError

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_VERSION = "13"
_BITS = re.compile(r"[89]|1[0-5]")
_FLAGS = ("server_no_context_takeover", "client_no_context_takeover")


def is_upgrade(headers: MultiMapping[str]) -> bool:
    """Return whether a request asks to become a WebSocket."""
    return "websocket" in _tokens(headers, "Upgrade")


def accept(headers: MultiMapping[str]) -> str:
    """Return the answer to the client's key. Raises ApiError if this is not a handshake: 400, or 426 for a
    version other than 13 (RFC 6455, 4.2, 4.4).
    """
    if headers.getall("Sec-WebSocket-Version", []) != [_VERSION]:
        raise ApiError(
            "This is not a valid WebSocket handshake: the server speaks version 13.",
            status=426,
            headers={"Sec-WebSocket-Version": _VERSION, "Upgrade": "websocket"},
        )
    if "upgrade" not in _tokens(headers, "Connection"):
        raise _no_handshake("'Connection' must name 'upgrade'")
    keys = headers.getall("Sec-WebSocket-Key", [])
    if len(keys) != 1 or not _is_key(keys[0]):
        raise _no_handshake("there must be one 'Sec-WebSocket-Key', 16 bytes in base64")
    return base64.b64encode(hashlib.sha1(keys[0].encode() + _GUID).digest()).decode()


def deflate_terms(headers: MultiMapping[str]) -> str | None:
    """Return the terms for permessage-deflate, those of the first offer that is acceptable, or None. Each
    message is compressed on its own.
    """
    offers = (offer for line in headers.getall("Sec-WebSocket-Extensions", []) for offer in line.split(","))
    for offer in offers:
        name, *parameters = (part.strip() for part in offer.split(";"))
        if name == "permessage-deflate" and (terms := _agreed(parameters)) is not None:
            return "; ".join((name, *_FLAGS, *terms))
    return None


def _agreed(parameters: list[str]) -> list[str] | None:
    """Return what an offer's parameters add to the answer; None if they are not valid (RFC 7692, 7.1)."""
    given: dict[str, str | None] = {}
    for parameter in parameters:
        name, equals, value = (part.strip() for part in parameter.partition("="))
        if name in given:
            return None
        given[name] = value.removeprefix('"').removesuffix('"') if equals else None
    for name, said in given.items():
        if name in _FLAGS:
            good = said is None
        elif name in ("server_max_window_bits", "client_max_window_bits"):
            bare = said is None and name.startswith("client")
            good = bare or bool(said and _BITS.fullmatch(said))
        else:
            good = False
        if not good:
            return None
    bits = given.get("server_max_window_bits")
    return [] if bits is None else [f"server_max_window_bits={bits}"]


def _tokens(headers: MultiMapping[str], name: str) -> Iterator[str]:
    return (token.strip().lower() for line in headers.getall(name, []) for token in line.split(","))


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _no_handshake(why: str) -> ApiError:
    return ApiError(f"This is not a valid WebSocket handshake: {why}.")
