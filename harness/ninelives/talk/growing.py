"""A timeline that grows: the new rows since the last look.

A state machine without tasks or sockets. It gets the journal's new entries and all turns so far. Pieces of
text are joined to sentences, and only those network events that end a response are shown, unless all are
requested. Text that may turn out to be part of a secret waits for what follows it, as do the rows after it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mock_openai.journal.redact import JournalRedactor
from mock_openai.protocol import event_types
from mock_openai.redaction.stream import StreamRedactor
from msgspec import json

from ninelives.report.timeline import BOT, Row, from_journal, from_turns

if TYPE_CHECKING:
    from mock_openai.journal.entries import Entry

    from ninelives.bot.turn import Turn

SENTENCE = re.compile(r"[.!?…]['\")\]]?\s*$")

_ENDS = event_types.TERMINAL | {"error"}


class Growing:
    """The state of one conversation's display: what has been shown."""

    def __init__(self, *, events: bool = False) -> None:
        self.events = events
        """Whether every network event is shown."""
        self._shown: Counter[tuple[int, str]] = Counter()
        self._over: set[int] = set()
        self._redactor = JournalRedactor(0)
        self._stream = StreamRedactor(self._redactor)
        self._redactor.undecided(b"a password: ", 0)  # compiles the rules now, not while a bot speaks
        self._redactor.edits(b"a password: ")
        self._decided: list[Row] = []
        """Rows without secrets that were not shown yet."""
        self._text = ""
        self._text_at = 0.0
        self._held: list[Row] = []
        """Events that came in the middle of a sentence."""
        self._connections: dict[int, bool] = {}
        """The open connections, in the order of their last use; True for one with a request."""

    @property
    def connection(self) -> int | None:
        """The connection that the bot uses: that of the last request, else the last that opened."""
        asked = [number for number, used in self._connections.items() if used]
        return next(reversed(asked or list(self._connections)), None)

    def news(self, entries: Iterable[Entry], turns: Sequence[Turn], later: float) -> Iterator[Row]:
        """Return the new rows. The turns' times begin `later` seconds after the entries' do."""
        wire = list(entries)
        for entry in wire:
            self._follow(entry)
        drawn = zip(from_journal(wire).rows, wire, strict=True)  # a row for each entry
        rows = [row for row, entry in drawn if self._wanted(entry)]
        said: list[Row] = []
        for number, turn in enumerate(turns):
            if number not in self._over:
                said += self._of_turn(number, turn, later)
        return self._sentences(self._clean(sorted([*said, *rows], key=lambda row: row.at)))

    def rest(self) -> Iterator[Row]:
        """Return what is left at the end: text that waited, and what was heard of an incomplete sentence."""
        self._stream.flush()
        yield from self._sentences(self._clean(()))
        yield from self._sentence()

    def _clean(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows without secrets that are decided by now, in order."""
        for row in rows:
            if row.kind == "text":
                piece = json.encode({"type": f"{row.lane}.delta", "delta": row.text})
                self._stream.take(piece, partial(self._spoken, row), row.lane, framed=False)
                continue
            if row.kind in ("say", "end"):
                self._stream.flush()  # no more of this text comes
            clean = replace(row, text=self._redactor.string(row.text))
            self._stream.put(partial(self._decided.append, clean))
        decided = list(self._decided)
        self._decided.clear()
        return decided

    def _spoken(self, row: Row, piece: bytes) -> None:
        self._decided.append(replace(row, text=json.decode(piece)["delta"]))

    def _sentence(self) -> Iterator[Row]:
        if self._text:
            yield Row(self._text_at, BOT, "text", self._text.strip())
        yield from self._held
        self._text, self._held = "", []

    def _follow(self, entry: Entry) -> None:
        if entry.kind == "open":
            self._connections[entry.connection] = False
        elif entry.kind == "close":
            self._connections.pop(entry.connection, None)
        elif entry.kind == "request" and entry.connection in self._connections:
            del self._connections[entry.connection]
            self._connections[entry.connection] = True

    def _wanted(self, entry: Entry) -> bool:
        if self.events or entry.kind not in ("event", "status"):
            return True
        if entry.kind == "status":
            status = entry.field("status")
            return status not in (101, 200)
        return getattr(entry.data, "type", "") in _ENDS

    def _of_turn(self, number: int, turn: Turn, later: float) -> Iterator[Row]:
        seen: Counter[str] = Counter()
        for row in from_turns([turn], later).rows:
            if row.kind == "frame":
                continue
            seen[row.kind] += 1
            if seen[row.kind] > self._shown[number, row.kind]:
                self._shown[number, row.kind] += 1
                yield row
        if turn.timed_out:
            self._over.add(number)
            yield Row(turn.frames[-1].at + later if turn.frames else 0.0, BOT, "end", "(did not end in time)")
        elif turn.ended is not None:
            self._over.add(number)
            first = (
                "nothing was heard" if turn.dead_air is None else f"first word after {turn.dead_air:.2f} s"
            )
            yield Row(
                turn.ended + later, BOT, "end", f"({first}, over after {turn.ended - turn.began:.2f} s)"
            )

    def _sentences(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            if row.kind == "event" and self._text and not self.events:
                self._held.append(row)
                continue
            if row.kind != "text":
                yield from self._sentence()
                yield row
                continue
            self._text_at = self._text_at if self._text else row.at
            self._text += row.text
            if SENTENCE.search(self._text):
                yield from self._sentence()
