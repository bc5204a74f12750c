"""Messages of a WebSocket client: JSON objects with a type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_openai.journal import redact
from mock_openai.journal.redact import JournalRedactor
from mock_openai.protocol import json
from mock_openai.protocol.behaviour import Behaviour
from mock_openai.protocol.errors import (
    ApiError,
    invalid_json,
    invalid_type,
    invalid_value,
    missing_parameter,
    too_many_values,
)
from mock_openai.protocol.schema import describe


def known_types(behaviour: Behaviour, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the message types that a connection accepts; the multi-agent beta's need its header
    (documented).
    """
    known: tuple[str, ...] = ("response.create", "response.steer")
    if behaviour.on_cancel != "reject":
        known = (*known, "response.cancel")
    if "responses_multi_agent" in headers.get("OpenAI-Beta", ""):
        known = (*known, "response.inject")
    return known


def read_message(data: bytes, known: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """Return a text message's type and its other fields. Raises ApiError if the type is not known."""
    if len(data) > json.MOST_VALUES and json.has_more_values(data, json.MOST_VALUES):
        raise too_many_values(json.MOST_VALUES)
    try:
        message = json.parse_shallow(data)
    except ValueError:
        raise invalid_json() from None
    if not isinstance(message, dict):
        raise invalid_type("message", "an object", describe(message))
    kind = message.pop("type", None)
    if kind is None:
        raise missing_parameter("type")
    if kind not in known:
        raise invalid_value("type", kind, known)
    return kind, message


def binary_message() -> ApiError:
    """Return the error for a binary message (inferred)."""
    return ApiError("Invalid message: expected a text frame, but got a binary frame instead.")


def as_noted(body: Mapping[str, Any], redactor: JournalRedactor) -> dict[str, Any]:
    """Return a message as the journal shows it."""
    return {"method": "WEBSOCKET", "path": "/v1/responses", "body": redact.body(body, redactor)}
