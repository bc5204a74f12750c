"""A recorded conversation for a reader: who said what, which tools were called, tokens and times.

Made from the exchanges of a cassette. Only the new part of each request is kept, because a request repeats
the whole conversation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mock_openai.protocol.event_types import ENDS

from ninelives.cassette.items import items_of, text_of
from ninelives.report.timeline import decoded, ending_line

if TYPE_CHECKING:
    from ninelives.cassette import Exchange


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One request and its answer, reduced to what a reader needs."""

    number: int
    began: float
    """Seconds since the recording began."""
    transport: str
    model: str
    asked: tuple[tuple[str, str], ...]
    """The new part of the request: pairs of a role (`user`, `developer` or `tool`) and a text."""
    thought: str
    said: str
    calls: tuple[tuple[str, str], ...]
    """Function calls as (name, arguments)."""
    usage: tuple[int, int] | None
    """Input and output tokens."""
    status: str
    """`completed`, `incomplete (reason)`, `failed (code)`, an HTTP status, or `cut off`."""
    ending: str
    """`end`, or how the answer broke off."""
    broken: bool
    """Whether it did not end normally."""
    first: float | None
    """Seconds until the first word or call."""
    took: float
    """Seconds until the last event."""
    request: str
    """Method and path."""


def conversation(exchanges: Iterable[Exchange]) -> list[Exchanged]:
    """Return exchanges as a conversation."""
    return [_exchanged(number, exchange) for number, exchange in enumerate(exchanges, 1)]


def _exchanged(number: int, exchange: Exchange) -> Exchanged:
    body: Mapping[str, Any] = exchange.body if isinstance(exchange.body, Mapping) else {}
    events = [(timed.at, timed.event.type, decoded(timed.event.data)) for timed in exchange.events]
    final = _final(exchange, events)
    return Exchanged(
        number=number,
        began=exchange.began / 1000,
        transport=exchange.transport,
        model=str(final.get("model") or body.get("model") or ""),
        asked=tuple(_new_items(items_of(body))),
        thought="".join(_deltas(events, "response.reasoning_summary_text.delta")),
        said=_said(events, final),
        calls=tuple(_calls(events, final)),
        usage=_usage(final),
        status=_status(exchange, events, final),
        ending="end" if exchange.complete else ending_line(exchange.ending),
        broken=not exchange.complete,
        first=next((at for at, kind, _ in events if kind in _FIRST), None),
        took=(exchange.ended - exchange.began) / 1000,
        request=f"{exchange.method} {exchange.path}",
    )


_FIRST = frozenset(
    {"response.output_text.delta", "response.refusal.delta", "response.function_call_arguments.delta"}
)

Events = Sequence[tuple[float, str, Mapping[str, Any]]]


def _new_items(items: Sequence[Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    fresh = 0
    for place, item in enumerate(items):
        if item.get("role") == "assistant" or item.get("type") in {"function_call", "reasoning"}:
            fresh = place + 1
    for item in items[fresh:]:
        if item.get("type") == "function_call_output":
            output = item.get("output")
            yield "tool", output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
        elif item.get("role"):
            yield str(item["role"]), text_of(item)


def _deltas(events: Events, kind: str) -> Iterable[str]:
    return (str(data.get("delta", "")) for _, each, data in events if each == kind)


def _final(exchange: Exchange, events: Events) -> Mapping[str, Any]:
    for _, kind, data in reversed(events):
        if kind in ENDS:
            response = data.get("response")
            return response if isinstance(response, Mapping) else {}
    return decoded(exchange.answer) if not events else {}


def _said(events: Events, final: Mapping[str, Any]) -> str:
    streamed = "".join(
        [*_deltas(events, "response.output_text.delta"), *_deltas(events, "response.refusal.delta")]
    )
    if streamed or events:
        return streamed
    return "".join(text_of(item) for item in _output(final) if item.get("type") == "message")


def _output(final: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    output = final.get("output")
    return [item for item in output if isinstance(item, Mapping)] if isinstance(output, list) else []


def _calls(events: Events, final: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    streamed = [data.get("item") for _, kind, data in events if kind == "response.output_item.done"]
    for item in streamed or _output(final):
        if isinstance(item, Mapping) and item.get("type") == "function_call":
            yield str(item.get("name", "")), str(item.get("arguments", ""))


def _usage(final: Mapping[str, Any]) -> tuple[int, int] | None:
    usage = final.get("usage")
    if not isinstance(usage, Mapping):
        return None
    return int(usage.get("input_tokens") or 0), int(usage.get("output_tokens") or 0)


def _status(exchange: Exchange, events: Events, final: Mapping[str, Any]) -> str:
    status = final.get("status")
    if isinstance(status, str):
        details = final.get("incomplete_details") or final.get("error") or {}
        why = details.get("reason") or details.get("code") if isinstance(details, Mapping) else None
        return f"{status} ({why})" if why else status
    for _, kind, data in events:
        if kind == "error":
            return f"error ({_code(data)})"
    if exchange.transport != "websocket" and exchange.status is not None and not events:
        code = _code(decoded(exchange.answer))
        return f"HTTP {exchange.status} ({code})" if code else f"HTTP {exchange.status}"
    return "cut off"


def _code(data: Mapping[str, Any]) -> object:
    """Return the error's code; errors without a code have a type."""
    error = data.get("error")
    if not isinstance(error, Mapping):
        error = data if data.get("type") == "error" else {}
    return error.get("code") or error.get("type")
