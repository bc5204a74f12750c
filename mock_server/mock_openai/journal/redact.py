"""Removes secrets before anything is written down.

`mock_openai.redaction` finds them. The journal leaves out more: the values of all headers and parameters with
a name like a credential's, and what a request holds for MCP servers.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from mock_openai.protocol.errors import ApiError, WrongKey
from mock_openai.protocol.mcp_credentials import bare_address
from mock_openai.redaction import Edit, SecretRedactor
from mock_openai.redaction.pending import undecided as _undecided
from mock_openai.redaction.values import is_credential
from mock_openai.threads import begin_in_thread

REDACTED = "[redacted]"

_SECRET_NAME = re.compile(
    r"auth|cookie|key|token|secret|signature|session|passw|credential|organization|project|protocol", re.I
)
_HARMLESS = frozenset({"sec-websocket-key"})

_CREDENTIALS = frozenset({"authorization", "api-key", "x-api-key", "proxy-authorization"})


class Searchable(Protocol):
    """An object with bodies that may not have been searched for secrets yet."""

    def search_bodies(self) -> None:
        """Search the bodies; may be called in a thread that does not own the object."""


ALWAYS_KNOWN = 128
"""Number of client credentials that are remembered for certain; beyond it the oldest may be forgotten."""

backlogs: weakref.WeakSet[Searchable] = weakref.WeakSet()
"""Objects whose bodies must be searched before the first credential is forgotten."""

forgets = False
"""Whether a credential may have been forgotten, so that bodies must be searched as they arrive."""

before: SecretRedactor | None = None
"""While bodies from before that moment are searched: a redactor that still knows all credentials of that
time.
"""

_redactor = SecretRedactor(instead=REDACTED.encode())
_encoder = msgspec.json.Encoder()


def headers(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers without secrets, names in lower case. The latest credentials in them are remembered, and
    removed wherever else they appear.
    """
    clean: dict[str, str] = {}
    for name, value in given:
        lower = name.lower()
        secret = lower not in _HARMLESS and _SECRET_NAME.search(lower)
        if lower in _CREDENTIALS:
            token = value.rpartition(" ")[2].encode("utf-8", "surrogateescape")
            if is_credential(token):
                _make_room()
                _redactor.known.found(token)
        clean[lower] = REDACTED if secret else text(value)
    return clean


def _make_room() -> None:
    """Before the first credential is forgotten, begin to search all bodies of all journals. It is done in a
    thread, because they may be many.
    """
    global forgets, before
    if not forgets and len(_redactor.known.values) > ALWAYS_KNOWN:
        forgets = True
        before = SecretRedactor(instead=REDACTED.encode())
        before.known.values = _redactor.known.values
        begin_in_thread(_search_backlogs)


def _search_backlogs() -> None:
    global before
    for journal in tuple(backlogs):
        journal.search_bodies()
    before = None


def path(path_qs: str) -> str:
    """Return a path and query without secrets."""
    if "?" not in path_qs:
        return text(path_qs)
    parts = urlsplit(path_qs)
    query = [
        (name, REDACTED if _SECRET_NAME.search(name) else text(value))
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    return text(urlunsplit(parts._replace(query=urlencode(query, safe="[],"))))


def text(given: str) -> str:
    """Return a text without secrets."""
    return _redactor.string(given)


def edits(data: bytes, *, broken: bool = False) -> list[Edit]:
    """Return what must change in a text. When it was `broken` off, the beginning of a secret at its end is
    one too.
    """
    return _redactor.edits(data, broken=broken)


def undecided(data: bytes, start: int) -> int:
    """Return the position, from `start` on, after which the end of the text may become a secret with more
    text.
    """
    return _undecided(_redactor, data, start)


def value(given: Any) -> Any:
    """Return a JSON value without secrets; the same object when it has none."""
    return _redactor.value(given)


def error(wrong: ApiError) -> dict[str, Any]:
    """Return an error as the journal stores it: the status, the code, the error object without secrets."""
    shown = value(wrong.body()["error"])
    if isinstance(wrong, WrongKey):
        shown = {**shown, "message": wrong.without_key}
    return {"status": wrong.status, "code": wrong.code, "error": shown}


def body(given: Mapping[str, Any], before: SecretRedactor | None = None) -> msgspec.Raw:
    """Return a request body without secrets, as compact JSON; also without what `before` knows."""
    written = _encoder.encode(given)
    clean = _without_mcp(given) if written.find(b'"mcp"') >= 0 else given
    if before is not None and before.edits(written):
        clean = before.value(clean)
    if _redactor.edits(written):  # one search of the whole body settles nearly all cases
        clean = value(clean)
    return msgspec.Raw(written if clean is given else _encoder.encode(clean))


def _without_mcp(given: Any) -> Any:
    """Return a value without the credentials of MCP servers; items anywhere may bring tools of their own."""
    match given:
        case {"type": "mcp"}:
            return _without_credentials(given)
        case Mapping():
            return {name: _without_mcp(inner) for name, inner in given.items()}
        case list():
            return [_without_mcp(inner) for inner in given]
    return given


def _without_credentials(tool: dict[str, Any]) -> dict[str, Any]:
    clean = {name: REDACTED if name in ("authorization", "headers") else tool[name] for name in tool}
    if isinstance(address := clean.get("server_url"), str):
        clean["server_url"] = bare_address(address)
    return clean
