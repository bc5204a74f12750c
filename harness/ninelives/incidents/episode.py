"""Turns the black box's notes into an episode for the promises, whether they are a moment old or from a file.

The model's words come from the traffic if the notes have it. Otherwise they come from the bot's frames: then
nobody can tell whether a word is missing, and a promise that depends on that counts as kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ninelives.bot.turn import Captured, Heard, ReportedError, ToolCall, Turn
from ninelives.incidents.journal import entries_of, said_in_frames
from ninelives.incidents.notes import Note, is_question
from ninelives.lab.budgets import USUAL_BUDGETS, Budgets
from ninelives.lab.episode import TURN_BOUND, Episode

if TYPE_CHECKING:
    from mock_openai.journal.entries import Entry

LATE = 0.05
"""Seconds after an interruption within which a word may still be on its way: an observer sees an
interruption where it begins, not where it reaches the service.
"""

_MARKS = {
    "start": "LLMFullResponseStartFrame",
    "end": "LLMFullResponseEndFrame",
    "thought_start": "LLMThoughtStartFrame",
    "thought_end": "LLMThoughtEndFrame",
}
"""The frames that promises count, by the kind of their note."""

_STAND_INS: dict[str, Any] = {kind: type(name, (), {})() for kind, name in _MARKS.items()}


def _marker(text: str) -> Any:
    return type("LLMMarkerFrame", (), {"marker": text})()


@dataclass(slots=True)
class SeenTurn(Turn):
    """A turn as an observer sees it."""

    sounds: list[tuple[float, float]] = field(default_factory=list)
    """When anything but the model's text was heard: the bot's voice, words of its own."""

    @property
    def audible(self) -> list[tuple[float, float]]:
        """When the caller heard something."""
        return sorted([*((piece.at, piece.at) for piece in self.heard), *self.sounds])


@dataclass(slots=True)
class _NotesReader:
    """The turns so far, built note by note."""

    turns: list[SeenTurn] = field(default_factory=list)
    stray: list[ReportedError] = field(default_factory=list)
    stopped: float | None = None
    """When the user stopped speaking, if nothing followed yet."""
    talking: bool = False
    open: int = 0
    calls: dict[str, bool] = field(default_factory=dict)
    latest: float = 0.0
    """When the model or a tool was last active."""
    speaking: float | None = None

    @property
    def quiet(self) -> bool:
        return self.open == 0 and not any(self.calls.values())

    def take(self, note: Note) -> None:
        """Add a note."""
        at, data = note.at, note.data
        turn = self.turns[-1] if self.turns else None
        match note.kind:
            case "user_started":
                self.talking, self.stopped = True, None
            case "user_stopped" if self.talking:
                self.talking, self.stopped = False, at
            case "context" if data["role"] == "user":
                self._begin(at if self.stopped is None else self.stopped, data.get("user"))
            case "start" | "end" | "thought_start" | "thought_end":
                turn = turn or self._begin(at, None)
                turn.frames.append(Captured(at, "down", _STAND_INS[note.kind]))
                if note.kind in ("start", "end"):
                    self.open = max(0, self.open + (1 if note.kind == "start" else -1))
                self.latest = at
            case "marker":
                turn = turn or self._begin(at, None)
                turn.frames.append(Captured(at, "down", _marker(data)))
            case "text":
                turn = turn or self._begin(at, None)
                cut = turn.interrupted
                turn.heard.append(Heard(cut if cut is not None and at - cut <= LATE else at, data))
                self.latest = at
            case "interruption" if turn is not None and turn.interrupted is None and not self._over(turn):
                turn.interrupted = at
            case "speak" if turn is not None:
                turn.sounds.append((at, at))
            case "bot_started":
                self.speaking = at
            case "bot_stopped" if turn is not None and self.speaking is not None:
                turn.sounds.append((self.speaking, at))
                self.speaking = None
            case "error" if data["model"]:
                error = ReportedError(at, data["message"], data["category"], data["permanent"])
                (turn.errors if turn is not None and not self._over(turn) else self.stray).append(error)
                self.latest = at
            case "lost" if turn is not None:
                turn.spoken_before_loss.append(data)
            case "calls" | "call" | "result" | "cancel" if turn is not None:
                self._tool(turn, note)
            case _:
                pass

    def _over(self, turn: SeenTurn) -> bool:
        return self.quiet and turn.starts > 0

    def _begin(self, at: float, user: str | None) -> SeenTurn:
        self._end(at)
        self.stopped, self.talking, self.open, self.latest = None, False, 0, at
        self.calls = {}
        turn = SeenTurn(number=len(self.turns) + 1, user=user, began=at)
        self.turns.append(turn)
        return turn

    def _end(self, at: float) -> None:
        """End a turn that is still open when the next begins, as the laboratory does."""
        if self.turns and self.turns[-1].ended is None:
            self.turns[-1].ended = min(self.latest, at) if self.quiet else at

    def _tool(self, turn: SeenTurn, note: Note) -> None:
        data, self.latest = note.data, note.at
        match note.kind:
            case "calls":
                self.calls |= dict.fromkeys(data, True)
            case "call":
                self.calls[data["call_id"]] = data["waits"]
                turn.calls.append(ToolCall(note.at, data["call_id"], data["name"], data["arguments"]))
            case "cancel":
                self.calls.pop(data, None)
            case _ if data["final"]:
                self.calls.pop(data["call_id"], None)
                for index, call in enumerate(turn.calls):
                    if call.call_id == data["call_id"] and call.ended is None:
                        turn.calls[index] = replace(call, ended=note.at)


def turns_of(notes: Sequence[Note]) -> tuple[list[SeenTurn], list[ReportedError]]:
    """Return the turns in notes, and the errors between them. An open turn has no end."""
    reader = _NotesReader()
    for note in notes:
        reader.take(note)
    last = reader.turns[-1] if reader.turns else None
    if last is not None and reader.quiet and (last.starts > 0 or last.interrupted is not None):
        last.ended = max(reader.latest, last.interrupted or 0.0)
    return reader.turns, reader.stray


def from_the_first_turn(notes: Sequence[Note], *, latest: int | None = None) -> list[Note]:
    """Return the notes from the first complete question on, or from the `latest`-last one."""
    starts = [at for at, note in enumerate(notes) if is_question(note)]
    if not starts:
        return list(notes)
    start = starts[0] if latest is None else starts[-min(latest, len(starts))]
    for place in range(start - 1, -1, -1):
        if notes[place].kind in ("end", "context"):
            break
        if notes[place].kind == "user_started":
            return list(notes[place:])  # what the user said belongs to the turn
    return list(notes[start:])


def episode_of(
    notes: Sequence[Note], budgets: Budgets = USUAL_BUDGETS, *, tells_spoken: bool = True
) -> Episode:
    """Return notes as an episode."""
    turns, stray = turns_of(notes)
    entries: list[Entry] = entries_of(notes)
    if any(entry.kind == "request" for entry in entries):
        from mock_openai.journal.sent_responses import read

        said = read(entries)
    else:
        said = said_in_frames(notes)
    return Episode(
        turns=turns,
        said=said,
        faults=[entry for entry in entries if entry.kind == "fault"],
        wire=entries,
        stray=stray,
        tells_spoken=tells_spoken,
        bound=TURN_BOUND,
        budgets=budgets,
    )
