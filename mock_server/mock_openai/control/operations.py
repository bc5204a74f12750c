"""What the control API offers: one table, from which requests are answered and the API is described."""

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
    """The name of its command, or of what the API itself does."""
    summary: str
    answer: Schema
    query: tuple[Query, ...] = ()
    body: Mapping[str, Schema] = field(default_factory=dict)
    """Content types of the body, and what each must be."""
    content: str = "application/json"


_TEXT: Schema = {"type": "string"}
_DONE: Schema = {"type": "object"}
_PLANNED: Schema = {
    "type": "object",
    "required": ["at", "do", "times"],
    "properties": {
        "at": {"type": "object"},
        "do": {"type": "object", "minProperties": 1, "maxProperties": 1},
        "times": {"type": ["integer", "null"], "minimum": 1},
    },
}
ENTRY: Schema = {
    "type": "object",
    "required": ["at", "time", "worker", "connection", "turn", "lane", "kind", "data"],
    "properties": {
        "at": {"type": "number", "description": "seconds since this worker started"},
        "time": {"type": "number", "description": "unix seconds"},
        "worker": {"type": "integer"},
        "connection": {"type": "integer"},
        "turn": {"type": ["integer", "null"]},
        "lane": {"type": ["string", "null"]},
        "kind": {"enum": ["open", "request", "status", "event", "fault", "close"]},
        "data": {"type": "object"},
    },
}
_CLOCK: Schema = {
    "type": "object",
    "required": ["time", "ahead"],
    "properties": {
        "time": {"type": "number", "description": "the server's time, in unix seconds"},
        "ahead": {"type": "number", "description": "seconds by which it is ahead"},
    },
}
_SESSION = Query("session", "string", "of this session; without it, of the server itself")
_SCRIPT: Schema = {
    "type": "object",
    "required": ["strict", "rules", "misses"],
    "properties": {
        "strict": {"type": "boolean", "description": "whether a turn that no rule matches is an error"},
        "rules": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "rule", "answered"],
                "properties": {
                    "name": {"type": ["string", "null"]},
                    "rule": {
                        "type": "string",
                        "description": "its number, position in the script, and conditions",
                    },
                    "answered": {"type": "integer", "minimum": 0},
                },
            },
        },
        "misses": {"type": "array", "items": _TEXT},
    },
}
_NOTHING: dict[str, Schema] = {"application/json": {}}
"""A body that is not read: its content type alone tells the request from one that a page's form sends."""
_YAML: dict[str, Schema] = {"application/yaml": _TEXT, "application/json": {}}

OPERATIONS = (
    Operation(
        "GET",
        "/__mock__/journal",
        "journal",
        "What happened, oldest first",
        {"type": "array", "items": ENTRY},
        query=(
            Query(
                "kind",
                "string",
                "only these entries",
                ("open", "request", "status", "event", "fault", "close"),
            ),
            Query("connection", "integer", "only this connection"),
            Query("turn", "integer", "only this turn of its connection"),
            Query("since", "number", "only from this time (`at`) on"),
            Query("limit", "integer", "at most this many, the newest"),
            Query("follow", "boolean", "keep streaming new entries, one JSON object per line, or as SSE"),
            _SESSION,
        ),
    ),
    Operation(
        "GET",
        "/__mock__/script",
        "misses",
        "The rules, how often each was used, and why some turns matched none",
        _SCRIPT,
        query=(_SESSION,),
    ),
    Operation(
        "PUT",
        "/__mock__/script",
        "script",
        "Replace the script's rules",
        _DONE,
        query=(_SESSION,),
        body=_YAML,
    ),
    Operation(
        "POST",
        "/__mock__/script",
        "script",
        "Replace the script's rules",
        _DONE,
        query=(_SESSION,),
        body=_YAML,
    ),
    Operation(
        "GET",
        "/__mock__/faults",
        "faults",
        "The planned faults that remain",
        {"type": "array", "items": _PLANNED},
        query=(_SESSION,),
    ),
    Operation(
        "POST",
        "/__mock__/faults",
        "plan",
        "Add faults to the plan",
        {"type": "array", "items": _PLANNED},
        query=(_SESSION,),
        body=_YAML,
    ),
    Operation(
        "DELETE",
        "/__mock__/faults",
        "unplan",
        "Delete all planned faults",
        {"type": "array", "maxItems": 0},
        query=(_SESSION,),
        body=_NOTHING,
    ),
    Operation("GET", "/__mock__/clock", "clock", "The server's time", _CLOCK),
    Operation(
        "POST",
        "/__mock__/clock",
        "advance",
        "Move the server's time forward; this affects connection ages, retention and limits",
        _CLOCK,
        body={
            "application/json": {
                "type": "object",
                "required": ["advance"],
                "additionalProperties": False,
                "properties": {
                    "advance": {
                        "description": "seconds, or a string such as 59m, 1h or 30d",
                        "type": ["number", "string"],
                        "minimum": 0,
                    }
                },
            }
        },
    ),
    Operation(
        "POST",
        "/__mock__/reset",
        "reset",
        "Delete the journal, faults, stored responses and conversations, and all sessions",
        _DONE,
        query=(Query("session", "string", "only this session, and the session itself"),),
        body=_NOTHING,
    ),
    Operation(
        "GET",
        "/__mock__/sessions",
        "sessions",
        "The sessions that requests or tests have used",
        {"type": "array", "items": _TEXT},
    ),
    Operation(
        "GET",
        "/__mock__/metrics",
        "metrics",
        "Metrics in Prometheus' text format",
        _TEXT,
        content="text/plain",
    ),
    Operation("GET", "/__mock__/openapi.json", "openapi", "This description", _DONE),
)
