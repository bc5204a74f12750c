"""Takes the traffic of an incident from a cassette, which `ninelives record` wrote between the bot and the
API.

If a service does not report its traffic, the incident has none. A recorder beside the bot has it, on a clock
of its own and perhaps among other calls. The two are matched by what the caller said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mock_openai.protocol.json import object_in

from ninelives.cassette import Cassette, Redactor
from ninelives.cassette.items import items_of, text_of
from ninelives.cassette.lines import (
    Abort,
    AnyLine,
    BodyLine,
    CloseLine,
    End,
    EventLine,
    Open,
    Recv,
    Request,
    Response,
    Send,
    exact_bytes,
)
from ninelives.cassette.sse import parse
from ninelives.incidents.judging import judged_in, wrong_in
from ninelives.incidents.notes import Note, in_order, is_question
from ninelives.incidents.reading import Incident
from ninelives.usage_error import UsageError

BESIDE = "wire.jsonl"
"""The name of the cassette in the folder of an incident."""

PROMPT = 2.0
"""Seconds after a question within which a request counts as sent for it."""

_RESPONSES = "/responses"
_EARLY = 0.05
"""Seconds by which a cassette's clock may run before the incident's: it counts whole milliseconds."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, and the last user's words in it. None: it has none."""

    at: float
    number: int
    user: str | None


def beside(incident: Path) -> Path | None:
    """Return the cassette beside an incident, even if its recorder still runs; None if there is none."""
    places = [incident.with_name(f"{BESIDE}{end}") for end in ("", ".partial")]
    return next((place for place in places if place.is_file()), None)


def has_wire(incident: Incident) -> bool:
    """Whether an incident contains traffic."""
    return any(note.kind == "sent" for note in incident.notes)


def with_wire(incident: Incident, path: Path) -> Incident:
    """Return the incident with its traffic from a cassette, judged again.

    Raises UsageError if the cassette is of another call, and CassetteError if it cannot be read.
    """
    if not path.is_file() and (partial := path.with_name(f"{path.name}.partial")).is_file():
        path = partial
    wire = list(_notes(Cassette.load(path).lines))
    asked = list(_asked(wire))
    questions = [note for note in incident.notes if is_question(note)]
    shift = _shift(questions, asked)
    if shift is None:
        raise UsageError(_another_call(path, questions, asked))
    near = [_at(note, note.at - shift) for note in wire]
    own = _of_this_call(questions, [replace(each, at=each.at - shift) for each in asked])
    last = incident.notes[-1].at
    begins = questions[0].at - _EARLY
    kept = [
        _at(note, max(note.at, questions[0].at)) if note.kind == "open" else note
        for note in near
        if note.data[0] in own and note.at <= last and (note.at >= begins or note.kind == "open")
    ]
    notes = in_order([*incident.notes, *kept])
    return replace(incident, notes=notes, header=_judged_again(incident, notes))


def _at(note: Note, at: float) -> Note:
    """Return the note at another time."""
    return Note(round(at, 6), note.kind, note.data)


def _judged_again(incident: Incident, notes: list[Note]) -> dict[str, Any]:
    """Return the header with the problems that the traffic shows."""
    header = incident.header
    work = [note for note in notes if note.kind in ("start", "text", "end", "error", "context")]
    begun = is_question(work[-1]) and all(promise != "I4" for promise, _ in incident.broken)
    found = wrong_in(notes, tells_spoken=bool(header.get("tells_spoken")), begun=begun)
    broken = [{"promise": each.promise, "why": each.why} for each in found if each.promise is not None]
    return {**header, "broken": broken, "judged": list(judged_in(notes)), "wire": True}


# The two clocks ---------------------------------------------------------------------------------------------


def _shift(questions: Sequence[Note], asked: Sequence[_Asked]) -> float | None:
    """Return the offset between the two clocks in seconds: the one with which the most questions have a
    request. None if no request contains any of the questions.
    """
    said = [(note.at, _plain(note.data.get("user"))) for note in questions]
    by_words: dict[str, list[float]] = {}
    for each in asked:
        if each.user is not None:
            by_words.setdefault(each.user, []).append(each.at)

    def waits(shift: float) -> list[float]:
        found = (
            min((wait for sent in by_words.get(words, ())
                 if -_EARLY <= (wait := sent - shift - at) <= PROMPT), default=None)
            for at, words in said
        )  # fmt: skip
        return [wait for wait in found if wait is not None]

    candidates = {sent - at for at, words in said for sent in by_words.get(words, ())}
    best = max(candidates, key=lambda shift: (len(waits(shift)), -sum(waits(shift)), shift), default=None)
    return None if best is None else best + min(waits(best))


def _of_this_call(questions: Sequence[Note], asked: Sequence[_Asked]) -> set[int]:
    """Return the connections that sent what the caller said at that time: a recorder may see several
    calls.
    """
    own: set[int] = set()
    for each in asked:
        before = [note for note in questions if note.at - _EARLY <= each.at]
        if before and each.user == _plain(before[-1].data.get("user")):
            own.add(each.number)
    return own


def _plain(text: str | None) -> str:
    """Return words in a form in which two recordings compare equal although secrets were replaced
    differently.
    """
    return Redactor(emails=True).blank((text or "").strip().encode()).decode("utf-8", "replace")


def _another_call(path: Path, questions: Sequence[Note], asked: Sequence[_Asked]) -> str:
    other = next((each.user for each in asked if each.user is not None), None)
    heard = f"its first request asks {other!r}" if other is not None else "no request in it asks anything"
    wanted = _plain(questions[0].data.get("user")) if questions else ""
    return (
        f"{path} is the recording of another call: {heard}, and the incident begins with {wanted!r}; "
        "expected what `ninelives record` wrote while the incident happened"
    )


# A cassette as notes ----------------------------------------------------------------------------------------


def _asked(wire: Sequence[Note]) -> Iterator[_Asked]:
    for note in wire:
        message = object_in(note.data[1]) if note.kind == "sent" else None
        if message is None or message.get("type", "response.create") != "response.create":
            continue
        users = [text_of(item) for item in items_of(message) if item.get("role") == "user"]
        yield _Asked(note.at, note.data[0], _plain(users[-1]) if users else None)


def _notes(lines: Sequence[AnyLine]) -> Iterator[Note]:
    """Return the lines of a cassette as the notes that a service would have reported."""
    streams: set[int] = set()
    refused: dict[int, int] = {}
    for line in lines:
        at, number = line.t / 1000.0, line.c
        match line:
            case Request():
                body = exact_bytes(line)
                if _RESPONSES in line.path and (object_in(body) or {}).get("stream") is True:
                    streams.add(number)
                    yield Note(at, "open", (number, b"http"))
                    yield Note(at, "sent", (number, body))
            case Open() if line.status == 101:
                streams.add(number)
                yield Note(at, "open", (number, b"websocket"))
            case Open():
                yield Note(at, "status", (number, b"%d " % line.status))
            case _ if number not in streams:
                continue
            case Response() if line.status >= 400:
                refused[number] = line.status
            case BodyLine() if number in refused:
                yield Note(at, "status", (number, b"%d %s" % (refused.pop(number), exact_bytes(line))))
            case EventLine():
                _, data = parse(exact_bytes(line))
                if data and data != b"[DONE]":
                    yield Note(at, "received", (number, data))
            case Send():
                yield Note(at, "sent", (number, exact_bytes(line)))
            case Recv():
                yield Note(at, "received", (number, exact_bytes(line)))
            case End() if number in refused:
                yield Note(at, "status", (number, b"%d " % refused.pop(number)))
            case End():
                yield Note(at, "closed", (number, b""))
            case Abort():
                yield Note(at, "closed", (number, f"{line.how}, by the {line.by}".encode()))
            case CloseLine():
                why = f"close code {line.code}{f', {line.reason}' if line.reason else ''}"
                yield Note(at, "closed", (number, why.encode()))
            case _:
                pass
