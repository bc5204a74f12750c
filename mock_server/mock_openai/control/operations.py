"""The operations of the control API, in one table that routes requests and describes the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter."""

    name: str
    kind: Literal["string", "number", "integer", "boolean"]
    meaning: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API."""

    method: str
    path: str
    name: str
    """The name of its command in `commands`, or of a method of the control API itself."""
    summary: str
    answer: Schema
    query: tuple[Query, ...] = ()
    body: Mapping[str, Schema] = field(default_factory=dict)
    """Content types of the body, and what each must be."""
    content: str = "application/json"


def _record(**properties: Schema) -> Schema:
    """Return the schema of an object that always has these keys."""
    return {"type": "object", "required": list(properties), "properties": properties}


def _list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _number(meaning: str) -> Schema:
    return {"type": "number", "description": meaning}


KINDS = ("open", "request", "status", "event", "fault", "close")
"""The kinds of entries of a journal."""

_TEXT: Schema = {"type": "string"}
_DONE: Schema = {"type": "object"}
_PLANNED = _record(
    at=_DONE,
    do={"type": "object", "minProperties": 1, "maxProperties": 1},
    times={"type": ["integer", "null"], "minimum": 1},
)
ENTRY = _record(
    at=_number("seconds since this worker started"),
    time=_number("unix seconds"),
    worker={"type": "integer"},
    connection={"type": "integer"},
    turn={"type": ["integer", "null"]},
    lane={"type": ["string", "null"]},
    kind={"enum": list(KINDS)},
    data=_DONE,
)
_CLOCK = _record(
    time=_number("the server's time, in unix seconds"),
    ahead=_number("seconds by which it is ahead"),
)
_RULE = _record(
    name={"type": ["string", "null"]},
    rule={"type": "string", "description": "its number, position in the script, and conditions"},
    answered={"type": "integer", "minimum": 0},
)
_SCRIPT = _record(
    strict={"type": "boolean", "description": "whether a turn that no rule matches is an error"},
    rules=_list_of(_RULE),
    misses=_list_of(_TEXT),
)
_ADVANCE = _record(
    advance={
        "description": "seconds, or a string such as 59m, 1h or 30d",
        "type": ["number", "string"],
        "minimum": 0,
    }
) | {"additionalProperties": False}
_NOTHING: dict[str, Schema] = {"application/json": {}}
"""An ignored body: its content type alone distinguishes the request from one that a page's form sends."""
_YAML: dict[str, Schema] = {"application/yaml": _TEXT, "application/json": {}}
_OF_SESSION = (Query("session", "string", "of this session; without it, of the server itself"),)


def _operation(method: str, path: str, name: str, summary: str, answer: Schema, **more: Any) -> Operation:
    return Operation(method, f"/__mock__/{path}", name, summary, answer, **more)


def _of_session(method: str, path: str, name: str, summary: str, answer: Schema, **more: Any) -> Operation:
    return _operation(method, path, name, summary, answer, query=_OF_SESSION, **more)


_JOURNAL = (
    Query("kind", "string", "only these entries", KINDS),
    Query("connection", "integer", "only this connection"),
    Query("turn", "integer", "only this turn of its connection"),
    Query("since", "number", "only from this time (`at`) on"),
    Query("limit", "integer", "at most this many, the newest"),
    Query("follow", "boolean", "keep streaming new entries, one JSON object per line, or as SSE"),
    *_OF_SESSION,
)
_ONLY = Query("session", "string", "only this session, and the session itself")

OPERATIONS = (
    _operation("GET", "journal", "journal", "What happened, oldest first", _list_of(ENTRY), query=_JOURNAL),
    _of_session(
        "GET",
        "script",
        "misses",
        "The rules, how often each was used, and why some turns matched none",
        _SCRIPT,
    ),
    _of_session("PUT", "script", "script", "Replace the script's rules", _DONE, body=_YAML),
    _of_session("POST", "script", "script", "Replace the script's rules", _DONE, body=_YAML),
    _of_session("GET", "faults", "faults", "The planned faults that remain", _list_of(_PLANNED)),
    _of_session("POST", "faults", "plan", "Add faults to the plan", _list_of(_PLANNED), body=_YAML),
    _of_session(
        "DELETE",
        "faults",
        "unplan",
        "Delete all planned faults",
        {"type": "array", "maxItems": 0},
        body=_NOTHING,
    ),
    _operation("GET", "clock", "clock", "The server's time", _CLOCK),
    _operation(
        "POST",
        "clock",
        "advance",
        "Move the server's time forward; this affects connection ages, retention and limits",
        _CLOCK,
        body={"application/json": _ADVANCE},
    ),
    _operation(
        "POST",
        "reset",
        "reset",
        "Delete the journal, faults, stored responses and conversations, and all sessions",
        _DONE,
        query=(_ONLY,),
        body=_NOTHING,
    ),
    _operation(
        "GET", "sessions", "sessions", "The sessions that requests or tests have used", _list_of(_TEXT)
    ),
    _operation(
        "GET", "metrics", "metrics", "Metrics in Prometheus' text format", _TEXT, content="text/plain"
    ),
    _operation("GET", "openapi.json", "openapi", "This description", _DONE),
)
