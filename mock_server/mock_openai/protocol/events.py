"""Turns a reply into the stream of events that the API sends.

Strategy: `sequences` gives the events of each item; here every event gets its place in the stream (sequence
number, lane), its obfuscation, and its key order, which since 2026-01 is `type` first and the rest
alphabetical (observed). Events are made one at a time on demand, so that times in them (`completed_at`) are
current.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec

from mock_openai.protocol import json
from mock_openai.protocol.behaviour import DEFAULT, Behaviour
from mock_openai.protocol.ciphertext import ciphertext
from mock_openai.protocol.codex_metadata import turn_of, with_turn
from mock_openai.protocol.errors import by_code
from mock_openai.protocol.event_types import is_delta
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.item_streams import course
from mock_openai.protocol.moderation import verdict
from mock_openai.protocol.output_items import OutputItem, OutputItems, make_output_items
from mock_openai.protocol.padding import Padding, RandomPadding, needed
from mock_openai.protocol.random_source import RandomSource
from mock_openai.protocol.reply import Completed, Failed, Incomplete, Reply, Usage
from mock_openai.protocol.request import Request
from mock_openai.protocol.response import settled_tier
from mock_openai.protocol.sequences import Bare, item_events, listings
from mock_openai.protocol.usage import usage_of

# The one delta that never carries obfuscation (observed).
_PLAIN_DELTA = "response.shell_call_output_content.delta"


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event, exactly as it leaves.

    `data` is compact JSON: the SSE data line, or the WebSocket text frame. `wire` holds the exact SSE
    bytes, only where they are not `event: {type}`, `data: {data}` and a blank line (recordings of odd
    servers). `binary` marks what was a binary WebSocket frame.
    """

    type: str
    data: bytes
    wire: bytes | None = None
    binary: bool = False


class Timed(msgspec.Struct, frozen=True, gc=False):
    """An event and when it leaves, in seconds since the turn began."""

    at: float
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A response that was opened, and what its events are made with."""

    request: Request
    response: dict[str, Any]
    """The result of `open_response`."""
    ids: Ids
    random_source: RandomSource
    clock: Callable[[], float]
    """Unix seconds."""
    history_tokens: int = 0
    """The number of tokens in the chain before this request."""
    behaviour: Behaviour = DEFAULT
    padding: Padding | None = None
    """Drawn from `random_source` unless given."""


def stream_events(reply: Reply, opened: Opened) -> Iterator[Event]:
    """Return the whole stream of one turn, from `response.created` to its terminal event."""
    request, response, clock = opened.request, opened.response, opened.clock
    rng, history_tokens = opened.random_source.generator, opened.history_tokens
    writer = _Writer(
        request,
        opened.padding or RandomPadding(opened.random_source),
        flat_errors=opened.behaviour.error_events == "flat",
    )
    yield from _head(response, writer)
    output_items = make_output_items(
        reply, request, response["id"], ids=opened.ids, rng=rng, clock=clock, history_tokens=history_tokens
    )
    if (turn := turn_of(request)) is not None:
        for output_item in output_items.items:
            output_item.item = with_turn(output_item.item, turn, created=clock())
    finish = Incomplete() if output_items.ran_out else reply.finish
    breaks_off = isinstance(finish, Failed) and finish.mid_item
    last = len(output_items.items) - 1
    index = 0
    while index <= last:
        lists = 0 if breaks_off else _listings_from(output_items.items, index)
        if lists > 1:
            bare_events = listings(output_items.items[index : index + lists], index)
        else:
            closed = not (breaks_off and index == last)
            bare_events = item_events(
                output_items.items[index], index, request, rng=rng, clock=clock, closed=closed
            )
        for kind, carried in bare_events:
            if turn is not None and kind == "response.output_item.added":
                carried = {**carried, "item": with_turn(carried["item"], turn)}
            yield writer.event(kind, carried)
        index += max(1, lists)
    output = [output_item.item for output_item in output_items.items[: last if breaks_off else None]]
    ended = {
        **response,
        "output": [_resealed(item, rng, clock) for item in output],
        "moderation": verdict(request.body.get("moderation")),
        "tool_usage": _tool_usage(response["tool_usage"], output),
    }
    usage = usage_of(request, output_items, history_tokens=history_tokens, told=reply.usage)
    yield from writer.events(_tail(finish, ended, usage, clock, request.model))


def warm_up_events(opened: Opened) -> Iterator[Event]:
    """Return the stream of a turn with `generate: false`: created, in_progress and completed with no output.

    Inferred: clients await `response.completed`, and no recording of it exists. The input is billed
    (reported).
    """
    request, response, behaviour = opened.request, opened.response, opened.behaviour
    writer = _Writer(request, RandomPadding(opened.random_source))
    head = list(_head(response, writer))
    if behaviour.warm_up == "short":
        del head[1:]
        writer.skip_to(1)
    yield from head
    told = Usage(output_tokens=0) if behaviour.warm_up_usage == "billed" else Usage(0, 0, 0, 0)
    usage = usage_of(request, OutputItems([]), history_tokens=opened.history_tokens, told=told)
    ended = _tail(Completed(), dict(response), usage, opened.clock, request.model)
    if behaviour.warm_up_usage == "null":
        ended = ((kind, {"response": {**carried["response"], "usage": None}}) for kind, carried in ended)
    yield from writer.events(ended)


def error_event(error: Mapping[str, Any], number: int, lane: Mapping[str, str], *, flat: bool) -> Event:
    """Write an `error` event, the one kind whose keys are not in alphabetical order (observed); `flat` is the
    shape of the published schema, in which no lane's name is lost either.
    """
    told = {name: error[name] for name in ("code", "message", "param")} if flat else {"error": error}
    return Event("error", json.compact({"type": "error", "sequence_number": number, **told, **lane}))


class _Writer:
    """Numbers events and writes them."""

    def __init__(self, request: Request, padding: Padding, *, flat_errors: bool = False) -> None:
        self._next = 0
        self._padding = padding
        self._flat_errors = flat_errors
        # Background streams are never obfuscated (observed).
        self._obfuscate = request.include_obfuscation and not request.background
        self._lane = {} if request.stream_id is None else {"stream_id": request.stream_id}

    def event(self, kind: str, carried: Mapping[str, Any]) -> Event:
        """Write the next event."""
        fields = {**carried, "sequence_number": self._next, **self._lane}
        if self._obfuscate and is_delta(kind) and kind != _PLAIN_DELTA:
            fields["obfuscation"] = self._padding.take(needed(fields["delta"]))
        self._next += 1
        return Event(kind, json.compact({"type": kind, **dict(sorted(fields.items()))}))

    def skip_to(self, number: int) -> None:
        """Continue with this sequence number."""
        self._next = number

    def error(self, error: Mapping[str, Any]) -> Event:
        """Write an `error` event."""
        event = error_event(error, self._next, self._lane, flat=self._flat_errors)
        self._next += 1
        return event

    def events(self, bare: Iterable[Bare]) -> Iterator[Event]:
        """Write several events, with the sequence numbers that follow."""
        for kind, carried in bare:
            yield self.error(carried["error"]) if kind == "error" else self.event(kind, carried)


def _listings_from(output_items: list[OutputItem], index: int) -> int:
    """Count the lists of tools that follow one another from here."""
    end = index
    while end < len(output_items) and output_items[end].item["type"] == "mcp_list_tools":
        end += 1
    return end - index


def _head(response: dict[str, Any], writer: _Writer) -> Iterator[Event]:
    # Created and in_progress carry the same object, so it is written once.
    written = msgspec.Raw(json.compact(response))
    yield writer.event("response.created", {"response": written})
    if response["status"] == "queued":
        yield writer.event("response.queued", {"response": written})
        response["status"] = "in_progress"
        written = msgspec.Raw(json.compact(response))
    yield writer.event("response.in_progress", {"response": written})


def _tail(
    finish: Completed | Incomplete | Failed,
    response: dict[str, Any],
    usage: dict[str, Any],
    clock: Callable[[], float],
    model: str,
) -> Iterator[Bare]:
    match finish:
        case Completed():
            response["status"] = "completed"
            response["completed_at"] = int(clock())
        case Incomplete(reason):
            response["status"] = "incomplete"
            response["incomplete_details"] = {"reason": reason}
        case Failed():
            # A failed response keeps the tier "auto" and reports no usage (observed).
            error = _nested_error(finish, model)
            yield "error", {"error": error}
            response["status"] = "failed"
            response["error"] = {"code": error["code"], "message": error["message"]}
            yield "response.failed", {"response": response}
            return
    response["service_tier"] = settled_tier(response["service_tier"])
    response["usage"] = usage
    yield f"response.{response['status']}", {"response": response}


def _nested_error(failed: Failed, model: str) -> dict[str, Any]:
    known = by_code(
        failed.code,
        message=failed.message,
        type=failed.type,
        param=failed.param,
        headers=failed.headers,
    )
    told = known.about(model).nested()
    if not failed.headers:
        told.pop("headers", None)  # recorded streams have none
    return told


def _tool_usage(tool_usage: dict[str, Any], output: list[dict[str, Any]]) -> dict[str, Any]:
    searches = sum(item["type"] == "web_search_call" for item in output)
    return {**tool_usage, "web_search": {"num_requests": searches}}


def _resealed(item: dict[str, Any], rng: Random, clock: Callable[[], float]) -> dict[str, Any]:
    """Encrypt the reasoning of the terminal event anew: real servers never send the same ciphertext twice."""
    name = "encrypted_content" if item["type"] == "reasoning" else course(item["type"]).sealed
    if name is None or not str(item.get(name) or "").startswith("gAAAA"):
        return item
    return {**item, name: ciphertext(rng, at=clock())}
