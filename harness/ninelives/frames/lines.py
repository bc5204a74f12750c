"""One readable line per frame.

    0.000 ↓ LLMTextFrame {"text":"Hello"}

First the time in seconds, then the direction of the frame (↓ to the speaker, ↑ to the microphone), its
class, and those of its fields that differ from their defaults. Values that change from run to run are left
out or normalized, so that two runs of the same conversation give the same lines: identifiers, instance
counters, wall-clock times, and measured times (which are kept if the clock is virtual, because then they are
part of the behavior).
"""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

ARROWS = {"down": "↓", "up": "↑", "line": "♪"}
"""The direction of a frame; `line` is sound that the caller heard."""

VOLATILE = frozenset(
    {"id", "name", "pts", "metadata", "broadcast_sibling_id", "group_id", "timestamp", "flush_id", "event"}
)
"""Fields that are always left out: they differ from run to run and say nothing about the bot."""

PLUMBING = frozenset({"interruptible", "processor", "exception", "context_id", "service"})
"""Fields that are always left out: they are the same for every frame of a class, or refer back to the
pipeline.
"""

HOUSEKEEPING = frozenset(
    {
        "StartFrame",
        "EndFrame",
        "CancelFrame",
        "LLMServiceMetadataFrame",
        "ServiceMetadataFrame",
        "HeartbeatFrame",
    }
)
"""Frames of the pipeline's own life cycle, left out unless requested."""

_COUNTER = re.compile(r"#\d+\b")
_MAX_TEXT = 2000


@dataclasses.dataclass(frozen=True, slots=True)
class _OnTheLine:
    """Our own lines among the frames: words and sounds that were played."""

    at: float
    frame: Any
    direction: str = "line"


@dataclasses.dataclass
class PlayedWord:
    """A word whose sound began: `2.150 ♪ PlayedWord {"text":"eight"}`."""

    text: str


@dataclasses.dataclass
class PlayedSound:
    """A stretch of sound without a gap, at its beginning."""

    seconds: float


def to_lines(
    what: Any,
    *,
    include: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    direction: str | None = None,
    times: bool | None = None,
) -> list[str]:
    """Return the frames of `what` as lines: a `Turn`, a `Bot`, a list of `Captured`, of frames, or of lines.

    `include`: class names to keep, and nothing else (also those left out by default). `exclude`: class names
    to drop. A name may be a prefix ending in `*`. `direction`: `down` or `up` only. `times`: whether to keep
    times and measured durations; by default they are kept if they are virtual, and written as `-` if they
    are real.
    """
    kept, dropped = _matcher(include), _matcher(exclude)
    exact = virtual_times(what) if times is None else times
    lines = []
    for item in _items(what):
        if isinstance(item, str):
            lines.append(item)
            continue
        at, way, frame = _parts(item)
        name = type(frame).__name__
        if direction is not None and way not in (direction, None):
            continue
        if way == "line" and not exact:  # without exact times there is no order among frames
            continue
        if dropped(name) or (not kept(name) if include is not None else name in HOUSEKEEPING):
            continue
        lines.append(to_line(frame, at=at, direction=way, times=exact))
    return lines


def to_line(frame: Any, *, at: float | None = None, direction: str | None = None, times: bool = True) -> str:
    """Return one frame as one line."""
    words = []
    if at is not None:
        words.append(f"{at:.3f}" if times else "-")
    if direction is not None:
        words.append(ARROWS[direction])
    words.append(type(frame).__name__)
    shown = _fields(frame, times)
    if shown:
        words.append(json.dumps(shown, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
    return " ".join(words)


def virtual_times(what: Any) -> bool:
    """Whether the times of `what` are virtual, according to its frames or else to the running loop."""
    for holder in (what, getattr(what, "frames", None)):
        flag = getattr(holder, "virtual", None)
        if isinstance(flag, bool):
            return flag
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return False
    return type(loop).__name__ == "VirtualLoop"


def _items(what: Any) -> Iterable[Any]:
    if isinstance(what, str):
        return what.splitlines()
    frames = getattr(what, "frames", None)
    if isinstance(frames, (list, tuple)):
        played = list(_played(what))
        return sorted([*frames, *played], key=lambda each: each.at) if played else frames
    if hasattr(what, "direction") and hasattr(what, "frame"):
        return [what]
    if isinstance(what, Iterable):
        return what
    return [what]


def _played(what: Any) -> Iterable[_OnTheLine]:
    """Return the words and sounds that were played in a turn with a voice, or in a call."""
    turns = getattr(what, "turns", None)
    for turn in turns if isinstance(turns, (list, tuple)) else [what]:
        for sound in getattr(turn, "sounds", ()):
            yield _OnTheLine(sound.began, PlayedSound(round(sound.ended - sound.began, 3)))
        for word in getattr(turn, "words", ()):
            yield _OnTheLine(word.at, PlayedWord(word.text))


def _parts(item: Any) -> tuple[float | None, str | None, Any]:
    if hasattr(item, "direction") and hasattr(item, "frame"):
        return item.at, item.direction, item.frame
    return None, None, item


def _matcher(names: Iterable[str] | None) -> Callable[[str], bool]:
    wanted = [names] if isinstance(names, str) else list(names or ())
    exact = {name for name in wanted if not name.endswith("*")}
    prefixes = tuple(name[:-1] for name in wanted if name.endswith("*"))
    return lambda name: name in exact or (bool(prefixes) and name.startswith(prefixes))


def _fields(frame: Any, times: bool) -> dict[str, Any]:
    if not dataclasses.is_dataclass(frame):
        return {}
    kind = type(frame).__name__
    shown: dict[str, Any] = {}
    for field in dataclasses.fields(frame):
        name = field.name
        if name in VOLATILE or name in PLUMBING or name.startswith(("transport_", "_")):
            continue
        value = vars(frame).get(name)  # not getattr: reading some deprecated fields warns
        if value == _default(field) or _unremarkable(kind, name, value):
            continue
        shown[name] = plain(value, times=times)
    return shown


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return dataclasses.MISSING


def _unremarkable(kind: str, name: str, value: Any) -> bool:
    """Return whether a field without a declared default has its usual value."""
    if value is None:
        return True
    if name == "includes_inter_frame_spaces":
        return bool(value is (kind.startswith(("LLM", "Vision"))))
    return name == "append_to_context" and value is True


def plain(value: Any, *, times: bool = True) -> Any:
    """Return a value for JSON, short and the same in every run."""
    if isinstance(value, bytes | bytearray | memoryview):
        return _digest(bytes(value))
    if isinstance(value, enum.Enum):
        return plain(value.value, times=times)
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if _is_context(value):
        return _context(value)
    if hasattr(value, "model_dump") and hasattr(type(value), "model_fields"):
        return _metric(value, times)
    if isinstance(value, Mapping):
        return {str(key): plain(part, times=times) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part, times=times) for part in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: part for name, part in _fields(value, times).items() if name != "context"}
    if callable(value):
        return f"<{getattr(value, '__name__', type(value).__name__)}>"
    return f"<{type(value).__name__}>"


def _digest(data: bytes) -> str:
    """Return the size, and enough of a hash to show that the content changed."""
    return f"<{len(data)} bytes {hashlib.sha1(data, usedforsecurity=False).hexdigest()[:8]}>"


def _text(text: str) -> str:
    text = _COUNTER.sub("", text)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}... ({len(text)} characters)"


def _is_context(value: Any) -> bool:
    return hasattr(value, "messages") and hasattr(value, "tool_choice") and hasattr(value, "add_message")


def _context(context: Any) -> str:
    """Summarize a conversation: how long it is, and how its last message begins."""
    messages = list(context.messages)
    if not messages:
        return "<context, empty>"
    last = messages[-1]
    role = last.get("role", "?") if isinstance(last, Mapping) else type(last).__name__
    content = last.get("content") if isinstance(last, Mapping) else None
    quote = f": {content[:60]!r}" if isinstance(content, str) else ""
    return f"<context of {len(messages)} messages, the last by {role}{quote}>"


def _metric(data: Any, times: bool) -> dict[str, Any]:
    """Return metrics data: its kind and its counts; measured seconds only if they are virtual."""
    shown: dict[str, Any] = {"kind": type(data).__name__.removesuffix("MetricsData")}
    for name in type(data).model_fields:
        value = getattr(data, name)
        if value is None or name == "processor":
            continue
        if isinstance(value, float):
            shown[name] = round(value, 3) if times else "<time>"
        elif hasattr(value, "model_dump"):
            shown[name] = value.model_dump(exclude_none=True)
        else:
            shown[name] = plain(value, times=times)
    return shown
