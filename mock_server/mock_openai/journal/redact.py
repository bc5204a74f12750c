"""Removes secrets before anything is written down.

`mock_openai.redaction` finds them. The journal leaves out more: the values of all headers and parameters with
a name like a credential's, and what a request holds for MCP servers. A JournalRedactor is the memory of one
journal; the functions serve what belongs to none: paths, errors, explanations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import msgspec

from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError, WrongKey
from mock_openai.protocol.mcp_credentials import bare_address
from mock_openai.redaction import SecretRedactor
from mock_openai.redaction.edits import Edit, applied
from mock_openai.redaction.headers import holds_secret
from mock_openai.redaction.known import KnownSecrets
from mock_openai.redaction.names import header_may_hold_one
from mock_openai.redaction.pending import undecided
from mock_openai.redaction.values import is_credential

REDACTED = "[redacted]"

_SECRET_NAME = re.compile(
    r"auth|cookie|key|token|secret|signature|session|passw|credential|organization|project|protocol|account-id|"
    r"jwt|[cx]srf",
    re.I,
)
_ESCAPED = re.compile(r"\\([^\w\\])")
_IN_A_STRING = re.compile(rb'(?s)(?:[^"\\]|\\.|\\\Z)*+')
_HARMLESS = frozenset({"sec-websocket-key", "x-mock-session"})
_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""What tests and clients name calls and rooms by, in headers of their own."""
_LATEST = 64
"""Credentials of one connection that are kept."""

_redactor = SecretRedactor(instead=REDACTED.encode())
_encoder = msgspec.json.Encoder()


def headers(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers without secrets, names in lower case. The latest credentials in them are remembered, and
    removed wherever else they appear.
    """
    pairs = list(given)
    for token in credentials(pairs):
        _redactor.known.found(token)
    return {name.lower(): _header(name.lower(), value) for name, value in pairs}


def credentials(given: Iterable[tuple[str, str]], path_qs: str = "") -> tuple[bytes, ...]:
    """Return the credentials in a request's headers and query. The words that tests use for keys are none,
    nor are ids in headers of the client's own: what is returned is removed everywhere.
    """
    known = KnownSecrets()
    telling = [
        (name, value) for name, value in given if _is_secret(name) or _looks_secret(name.lower(), value)
    ]
    known.headers(telling, lambda name: False)
    known.url(path_qs)
    return tuple(value for value in known.values if is_credential(value))


def _header(name: str, value: str) -> str:
    if name in _HARMLESS:
        return value
    if _is_secret(name) or _looks_secret(name, value):
        return REDACTED
    return str(_redactor.value(value, name))


def _is_secret(name: str) -> bool:
    """Return whether the value of a header is secret, whatever it is."""
    return name.lower() not in _HARMLESS and _SECRET_NAME.search(name) is not None


def _looks_secret(name: str, value: str) -> bool:
    """Return whether the value of another header looks like a credential, not like an id."""
    data = value.strip().encode("utf-8", "surrogateescape")
    return (
        name not in _HARMLESS
        and header_may_hold_one(name)
        and holds_secret(name.encode("utf-8", "surrogateescape"), data)
        and _UUID.fullmatch(data) is None
    )


def path(path_qs: str) -> str:
    """Return a path and query without secrets."""
    if "?" in path_qs:
        parts = urlsplit(path_qs)
        query = [
            (text(name), REDACTED if _SECRET_NAME.search(name) else text(value))
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        ]
        path_qs = urlunsplit(parts._replace(query=urlencode(query, safe="[],")))
    if "%" in path_qs:
        path_qs = "/".join(map(_step, path_qs.split("/")))
    return text(path_qs)


def _step(step: str) -> str:
    """Return a step of a path without secrets: what it spells with escapes may be a whole text."""
    spelled = unquote(step) if "%" in step else step
    clean = text(spelled) if spelled is not step else step
    return step if clean == spelled else quote(clean, safe="[],")


def text(given: str) -> str:
    """Return a text without secrets."""
    return _redactor.string(given)


def edits(given: str) -> list[tuple[int, int, str]]:
    """Return the secrets of a text in order: start, end, and what to write in its place."""
    data, found = given.encode("utf-8", "surrogatepass"), []
    place = done = 0
    for edit in _redactor.edits(data):
        start = place + len(data[done : edit.start].decode("utf-8", "surrogatepass"))
        place = start + len(data[edit.start : edit.end].decode("utf-8", "surrogatepass"))
        done = edit.end
        found.append((start, place, edit.new.decode("utf-8", "replace")))
    return found


def explanation(line: str) -> str:
    """Return a line that may quote regular expressions, without secrets, however these are escaped there. A
    line with a secret loses its backslashes before signs.
    """
    plain = _ESCAPED.sub(r"\1", line)
    return text(line) if plain == line or text(plain) == plain else text(plain)


def value(given: Any) -> Any:
    """Return a JSON value without secrets; the same object when it has none."""
    written = _encoder.encode(given)
    clean = of_json(written)
    return given if clean is written else json.parse(clean)


def beginning(data: bytes, length: int) -> bytes:
    """Return the first bytes of a text, without secrets, also without the first part of one."""
    return _redactor.text(data[: 2 * length], broken=True)[:length]


def error(wrong: ApiError) -> dict[str, Any]:
    """Return an error as the journal stores it: the status, the code, the error object without secrets."""
    shown = value(wrong.body()["error"])
    if isinstance(wrong, WrongKey):
        shown = {**shown, "message": wrong.without_key}
    return {"status": wrong.status, "code": wrong.code, "error": shown}


def body(given: Mapping[str, Any], redactor: SecretRedactor = _redactor) -> msgspec.Raw:
    """Return a request body without secrets, as compact JSON."""
    return msgspec.Raw(of_json(without_mcp(_encoder.encode(given)), redactor))


def without_mcp(written: bytes) -> bytes:
    """Return JSON without the credentials of MCP servers, which stand in fields of any name."""
    return _encoder.encode(_without_mcp(json.parse(written))) if written.find(b'"mcp"') >= 0 else written


def of_json(written: bytes, redactor: SecretRedactor = _redactor) -> bytes:
    """Return JSON without secrets; the same object when it has none. It is searched as a cassette's line is:
    names of fields may be secrets, and what stands beside a value may tell that it is one.
    """
    edits = redactor.edits(written)
    if not edits:
        return written
    within = [_within_a_string(written, edit) for edit in edits]
    clean = applied(written, within)
    try:
        value = json.parse(clean)
    except ValueError:  # a secret was no part of a string
        return _encoder.encode(redactor.value(json.parse(written)))
    return clean if within == edits else _encoder.encode(redactor.value(value))


def _within_a_string(written: bytes, edit: Edit) -> Edit:
    """Return an edit that ends where the string ends in which it begins: what follows is another value."""
    inside = _IN_A_STRING.match(written, edit.start, edit.end)
    return edit if inside is None else edit._replace(end=inside.end())


class JournalRedactor(SecretRedactor):
    """The redactor of one journal. What was secret in one entry is so in those after it, as in a cassette; of
    this the latest 256 are known. The credentials of a connection are known in all of its entries.
    """

    enabled = True

    def __init__(self, connections: int) -> None:
        super().__init__(instead=REDACTED.encode(), remembers=True)
        self._credentials: dict[int, tuple[bytes, ...]] = {}
        self._connections = connections
        """The number of connections whose credentials are kept, the latest."""

    def meet(self, connection: int, credentials: Iterable[bytes]) -> None:
        """Remember the credentials that a connection uses."""
        known = self._credentials.pop(connection, ())
        new = tuple(value for value in credentials if value not in known)
        if known or new:
            self._credentials[connection] = (known + new)[-_LATEST:]
        if len(self._credentials) > self._connections:
            del self._credentials[next(iter(self._credentials))]
        self.of(connection)

    def of(self, connection: int) -> JournalRedactor:
        """Return this redactor, which knows the credentials of a connection now."""
        for value in self._credentials.get(connection, ()):
            if value not in self.known.values:
                self.known.found(value)
        return self

    def knows_some_of(self, data: bytes) -> bool:
        """Return whether a known secret stands in a text as it is; much faster than a search."""
        return any(data.find(value) >= 0 for value in self.known.values)

    def forget(self, ended: Iterable[int]) -> None:
        """Forget what texts named, and the credentials of the connections that have ended."""
        self.known.forget()
        self.leave(ended)

    def leave(self, ended: Iterable[int]) -> None:
        """Forget the credentials of connections that have ended."""
        for connection in ended:
            self._credentials.pop(connection, None)

    def undecided(self, data: bytes, start: int) -> int:
        """Return the position, from `start` on, after which the end of the text may become a secret with more
        text.
        """
        return undecided(self, data, start)


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
