"""`response.inject` of the multi-agent beta: input for agents that wait within a response.

This server has no agents, so it accepts input for an active response and ignores it. The answers are
documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_openai.protocol import json
from mock_openai.protocol.events import Event
from mock_openai.protocol.items import ITEM
from mock_openai.protocol.schema import Array, Object, String, need

_INJECT = Object({"response_id": need(String(filled=True)), "input": need(Array(ITEM, minimum=1))})


def read_inject(message: Mapping[str, Any]) -> str:
    """Return the id of the response that the input is for. Raises ApiError if the message is not valid."""
    _INJECT.check(message, "")
    return str(message["response_id"])


def injected(message: Mapping[str, Any], lane: str | None, number: int) -> Event:
    """Return the event for input that was committed."""
    fields = {"sequence_number": number, "response_id": message["response_id"]}
    return _event("response.inject.created", fields, lane)


def inject_failed(message: Mapping[str, Any], number: int, *, known: bool) -> Event:
    """Return the event that returns the input. `known` distinguishes a response that has ended from one that
    never existed.
    """
    wanted = message["response_id"]
    words = f"Response with id '{wanted}' " + ("has already completed." if known else "not found.")
    code = "response_already_completed" if known else "response_not_found"
    fields = {
        "sequence_number": number,
        "error": {"code": code, "message": words},
        "input": message["input"],
        "response_id": wanted,
    }
    return _event("response.inject.failed", fields, None)


def _event(kind: str, fields: Mapping[str, Any], lane: str | None) -> Event:
    where = {} if lane is None else {"stream_id": lane}
    return Event(kind, json.compact({"type": kind, **fields, **where}))
