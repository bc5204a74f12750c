"""Reads the reply of a rule: its items, its usage, its delay and how it ends.

Every error names the place, what was found, what was expected and how to fix it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mock_openai.protocol import json
from mock_openai.protocol.reply import (
    REASONING_TOKENS,
    Call,
    Completed,
    Failed,
    Finish,
    Incomplete,
    Item,
    Reasoning,
    Refusal,
    ReplyItem,
    Text,
    Usage,
)
from mock_openai.source import SourceValue, from_python

ITEM_KINDS: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "deltas", "annotations", "phase", "same_message"),
    "refusal": ("refusal", "same_message"),
    "call": ("call", "arguments", "call_id"),
    "reasoning": ("reasoning", "encrypted", "tokens"),
    "item": ("item",),
}
USAGE = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "cache_write_tokens")
FAILED = ("code", "message", "type", "param", "mid_item")
DELAY = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}


def read_items(source: SourceValue) -> tuple[ReplyItem, ...]:
    """Read the items of a reply: a text, one item, or a list of items."""
    parts = source.value if isinstance(source.value, list) else [source]
    return tuple(_item(part) for part in parts)


def read_usage(source: SourceValue) -> Usage:
    """Read token counts."""
    return Usage(**{name: value.whole(name) for name, value in source.mapping(USAGE, "usage").items()})


def read_delay(source: SourceValue) -> float:
    """Read a duration: seconds as a number, or text such as "500ms"."""
    if isinstance(source.value, int | float) and not isinstance(source.value, bool) and source.value >= 0:
        return float(source.value)
    match = DELAY.fullmatch(source.value) if isinstance(source.value, str) else None
    if match is None:
        raise source.wrong(
            "a duration in seconds, or with ms, s or m", "write for example delay: 0.5 or delay: 500ms"
        )
    return float(match[1]) * _SECONDS[match[2]]


def read_finish(given: Mapping[str, SourceValue]) -> Finish:
    """Read how a reply ends, from `finish`, `incomplete` or `failed`."""
    ends = [name for name in ("finish", "incomplete", "failed") if name in given]
    if len(ends) > 1:
        raise given[ends[1]].error(f"found both {ends[0]} and {ends[1]}", "one way to end", "choose one")
    if "failed" in given:
        return _failed(given["failed"])
    if "incomplete" in given:
        return _incomplete(given["incomplete"])
    if "finish" not in given:
        return Completed()
    source = given["finish"]
    if isinstance(source.value, dict):
        return read_finish(source.mapping(("incomplete", "failed"), "finish"))
    kinds: dict[str, Finish] = {"completed": Completed(), "incomplete": Incomplete(), "failed": Failed()}
    if not isinstance(source.value, str) or source.value not in kinds:
        raise source.wrong("completed, incomplete or failed", "write one of the three")
    return kinds[source.value]


def reply_item(value: str | ReplyItem | Mapping[str, Any] | Callable[..., Any]) -> ReplyItem:
    """Return one reply item for a Python value."""
    if isinstance(value, Text | Refusal | Call | Reasoning | Item):
        return value
    return _item(from_python(value))


def _item(source: SourceValue) -> ReplyItem:
    if isinstance(source.value, str):
        return Text(source.value)
    kinds = ", ".join(ITEM_KINDS)
    every = sorted({key for keys in ITEM_KINDS.values() for key in keys})
    given = source.mapping(every, "an item")
    kind = next((name for name in ITEM_KINDS if name in given), None)
    if kind is None:
        raise source.wrong(f"an item with one of {kinds}", 'write for example {text: "Hello."}')
    source.mapping(ITEM_KINDS[kind], f"an item with '{kind}'")
    match kind:
        case "text":
            return _text(given)
        case "refusal":
            same = given["same_message"].flag("same_message") if "same_message" in given else False
            return Refusal(given["refusal"].text("refusal"), same)
        case "call":
            return _call(given)
        case "reasoning":
            return _reasoning(given)
    if not isinstance(given["item"].value, dict) or "type" not in given["item"].value:
        raise given["item"].wrong("an output item with a type", "write item: {type: web_search_call, ...}")
    return Item(given["item"].plain())


def _text(given: Mapping[str, SourceValue]) -> Text:
    text = given["text"].text("text")
    deltas: int | tuple[str, ...] | None = None
    if "deltas" in given:
        source = given["deltas"]
        if isinstance(source.value, list):
            deltas = tuple(part.text("a delta") for part in source.value)
            if "".join(deltas) != text or not all(deltas):
                raise source.error(
                    "found deltas that do not add up to the text",
                    "the pieces of the text in order",
                    "repeat the text",
                )
        else:
            deltas = source.whole("deltas", minimum=1)
    notes = given["annotations"].plain() if "annotations" in given else []
    if not isinstance(notes, list) or not all(isinstance(note, dict) for note in notes):
        raise given["annotations"].wrong(
            "a list of annotations", "write annotations: [{type: url_citation, ...}]"
        )
    return Text(
        text,
        deltas,
        tuple(notes),
        given["phase"].text("phase") if "phase" in given else None,
        given["same_message"].flag("same_message") if "same_message" in given else False,
    )


def _call(given: Mapping[str, SourceValue]) -> Call:
    arguments = given["arguments"].plain() if "arguments" in given else {}
    if not isinstance(arguments, dict | str):
        raise given["arguments"].wrong(
            "arguments as a mapping or as JSON text", "write arguments: {city: Paris}"
        )
    written = arguments if isinstance(arguments, str) else json.compact(arguments).decode()
    call_id = given["call_id"].text("call_id") if "call_id" in given else None
    return Call(given["call"].text("call"), written, call_id)


def _reasoning(given: Mapping[str, SourceValue]) -> Reasoning:
    source = given["reasoning"]
    if not isinstance(source.value, str | list | None):
        raise source.wrong("a summary as text, a list of them, or nothing", "write reasoning: I look it up.")
    parts = source.value if isinstance(source.value, list) else [source] if source.value else []
    sealed = given["encrypted"].value if "encrypted" in given else None
    if not isinstance(sealed, str | bool | None):
        raise given["encrypted"].wrong("encrypted as true, false or the ciphertext", "write encrypted: true")
    tokens = given["tokens"].whole("tokens") if "tokens" in given else REASONING_TOKENS
    return Reasoning(tuple(part.text("a summary") for part in parts), sealed, tokens)


def _incomplete(source: SourceValue) -> Finish:
    if source.value is True:
        return Incomplete()
    return Incomplete(source.text("the reason"))


def _failed(source: SourceValue) -> Finish:
    if source.value is True:
        return Failed()
    if isinstance(source.value, str):
        return Failed(source.value)
    given = source.mapping(FAILED, "failed")
    values: dict[str, Any] = {name: value.text(name) for name, value in given.items() if name != "mid_item"}
    if "mid_item" in given:
        values["mid_item"] = given["mid_item"].flag("mid_item")
    return Failed(**values)
