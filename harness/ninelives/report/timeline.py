"""One timeline of everything that happened: user actions, frames, network events, connections and faults, as
plain rows.

A row is a moment with a lane, a short text and details. Rows come from a server's journal, from a bot's
turns and from a cassette, and are merged by time; the reports only draw them. Nothing here does I/O.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mock_openai.protocol.json import object_in
from mock_openai.responders.turn_input import beginning

from ninelives.cassette.items import text_of
from ninelives.plural import counted

if TYPE_CHECKING:
    from mock_openai.journal.entries import Entry
    from mock_openai.responders.answer import Close

    from ninelives.bot.mishaps import Mishap
    from ninelives.bot.turn import Turn
    from ninelives.cassette import Exchange
    from ninelives.lab.episode import Finding

USER, BOT, PLAYED, TOOL, ERROR, FAULT = "user", "bot", "played", "tool", "error", "fault"
"""Lanes of a timeline. `played` is the sound on the line, if there is a voice. Each connection has a lane
of its own, named by `wire`.
"""

DETAIL_LIMIT = 4000
"""The most characters of a detail in a report; a page must be small enough to open at once."""


def wire(connection: int) -> str:
    """Return the lane of a connection."""
    return f"connection {connection}"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that happened."""

    at: float
    """Seconds since the timeline began."""
    lane: str
    """The lane: `user`, `bot`, `played`, `tool`, `error`, `fault`, or `connection N`."""
    kind: str
    """The kind: `say`, `cut in`, `text`, `frame`, `call`, `request`, `event`, `status`, `open`, `close`,
    `fault`, `error`.
    """
    text: str
    """A text of one line."""
    detail: str = ""
    """All details, usually as JSON."""


@dataclass(frozen=True, slots=True)
class Span:
    """The life of a connection, or a turn: a bar on the time axis. `until` is None while it lasts."""

    lane: str
    began: float
    until: float | None
    text: str = ""
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """Rows in order of time, and the bars behind them."""

    rows: tuple[Row, ...] = ()
    spans: tuple[Span, ...] = ()

    @property
    def lanes(self) -> list[str]:
        """The lanes that have rows, from the user down to the connections."""
        present = {row.lane for row in self.rows} | {span.lane for span in self.spans}
        wires = sorted(
            (lane for lane in present if lane.startswith("connection ")),
            key=lambda lane: int(lane.split()[1]),
        )
        return [lane for lane in (USER, BOT, PLAYED, TOOL, ERROR, FAULT) if lane in present] + wires

    @property
    def until(self) -> float:
        """The last moment that is shown."""
        ends = [row.at for row in self.rows] + [span.until for span in self.spans if span.until is not None]
        return max(ends, default=0.0)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A timeline with its conversation: a page has one or more."""

    title: str
    sentence: str
    timeline: Timeline
    findings: Sequence[Finding] = field(default=())
    heard: Sequence[tuple[str, str]] = field(default=())
    """The questions and the heard answers, turn by turn."""
    latency: str = ""
    """The caller's waiting times."""
    dead_air: float | None = None
    """The longest silence that the caller heard, in seconds; None if nobody had to wait."""
    group: str = ""
    """The heading under which a page lists it."""
    bot: str = ""
    """The bot; a page may compare several."""
    about: Sequence[str] = ()
    """The promises that it tests, for example `I6`."""
    crashed: bool = False
    """Whether the run ended with an exception."""


def merged(*timelines: Timeline) -> Timeline:
    """Merge several timelines on one axis. Rows of the same moment keep their order."""
    rows = [row for each in timelines for row in each.rows]
    spans = [span for each in timelines for span in each.spans]
    return Timeline(
        tuple(sorted(rows, key=lambda row: row.at)), tuple(sorted(spans, key=lambda span: span.began))
    )


# From a server's journal ------------------------------------------------------------------------------------


def from_journal(entries: Iterable[Entry], shift: float = 0.0) -> Timeline:
    """Return the rows of the network's events.

    `shift` seconds are added to every moment, to convert the server's clock to the bot's.
    """
    rows: list[Row] = []
    spans: list[Span] = []
    opened: dict[int, float] = {}
    hurt: set[int] = set()
    last = 0.0
    for entry in entries:
        at = entry.at + shift
        last = max(last, at)
        lane = wire(entry.connection)
        if entry.kind == "open":
            opened[entry.connection] = at
        if entry.kind == "fault":
            hurt.add(entry.connection)
            rows.append(Row(at, FAULT, "fault", _fault_line(entry), _json(entry.data)))
            continue
        rows.append(Row(at, lane, entry.kind, _wire_line(entry.kind, entry.data), _json(entry.data)))
        if entry.kind == "close":
            spans.append(Span(lane, opened.pop(entry.connection, at), at, broken=entry.connection in hurt))
    spans.extend(Span(wire(number), began, None, broken=number in hurt) for number, began in opened.items())
    return Timeline(tuple(rows), tuple(spans))


def _fault_line(entry: Entry) -> str:
    return f"{entry.field('fault') or 'fault'} on connection {entry.connection}"


def _wire_line(kind: str, data: Any) -> str:
    if kind == "event":
        return event_line(data.type, decoded(data.data))
    known: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    if kind == "open":
        return f"open {known.get('transport', '')} {known.get('path', '')}".strip()
    if kind == "request":
        return f"→ {request_line(known.get('body'), known.get('method'), known.get('path'))}"
    if kind == "status":
        return f"← {known.get('status')} {known.get('code') or ''}".strip()
    if kind == "close":
        code = f" {known['code']}" if known.get("code") else ""
        reason = f" {known['reason']}" if known.get("reason") else ""
        return f"closed by {known.get('by', 'peer')}{code}{reason}"
    return kind


def request_line(body: Any, method: Any = None, path: Any = None) -> str:
    """Return a request on one line: the model and the new part of its input."""
    if not isinstance(body, Mapping):
        return f"{method or ''} {path or ''}".strip() or "request"
    given = body.get("input")
    items = given if isinstance(given, list) else [given] if given else []
    last = items[-1] if items else None
    if body.get("generate") is False:
        return f"{body.get('model', '')} warm-up, {len(items)} items"
    if isinstance(last, Mapping) and last.get("type") == "function_call_output":
        new = f"tool output {_short(last.get('output'))}"
    elif isinstance(last, Mapping):
        new = f"{last.get('role', 'item')}: {_short(text_of(last))}"
    else:
        new = _short(last) if last else "nothing new"
    chained = ", continues" if body.get("previous_response_id") else ""
    return f"{body.get('model', '')} {counted(len(items), 'item')}{chained}, {new}".strip()


def event_line(kind: str, data: Mapping[str, Any]) -> str:
    """Return an event on one line: its type and its most interesting part."""
    short = kind.removeprefix("response.")
    if isinstance(data.get("delta"), str):
        return f"← {short} {_short(data['delta'])}"
    item = data.get("item")
    if isinstance(item, Mapping):
        return f"← {short} {item.get('type', '')} {item.get('name', '')}".rstrip()
    error = data.get("error")
    if isinstance(error, Mapping):
        return f"← {short} {error.get('code') or error.get('type') or ''} {_short(error.get('message'))}"
    response = data.get("response")
    if isinstance(response, Mapping) and response.get("usage"):
        return f"← {short}, {response['usage'].get('output_tokens', '?')} tokens"
    return f"← {short}"


# From a bot -------------------------------------------------------------------------------------------------


def from_turns(turns: Iterable[Turn], shift: float = 0.0) -> Timeline:
    """Return the rows of the user's actions and the bot's reactions."""
    rows: list[Row] = []
    spans: list[Span] = []
    for turn in turns:
        if turn.user is not None:
            rows.append(Row(turn.began + shift, USER, "say", turn.user))
        if turn.interrupted is not None:
            rows.append(Row(turn.interrupted + shift, USER, "cut in", "cuts in"))
        ended = turn.ended + shift if turn.ended is not None else None
        spans.append(Span(BOT, turn.began + shift, ended, f"turn {turn.number}", broken=bool(turn.errors)))
        for heard in turn.heard:
            rows.append(Row(heard.at + shift, BOT, "text", heard.text))
        for word in getattr(turn, "words", ()):  # a turn with a voice
            rows.append(Row(word.at + shift, PLAYED, "text", f"{word.text} "))
        for sound in getattr(turn, "sounds", ()):
            title = f"{sound.ended - sound.began:.2f} s of sound"
            spans.append(Span(PLAYED, sound.began + shift, sound.ended + shift, title))
        for call in turn.calls:
            line = f"{call.name}({_arguments(call.arguments)}) → {_short(call.result)}"
            whole = _json({"call_id": call.call_id, "result": call.result})
            rows.append(Row(call.at + shift, TOOL, "call", line, whole))
        for error in turn.errors:
            lasting = "permanent " if error.permanent else ""
            rows.append(Row(error.at + shift, ERROR, "error", f"{lasting}{error.category}: {error.message}"))
        for captured in turn.frames:
            name = type(captured.frame).__name__
            if name not in _SHOWN_OTHERWISE:
                arrow = "↓" if captured.direction == "down" else "↑"
                rows.append(Row(captured.at + shift, BOT, "frame", f"{arrow} {name}"))
    return Timeline(tuple(sorted(rows, key=lambda row: row.at)), tuple(spans))


_SHOWN_OTHERWISE = frozenset({"LLMTextFrame", "ErrorFrame"})
"""Frames that have rows of another kind."""


def _arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key}={json.dumps(value, ensure_ascii=False, default=str)}" for key, value in arguments.items()
    )


def from_mishaps(mishaps: Iterable[Mishap], shift: float = 0.0) -> Timeline:
    """Return the exceptions of the bot's own code, each with its traceback."""
    return Timeline(
        tuple(Row(each.at + shift, ERROR, "error", str(each), each.trace[-DETAIL_LIMIT:]) for each in mishaps)
    )


# From a cassette --------------------------------------------------------------------------------------------


def from_exchanges(exchanges: Iterable[Exchange]) -> Timeline:
    """Return the contents of a cassette, each exchange at the time it was recorded."""
    rows: list[Row] = []
    spans: list[Span] = []
    for exchange in exchanges:
        began = exchange.began / 1000
        lane = wire(exchange.connection)
        line = f"→ {request_line(exchange.body, exchange.method, exchange.path)}"
        rows.append(Row(began, lane, "request", line, _json(exchange.body)))
        if exchange.status != 200 or not exchange.events:
            rows.append(Row(began, lane, "status", f"← {exchange.status}", _cut(_text(exchange.answer))))
        for timed in exchange.events:
            event = timed.event
            line = event_line(event.type, decoded(event.data))
            rows.append(Row(began + timed.at, lane, "event", line, _json(event)))
        ended = exchange.ended / 1000
        if not exchange.complete:
            line = f"exchange {exchange.number} broke off: {ending_line(exchange.ending)}"
            rows.append(Row(ended, FAULT, "fault", line))
        title = f"{exchange.transport} turn {exchange.number}"
        spans.append(Span(lane, began, ended, title, not exchange.complete))
    return Timeline(tuple(sorted(rows, key=lambda row: row.at)), tuple(spans))


def ending_line(ending: Literal["end", "reset", "fin"] | Close) -> str:
    """Return how an exchange ended on one line."""
    return ending if isinstance(ending, str) else f"close {ending.code} {ending.reason}".strip()


# Small words ------------------------------------------------------------------------------------------------


def decoded(data: bytes | None) -> Mapping[str, Any]:
    """Return the JSON object of an event; an empty one if a fault spoiled the data."""
    return object_in(data) or {}


def _short(value: object, limit: int = 60) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    flat = beginning(text).replace("\n", "⏎")
    return json.dumps(flat if len(flat) <= limit else flat[: limit - 1] + "…", ensure_ascii=False)


def _json(value: Any) -> str:
    data = getattr(value, "data", None)
    if isinstance(data, bytes):
        return _cut(_text(data))
    return _cut(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")


def _cut(text: str) -> str:
    more = len(text) - DETAIL_LIMIT
    return text if more <= 0 else f"{text[:DETAIL_LIMIT]}\n… {more} more characters"
