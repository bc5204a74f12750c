"""Steering: user input for a response that is still being written. The form of a submission, and the server's
answers.

Everything here is documented (the mid-turn steering guide, the SDK's types) unless a comment says otherwise.
A submission is accepted, and then committed by the successor's `response.created`, or returned in
`response.steer.failed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mock_openai.protocol import json, models
from mock_openai.protocol.errors import INVALID_REQUEST, ApiError, invalid_type, missing_parameter
from mock_openai.protocol.events import Event
from mock_openai.protocol.parts import USER_CONTENT
from mock_openai.protocol.request import Request
from mock_openai.protocol.schema import Array, Object, String, describe, either, need, words

_MESSAGE = Object({"type": words("message"), "role": need(words("user")), "content": need(USER_CONTENT)})
_STEER = Object(
    {
        "previous_response_id": need(String(filled=True)),
        "input": need(either(Array(_MESSAGE, minimum=1), String(filled=True))),
    }
)


class SteerRefused(Exception):
    """A submission that was not queued; `code` is one of the documented ones."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Steer:
    """A submission: the response that it steers and its input as sent. `id` is given when it is accepted;
    `size` is the size of its message in bytes.
    """

    previous_response_id: str
    input: Any
    id: str | None = None
    size: int = 0

    @property
    def items(self) -> list[dict[str, Any]]:
        """The input as items."""
        return as_items(self.input)


def read_steer(message: Mapping[str, Any]) -> Steer:
    """Read a `response.steer` without its `type`; `check_steer` checks its input. Raises ApiError if
    `previous_response_id` or `input` is missing or not usable, because `response.steer.failed` must repeat
    both (inferred).
    """
    for name in ("previous_response_id", "input"):
        if name not in message:
            raise missing_parameter(name)
    target = message["previous_response_id"]
    if not isinstance(target, str):
        raise invalid_type("previous_response_id", "a string", describe(target))
    return Steer(target, message["input"])


def check_steer(message: Mapping[str, Any]) -> None:
    """Raise SteerRefused for a submission that is not valid."""
    try:
        _STEER.check(message, "")
    except ApiError as wrong:
        raise SteerRefused("invalid_input", wrong.message) from None


def check_target(request: Request) -> None:
    """Raise SteerRefused if a response cannot be steered."""
    if not models.facts(request.model).steers:
        why = f"The model '{request.model}' does not support steering."
    elif request.conversation is not None:
        why = "Responses bound to a conversation do not support steering."
    elif request.body.get("context_management"):
        why = "Responses using automatic compaction do not support steering."
    elif not request.generate:
        why = "Responses without generated output do not support steering."
    else:
        return
    raise SteerRefused("steering_not_supported", why)  # the words are inferred


def as_items(given: Any) -> list[dict[str, Any]]:
    """Return a request's or a submission's input as items."""
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}] if given else []
    return list(given or ())


def at_boundary(events: Sequence[Event], following: Event | None) -> bool:
    """Return whether a response may end here: an item is due, none is open and no call waits for the client.

    That whole items are the safe boundary is inferred. A call that the client must answer lets the response
    run to its end, because only a completed response can wait for the client.
    """
    if following is None or following.type != "response.output_item.added":
        return False
    added = sum(event.type == "response.output_item.added" for event in events)
    done = [event for event in events if event.type == "response.output_item.done"]
    if added != len(done):
        return False
    return not required_input([json.parse(event.data)["item"] for event in done])


_OUTPUTS = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
    "computer_call": "computer_call_output",
    "shell_call": "shell_call_output",
    "apply_patch_call": "apply_patch_call_output",
}


def required_input(output: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the stubs of what a client must supply before this output can be continued."""
    output = list(output)
    answered = {item.get("call_id") for item in output if str(item.get("type")).endswith("_output")}
    stubs: list[dict[str, Any]] = []
    for item in output:
        kind = str(item.get("type"))
        if kind == "mcp_approval_request":
            stubs.append({"type": "mcp_approval_response", "approval_request_id": item["id"]})
        elif item.get("call_id") in answered:
            continue
        elif kind in _OUTPUTS:
            named = {"name": item["name"]} if kind == "function_call" else {}
            stubs.append({"type": _OUTPUTS[kind], "call_id": item["call_id"], **named})
        elif kind == "tool_search_call" and item.get("execution") == "client":
            stubs.append({"type": "tool_search_output", "call_id": item["call_id"], "execution": "client"})
    return stubs


def accepted(steer: Steer, lane: str | None, number: int) -> Event:
    """Return the event that says that the server has accepted the input."""
    return _event("response.steer.accepted", number, {"steer": _named(steer)}, lane)


def pending(steer: Steer, lane: str | None, required: list[dict[str, Any]], number: int) -> Event:
    """Return the event that says that the input waits for outputs that only the client can supply."""
    fields = {"steer": _named(steer), "reason": "waiting_for_required_input", "required_input": required}
    return _event("response.steer.pending", number, fields, lane)


def failed(steer: Steer, lane: str | None, error: SteerRefused, number: int) -> Event:
    """Return the event that gives the input back."""
    shown = {"type": INVALID_REQUEST, "code": error.code, "message": error.message}
    given = {"input": steer.input, "previous_response_id": steer.previous_response_id}
    if steer.id is not None:
        given["id"] = steer.id
    return _event("response.steer.failed", number, {"error": shown, "steer": given}, lane)


def _named(steer: Steer) -> dict[str, Any]:
    return {"id": steer.id, "previous_response_id": steer.previous_response_id}


def _event(kind: str, number: int, fields: Mapping[str, Any], lane: str | None) -> Event:
    where = {} if lane is None else {"stream_id": lane}
    return Event(kind, json.compact({"type": kind, "sequence_number": number, **fields, **where}))
