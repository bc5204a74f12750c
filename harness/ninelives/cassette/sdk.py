"""Validates events with the official SDK's models, and knows which of their errors to ignore.

Events are validated strictly, each by the model of its own type. `KNOWN` lists where real traffic and the
SDK's models differ; nothing else is ignored.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, get_args

import ninelives.cassette.payload as payload

if TYPE_CHECKING:
    from pydantic import BaseModel

UNKNOWN_TYPES = {
    "response.apply_patch_call_operation_diff.delta": "not in openai 3.54.0 (observed 2026)",
    "response.apply_patch_call_operation_diff.done": "not in openai 3.54.0 (observed 2026)",
    "keepalive": "sent during silences; not in openai 3.54.0",
}
"""Event types that the API sends and the SDK does not know."""

KNOWN = {
    ("*", "missing", "sequence_number"): "recorded before 2025-05-28, when the field was introduced",
    (
        "response.output_text.delta",
        "missing",
        "logprobs",
    ): "recorded before 2025-06, or through a server that drops it",
    (
        "response.output_text.done",
        "missing",
        "logprobs",
    ): "recorded before 2025-06, or through a server that drops it",
    ("*", "missing", "response.usage.input_tokens_details.cache_write_tokens"): "recorded before 2026-07",
    (
        "*",
        "missing",
        "item.action",
    ): "a web_search_call of a reasoning model has no action when it is added",
    ("*", "missing", "response.output.#.action"): "a web_search_call of 2025 had no action",
    ("*", "literal_error", "item.action.sources.#.type"): "a source may be of type api, unknown to the SDK",
    ("*", "missing", "item.action.sources.#.url"): "a source of type api has a name and no url",
    ("*", "literal_error", "response.output.#.action.sources.#.type"): "the same in the finished response",
    ("*", "missing", "response.output.#.action.sources.#.url"): "the same in the finished response",
    (
        "error",
        "missing",
        "message",
    ): "the wire nests code, message and param under error; the SDK wants them on top",
    (
        "response.failed",
        "literal_error",
        "response.error.code",
    ): "insufficient_quota is not among the SDK's codes",
}
"""The known differences: event type or *, pydantic's error, and place, each with the reason."""


@cache
def installed() -> bool:
    """Whether the SDK is installed."""
    return find_spec("openai") is not None


@cache
def models() -> dict[str, type[BaseModel]]:
    """Return the SDK's model of each type of event."""
    from openai.types.responses import ResponseStreamEvent

    return {_literals(model)[0]: model for model in get_args(get_args(ResponseStreamEvent)[0])}


@cache
def stands_for() -> dict[str, set[str]]:
    """Return the values of `type` that the SDK's models stand for, by the name under which pydantic reports
    them.
    """
    from pydantic import BaseModel

    found: dict[str, set[str]] = {}
    open_classes: list[type[BaseModel]] = [BaseModel]
    while open_classes:
        for model in open_classes.pop().__subclasses__():
            open_classes.append(model)
            if model.__module__.startswith("openai.types.responses") and "type" in model.model_fields:
                found.setdefault(model.__name__, set()).update(_literals(model))
    return found


def is_known(kind: str) -> bool:
    """Whether the SDK, or we, know this type of event."""
    return kind in UNKNOWN_TYPES or kind in models()


def validation_errors(data: bytes) -> list[str]:
    """Return the errors of the SDK's model for an event, without the known ones."""
    kind = payload.type_of(data)
    if kind in UNKNOWN_TYPES:
        return []
    model = models().get(kind)
    if model is None:
        return [f"unknown event type {kind!r}"]
    try:
        # By the model of its own type, not by the union of all: thirty times as fast, with the same result.
        model.model_validate_json(data, strict=True)
    except ValueError as error:
        try:
            event = json.loads(data)
        except RecursionError:
            return [f"{kind}: nested too deeply"]
        wrong: Any = error
        found = {
            (one["type"], place) for one in wrong.errors() if (place := _place(event, one["loc"])) is not None
        }
        return [
            f"{kind}: {what} at {place}"
            for what, place in sorted(found)
            if (kind, what, place) not in KNOWN and ("*", what, place) not in KNOWN
        ]
    return []


def _place(event: Any, loc: tuple[int | str, ...]) -> str | None:
    """Return where an error is, without the names of union members; None for a member that stands for
    another type.
    """
    steps: list[str] = []
    value = event
    for step in loc:
        if isinstance(step, str) and (types := stands_for().get(step)) is not None:
            if isinstance(value, dict) and value.get("type") not in types:
                return None
            continue
        steps.append("#" if isinstance(step, int) else step)
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            value = None
    return ".".join(steps)


def _literals(model: type[BaseModel]) -> tuple[str, ...]:
    annotation = model.model_fields["type"].annotation
    inner = [get_args(one) for one in get_args(annotation) if get_args(one)]  # Optional[Literal[...]]
    return tuple(str(value) for value in (inner[0] if inner else get_args(annotation)))
