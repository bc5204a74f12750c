"""The outcome of a turn, read from the events that left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from mock_openai.journal.entries import CUT, Entry
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event
from mock_openai.protocol.json import object_in

_DELTAS = frozenset({"response.output_text.delta", "response.refusal.delta"})
_WHOLE = {"response.output_text.done": "text", "response.refusal.done": "refusal"}


Place = tuple[int | None, int | None]
"""The place of a part in a response: the index of its item in the output, and its index in the item."""


@dataclass
class Part:
    """Text or a refusal in a message."""

    deltas: str = ""
    """The deltas that left, in order, each once."""
    whole: str | None = None
    """Its text from the event that carries it whole, including deltas that a fault dropped."""
    refuses: bool = False

    @property
    def text(self) -> str:
        """As much of it as a client can know."""
        return self.deltas if self.whole is None else self.whole


@dataclass
class SentResponse:
    """The outcome of one turn, from the events that left."""

    id: str | None
    connection: int
    turn: int
    lane: str | None
    began: float
    """Seconds on the loop's clock since the server started."""
    request: Mapping[str, Any]
    """The request body, as it came."""
    opened: float | None = None
    """When its first event left, on the same clock."""
    spoke: float | None = None
    """When its first word left."""
    parts: dict[Place, Part] = field(default_factory=dict)
    """The parts of its messages, in order."""
    delta_numbers: set[int] = field(default_factory=set)
    """The sequence numbers of the text deltas so far: a fault may repeat one."""
    begun: dict[object, Mapping[str, Any]] = field(default_factory=dict)
    """The function calls that began, by their index in the output."""
    calls: list[dict[str, Any]] = field(default_factory=list)
    """Function calls that left completely: call_id, name, arguments."""
    status: Literal["completed", "incomplete", "failed", "cancelled"] | None = None
    """How it ended; None when no terminal event left."""
    ended: float | None = None
    """When its terminal event left, on the same clock."""

    @property
    def text(self) -> str:
        """All text deltas that left, each once."""
        return "".join(part.deltas for part in self.parts.values() if not part.refuses)

    @property
    def words(self) -> str:
        """All that the user may hear: of each part the whole text, once an event carried it, otherwise its
        deltas. A refusal comes last.
        """
        return "".join(part.text for part in self.parts.values() if not part.refuses) + self.refusal

    @property
    def refusal(self) -> str:
        """The refusals in it."""
        return "".join(part.text for part in self.parts.values() if part.refuses)

    def part(self, place: Place = (0, 0), *, refuses: bool = False) -> Part:
        """Return the part at a place, which begins with this if there was none."""
        return self.parts.setdefault(place, Part(refuses=refuses))


def read(entries: Iterable[Entry]) -> list[SentResponse]:
    """Return the outcome of each turn, in the order of the creates."""
    turns: dict[tuple[int, int], SentResponse] = {}
    silent: set[int] = set()
    """Connections that were left half open: nothing written to them arrives."""
    for entry in entries:
        if "half_open" in _names(entry):
            silent.add(entry.connection)
        if entry.turn is None:
            continue
        key = (entry.connection, entry.turn)
        if entry.kind == "request" and not isinstance(entry.data, Event):
            turns[key] = SentResponse(
                id=None,
                connection=entry.connection,
                turn=entry.turn,
                lane=entry.lane,
                began=entry.at,
                request=entry.data["body"],
            )
        elif isinstance(entry.data, Event) and key in turns and entry.connection not in silent:
            said = turns[key]
            said.opened = entry.at if said.opened is None else said.opened
            _add_event(said, entry.data)
            if said.spoke is None and said.words:
                said.spoke = entry.at
            if said.ended is None and said.status is not None:
                said.ended = entry.at
    return list(turns.values())


def _names(entry: Entry) -> tuple[object, ...]:
    """Return how the connection ended and which fault was injected, if the entry says so."""
    if entry.kind not in ("close", "fault") or not isinstance(entry.data, Mapping):
        return ()
    return entry.data.get("how"), entry.data.get("fault")


def _add_event(said: SentResponse, event: Event) -> None:
    data = object_in(event.data)
    if data is None:
        return  # a fault broke this event on purpose
    with suppress(KeyError, TypeError, AttributeError):  # without the fields of its type: broken by a fault
        _take_in(said, event.type, data)


def _take_in(said: SentResponse, kind: str, data: dict[str, Any]) -> None:
    if kind == "response.created":
        said.id = data["response"]["id"]
    elif kind in _DELTAS:
        _part(said, kind, data).deltas += _new(said, data)
    elif kind in _WHOLE:
        _part(said, kind, data).whole = data[_WHOLE[kind]]
    elif kind == "response.output_item.added" and data["item"].get("type") == "function_call":
        said.begun[data.get("output_index")] = data["item"]
    elif kind == "response.function_call_arguments.done":
        _take_call(
            said, {**said.begun[data.get("output_index")], "arguments": data["arguments"], "status": None}
        )
    elif kind == "response.output_item.done":
        _take_call(said, data["item"])
    elif kind in TERMINAL and said.status is None:  # a fault may add a second one, which no client awaits
        said.id = data["response"]["id"]
        said.status = data["response"]["status"]
        if said.status in ("completed", "incomplete") and CUT not in data:
            _take_all(said, data["response"]["output"])


def _part(said: SentResponse, kind: str, data: Mapping[str, Any]) -> Part:
    place = (data.get("output_index"), data.get("content_index"))
    return said.part(place, refuses=kind.startswith("response.refusal."))


def _new(said: SentResponse, delta: Mapping[str, Any]) -> str:
    """Return the text of a delta, unless it has been sent before."""
    number = delta.get("sequence_number")
    if number in said.delta_numbers:
        return ""
    if number is not None:
        said.delta_numbers.add(number)
    return str(delta["delta"])


def _take_all(said: SentResponse, output: Sequence[Mapping[str, Any]]) -> None:
    before, said.parts = said.parts, {}
    for at, item in enumerate(output):
        for number, part in enumerate(item["content"] if item.get("type") == "message" else ()):
            deltas = before[at, number].deltas if (at, number) in before else ""
            whole = part.get("refusal", part.get("text", ""))
            said.parts[at, number] = Part(deltas, whole, "refusal" in part)
    for item in output:
        _take_call(said, item)


def _take_call(said: SentResponse, item: Mapping[str, Any]) -> None:
    """Note a function call in its latest form; one that was cut off did not leave completely."""
    if item.get("type") != "function_call":
        return
    call = {name: item.get(name) for name in ("call_id", "name", "arguments")}
    same = [n for n, one in enumerate(said.calls) if None is not one["call_id"] == call["call_id"]]
    at = same[0] if same else len(said.calls)
    said.calls[at : at + 1] = [] if item.get("status") == "incomplete" else [call]
