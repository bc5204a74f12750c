"""Requests and answers in the YAML and JSON layouts of other recorders: vcrpy, VCR for Ruby and R, Betamax,
go-vcr, pydantic-ai, LangChain, and a plain list of pairs.

Strategy: these differ in names more than in meaning, so one reader knows the names of all of them. Every key
    is either read, or known to be irrelevant, or reported as unknown: nothing is dropped silently.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mock_openai.wire.hop_by_hop import OF_THE_BODY

from ninelives.cassette.coding import CodingError, Room

Headers = list[tuple[str, str]]

_BLOTTED = re.compile(r"\**(?:REDACTED|FILTERED|SANITIZED)\**|<[A-Z_]+>")  # as good as absent
_NO_BODY = frozenset({204, 205, 304})

_LISTS = ("interactions", "http_interactions")
_DOCUMENT = frozenset({*_LISTS, "requests", "responses", "version", "recorded_with", "recorded_at", "name"})
_PAIR = frozenset({"request", "response", "id", "recorded_at", "recorded_with", "started_at", "name"})
_OF_GO = frozenset({"proto", "proto_major", "proto_minor", "content_length", "transfer_encoding", "trailer"})
_BODIES = frozenset({"body", "parsed_body", "content", "text"})
_REQUEST = (
    _BODIES
    | _OF_GO
    | {"method", "uri", "url", "headers", "host", "remote_addr", "request_uri", "form", "http_version"}
)
_RESPONSE = (
    _BODIES
    | _OF_GO
    | {"status", "code", "status_code", "headers", "http_version", "protocol", "url", "uncompressed"}
    | {"duration", "adapter_metadata", "message", "reason"}
)
_STATUS = frozenset({"code", "status_code", "message", "category", "reason", "http_version"})
_BODY = frozenset({"string", "base64_string", "encoding", "parsed_body", "file"})


class LayoutError(ValueError):
    """A document that cannot be read: what is wrong, and where."""


@dataclass(slots=True)
class Pair:
    """One request and its answer, as bytes."""

    method: str
    uri: str
    """The requested URI; may be masked."""
    asked_headers: Headers
    asked: bytes
    status: int
    headers: Headers
    """Without headers about the encoding of the body."""
    body: bytes


class Reading:
    """Reads a document; `unknown` counts the keys that it does not know, by their place."""

    def __init__(self) -> None:
        self.unknown: Counter[str] = Counter()
        self.remarks: list[str] = []
        """Other notes for a person: bodies that are missing or cannot be decoded."""
        self._at = ""
        self._room = Room()

    def pairs(self, document: Any) -> list[Pair]:
        """Return the pairs of a document. Raises LayoutError."""
        return [self._pair(number, one) for number, one in enumerate(self._listed(document), 1)]

    def notes(self) -> Iterator[str]:
        """Return what was not understood, one line each."""
        for place, count in sorted(self.unknown.items()):
            times = "" if count == 1 else f" ({count} times)"
            yield f"the field {place} is unknown and was left out{times}"
        yield from self.remarks

    def _listed(self, document: Any) -> Sequence[Any]:
        if isinstance(document, list):
            return document
        self._note(document, _DOCUMENT, "")
        for name in _LISTS:
            if name in document:
                return self._list(document[name], name)
        asked, answered = (self._list(document[name], name) for name in ("requests", "responses"))
        if len(asked) != len(answered):
            raise LayoutError(
                f"{len(asked)} requests and {len(answered)} responses; expected as many of both"
            )
        return [{"request": one, "response": two} for one, two in zip(asked, answered, strict=True)]

    def _list(self, value: Any, name: str) -> Sequence[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise LayoutError(f"{name} is {_kind_of(value)}, not a list")
        return value

    def _pair(self, number: int, one: Any) -> Pair:
        self._at = f"interaction {number}"
        pair = self._mapping(one, "", ("request", "response"))
        self._note(pair, _PAIR, "")
        request = self._mapping(pair["request"], "request")
        response = self._mapping(pair["response"], "response")
        self._note(request, _REQUEST, "request.")
        self._note(response, _RESPONSE, "response.")
        asked_headers, headers = self._headers(request, "request"), self._headers(response, "response")
        method = str(request.get("method") or "GET").lstrip(":").upper()
        uri = request.get("uri", request.get("url"))
        if not isinstance(uri, str):
            raise LayoutError(f"{self._at}: request has no uri or url")
        status = self._status(response)
        asked = self._unpacked(self._body(request, asked_headers, "request"), asked_headers, "request")
        body = self._unpacked(self._body(response, headers, "response"), headers, "response")
        self._check_presence(asked, asked_headers, "request")
        if method != "HEAD" and status not in _NO_BODY:
            self._check_presence(body, headers, "response")
        return Pair(method, uri, _kept(asked_headers), asked, status, _kept(headers, OF_THE_BODY), body)

    def _mapping(self, value: Any, what: str, needed: Iterable[str] = ()) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise LayoutError(f"{self._at}{': ' + what if what else ''} is {_kind_of(value)}, not a mapping")
        missing = [name for name in needed if name not in value]
        if missing:
            raise LayoutError(f"{self._at} has no {missing[0]}")
        return value

    def _note(self, given: Mapping[Any, Any], known: frozenset[str], place: str) -> None:
        for name, value in given.items():
            if name not in known and value not in (None, "", [], {}):
                self.unknown[f"{place}{name}"] += 1

    def _status(self, response: Mapping[str, Any]) -> int:
        given = response.get("code") or response.get("status_code") or response.get("status")
        if isinstance(given, Mapping):
            self._note(given, _STATUS, "response.status.")
            given = given.get("code", given.get("status_code"))
        found = re.match(r"\s*(\d{3})\b", str(given))
        if found is None or isinstance(given, bool):
            raise LayoutError(f"{self._at}: response has no status")
        return int(found[1])

    def _headers(self, message: Mapping[str, Any], what: str) -> Headers:
        given = message.get("headers") or {}
        if isinstance(given, list):
            given = self._listed_headers(given, what)
        elif isinstance(given, Mapping):
            given = given.items()
        else:
            raise LayoutError(f"{self._at}: {what}.headers is {_kind_of(given)}, not a mapping")
        found: Headers = []
        for name, value in given:
            values: Iterable[Any] = value if isinstance(value, list | tuple) else [value]
            found.extend((_text(name), _text(one)) for one in values)
        return found

    def _listed_headers(self, given: list[Any], what: str) -> list[tuple[Any, Any]]:
        found = []
        for one in given:
            if isinstance(one, Mapping) and {"name", "value"} <= one.keys():
                found.append((one["name"], one["value"]))
            elif isinstance(one, list | tuple) and len(one) == 2:
                found.append((one[0], one[1]))
            else:
                raise LayoutError(f"{self._at}: {what}.headers has {_kind_of(one)}, not a name and a value")
        return found

    def _body(self, message: Mapping[str, Any], headers: Headers, what: str) -> bytes:
        kind = _value_of(headers, "content-type")
        for name in ("body", "content", "text"):
            if message.get(name) is not None:
                return self._bytes(message[name], kind, f"{what}.{name}")
        if "parsed_body" in message:
            return _json(message["parsed_body"], kind)
        return b""

    def _bytes(self, body: Any, kind: str, place: str) -> bytes:
        if isinstance(body, Mapping) and body.keys() & _BODY and not _is_json_text(body):
            self._note(body, _BODY, f"{place}.")
            if body.get("base64_string") is not None:
                return self._from_base64(body["base64_string"], f"{place}.base64_string")
            if body.get("file"):
                raise LayoutError(f"{self._at}: {place} is in a separate file; put it into the cassette")
            if "string" not in body:
                return _json(body.get("parsed_body"), kind)
            body = body["string"]
            if not isinstance(body, str | bytes | None):
                body = json.dumps(body, ensure_ascii=False)
        if body is None:
            return b""
        if isinstance(body, bytes):
            return body
        return body.encode() if isinstance(body, str) else _json(body, kind)

    def _from_base64(self, text: Any, place: str) -> bytes:
        try:
            compact = "".join(text.decode() if isinstance(text, bytes) else str(text).split())
            return base64.b64decode(compact, validate=True)
        except (binascii.Error, ValueError) as error:
            raise LayoutError(f"{self._at}: {place} is not base64 ({error})") from None

    def _unpacked(self, body: bytes, headers: Headers, what: str) -> bytes:
        try:
            return self._room.unpacked(body, _value_of(headers, "content-encoding"))
        except CodingError as error:
            self.remarks.append(f"{self._at}: {what}.body was kept as it is: {error}")
            return body

    def _check_presence(self, body: bytes, headers: Headers, what: str) -> None:
        length = _value_of(headers, "content-length")
        if not body and length.strip().isdigit() and int(length):
            self.remarks.append(f"{self._at}: {what} has no body, but its content-length is {length}")


def is_document(document: object) -> bool:
    """Whether a loaded YAML or JSON value has the layout of any of these recorders."""
    if isinstance(document, list):
        return bool(document) and all(
            isinstance(one, Mapping) and {"request", "response"} <= one.keys() for one in document
        )
    return isinstance(document, Mapping) and (
        any(name in document for name in _LISTS) or {"requests", "responses"} <= document.keys()
    )


def _value_of(headers: Headers, wanted: str) -> str:
    return ", ".join(value for name, value in headers if name.lower() == wanted)


def _kept(headers: Headers, without: frozenset[str] = frozenset()) -> Headers:
    return [
        (name, value)
        for name, value in headers
        if name.lower() not in without and not _BLOTTED.fullmatch(value)
    ]


def _json(value: Any, kind: str) -> bytes:
    """Format a parsed body as the API does; a text that never was JSON is left as it is."""
    if value is None and "json" not in kind.lower():
        return b""
    if isinstance(value, str) and "json" not in kind.lower():
        return value.encode()
    return json.dumps(value, ensure_ascii=False, indent=2, default=str).encode()


def _is_json_text(body: Mapping[Any, Any]) -> bool:
    """Whether a mapping is a parsed body, rather than a wrapper around one; both may have some keys in
    common.
    """
    return not body.keys() <= _BODY and "string" not in body and "base64_string" not in body


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _kind_of(value: object) -> str:
    known = {dict: "a mapping", list: "a list", str: "a text", type(None): "nothing"}
    return known.get(type(value), f"the value {value!r}"[:40])
