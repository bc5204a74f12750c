"""Ends a response early: as incomplete, cancelled or failed.

It works from the events that have left, so that the end agrees with what the client received before. Turns
that end as planned do not need it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event, error_event
from mock_openai.protocol.response import settled_tier
from mock_openai.protocol.usage import usage_of_counts

Fields = dict[str, Any]


def incomplete(
    sent: Sequence[Event], reason: str, *, opening: Event | None = None, input_tokens: int = 0
) -> list[Event]:
    """Close the open item and end with `response.incomplete` for a reason such as "max_output_tokens".

    `opening` is the turn's first event, in case a fault kept it from leaving; `input_tokens` is the size of
    the input.
    """
    so_far = _SentSoFar(sent, opening)
    closing = list(so_far.close_open_item())
    response = so_far.ended("incomplete", output=so_far.output, usage=so_far.usage(input_tokens))
    response["incomplete_details"] = {"reason": reason}
    return [*closing, so_far.event("response.incomplete", {"response": response})]


def cancelled(
    sent: Sequence[Event], *, opening: Event | None = None, ending: str = "incomplete"
) -> list[Event]:
    """End at once, as `response.cancel` asks: the status "cancelled" and no output, in an event named
    `response.{ending}`.

    The API documents the status (for background responses, whose output is then empty) but no event for it;
    clients that send `response.cancel` wait for completed, failed or incomplete, so the default is the last.
    """
    so_far = _SentSoFar(sent, opening)
    response = so_far.ended("cancelled", output=[], usage=None)
    response["service_tier"] = so_far.response["service_tier"]
    return [so_far.event(f"response.{ending}", {"response": response})]


def failed(
    sent: Sequence[Event], error: ApiError, *, opening: Event | None = None, flat: bool = False
) -> list[Event]:
    """Break off: an `error` event, then `response.failed` (observed), without output and usage."""
    so_far = _SentSoFar(sent, opening)
    nested = error.nested()
    response = so_far.ended("failed", output=[], usage=None)
    response["service_tier"] = so_far.response["service_tier"]
    response["error"] = {"code": error.code or error.type, "message": error.message}
    return [so_far.error(nested, flat=flat), so_far.event("response.failed", {"response": response})]


class _SentSoFar:
    """The state of a response after the events so far: its finished items, and the item that is open."""

    def __init__(self, sent: Sequence[Event], opening: Event | None) -> None:
        left = list(_readable(sent))
        # A fault may have held the first events back, or sent others of the same type.
        known = [*left, *_readable([] if opening is None else [opening])]
        objects = [fields["response"] for fields in known if isinstance(fields.get("response"), dict)]
        self.response: Fields = next(
            (found for found in objects if "service_tier" in found), {"service_tier": "auto"}
        )
        self.output: list[Fields] = []
        self._deltas = sum(fields["type"].endswith(".delta") for fields in left)
        self._lane = next(({"stream_id": one["stream_id"]} for one in known if "stream_id" in one), {})
        self._next = max((_number(fields) for fields in left), default=-1) + 1
        self._open: list[Fields] = []
        for fields in left:
            kind = fields["type"]
            if kind == "response.output_item.done":
                self.output.append(fields["item"])
                self._open = []
            elif kind == "response.output_item.added":
                self._open = [fields]
            elif self._open:
                self._open.append(fields)

    def event(self, kind: str, carried: Mapping[str, Any]) -> Event:
        """Write the next event: `type` first, the rest in alphabetical order (observed)."""
        fields = {**carried, "sequence_number": self._next, **self._lane}
        self._next += 1
        return Event(kind, json.compact({"type": kind, **dict(sorted(fields.items()))}))

    def error(self, error: Mapping[str, Any], *, flat: bool) -> Event:
        """Write an `error` event."""
        event = error_event(error, self._next, self._lane, flat=flat)
        self._next += 1
        return event

    def ended(self, status: str, *, output: list[Fields], usage: Fields | None) -> Fields:
        """Return the response object at the end."""
        return {
            **self.response,
            "status": status,
            "output": output,
            "usage": usage,
            "service_tier": settled_tier(self.response["service_tier"]),
        }

    def usage(self, input_tokens: int) -> Fields:
        """Return the usage of the events that left: one delta is one token (observed)."""
        return usage_of_counts(input_tokens, self._deltas)

    def close_open_item(self) -> Iterator[Event]:
        """Close the open item with its content so far, and add it to the output."""
        if not self._open:
            return
        added, *since = self._open
        item = dict(added["item"])
        place = {"item_id": item.get("id"), "output_index": added["output_index"]}
        if item.get("type") == "message":
            item["content"] = []
            for index, part in enumerate(_parts(since)):
                yield from self._close_part(part, {**place, "content_index": index})
                item["content"].append(part.finished)
        elif item.get("type") == "function_call":
            item["arguments"] = _joined(since, "response.function_call_arguments.delta")
            if not _has(since, "response.function_call_arguments.done"):
                yield self.event(
                    "response.function_call_arguments.done", {**place, "arguments": item["arguments"]}
                )
        if "status" in item:
            item["status"] = "incomplete"
        self.output.append(item)
        yield self.event("response.output_item.done", {"item": item, "output_index": added["output_index"]})

    def _close_part(self, part: _Part, place: Fields) -> Iterator[Event]:
        if part.closed:
            return
        if not part.text_closed:
            carried: Fields = {"logprobs": []} if part.field == "text" else {}
            yield self.event(
                f"response.{part.stem}.done", {**place, **carried, part.field: part.finished[part.field]}
            )
        yield self.event("response.content_part.done", {**place, "part": part.finished})


class _Part:
    """One content part of the open message."""

    def __init__(self, part: Fields) -> None:
        self.finished = dict(part)
        self.stem, self.field = (
            ("refusal", "refusal") if part["type"] == "refusal" else ("output_text", "text")
        )
        self.text_closed = self.closed = False

    def add(self, fields: Fields) -> None:
        kind = fields["type"]
        if kind == f"response.{self.stem}.delta":
            self.finished[self.field] += fields["delta"]
        elif kind == "response.output_text.annotation.added":
            self.finished["annotations"] = [*self.finished["annotations"], fields["annotation"]]
        elif kind == f"response.{self.stem}.done":
            self.text_closed = True
        elif kind == "response.content_part.done":
            self.closed = True


def _parts(since: Iterable[Fields]) -> list[_Part]:
    parts: list[_Part] = []
    for fields in since:
        if fields["type"] == "response.content_part.added":
            parts.append(_Part(fields["part"]))
        elif parts:
            parts[-1].add(fields)
    return parts


def _joined(since: Iterable[Fields], kind: str) -> str:
    return "".join(fields["delta"] for fields in since if fields["type"] == kind)


def _has(since: Iterable[Fields], kind: str) -> bool:
    return any(fields["type"] == kind for fields in since)


def _number(fields: Fields) -> int:
    number = fields.get("sequence_number")
    return number if isinstance(number, int) else -1


def _readable(sent: Iterable[Event]) -> Iterator[Fields]:
    for event in sent:
        try:
            fields = json.parse(event.data)
        except ValueError:
            continue  # broken on purpose by a fault
        if isinstance(fields, dict) and isinstance(fields.get("type"), str):
            yield fields
