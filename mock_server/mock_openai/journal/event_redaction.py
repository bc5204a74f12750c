"""Removes secrets from the events of a journal, also those that are spread over several deltas.

Events are stored as they left, and searched when somebody reads them: most journals are never read, and turns
must not wait. The deltas of a text are joined for the search. A text that is still being sent is treated as
broken off, so the beginning of a secret at its end is removed as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import mock_openai.redaction.deltas as deltas
from mock_openai.journal import redact
from mock_openai.journal.entries import Entry, Kept
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event
from mock_openai.redaction.edits import Edit
from mock_openai.redaction.stream import CONTEXT, LONGEST, StreamRedactor
from mock_openai.threads import in_thread


class _Journals:
    """The redactor of all journals, in the form that StreamRedactor takes."""

    enabled = True

    def edits(self, data: bytes, *, broken: bool = False) -> list[Edit]:
        """As `redact.edits`."""
        return redact.edits(data, broken=broken)

    def undecided(self, data: bytes, start: int) -> int:
        """As `redact.undecided`."""
        return redact.undecided(data, start)


@dataclass(slots=True)
class _Text:
    """The end of a text, as far as its deltas have arrived."""

    data: bytes = b""
    decided: int = 0
    """Nothing that follows can turn the text before this position into a secret."""

    def holds_secret(self) -> bool:
        """Return whether the text that came since the last call holds a secret."""
        found = bool(redact.edits(self.data, broken=True))
        self.decided = max(redact.undecided(self.data, self.decided), len(self.data) - LONGEST)
        gone = max(0, self.decided - CONTEXT)
        self.data, self.decided = self.data[gone:], self.decided - gone
        return found


@dataclass(slots=True)
class _Turn:
    """A response that is still being sent, or was broken off."""

    events: list[tuple[int, Event]] = field(default_factory=list)
    texts: dict[deltas.Name, _Text] = field(default_factory=dict)
    fresh: set[deltas.Name] = field(default_factory=set)
    """The texts that have grown since they were last searched."""
    secret: bool = False
    """Whether a secret was found in it."""
    over: bool = False


class EventRedaction:
    """Finds the events of a journal that hold secrets, and shows them without these."""

    def __init__(self) -> None:
        self.changed: dict[int, Event] = {}
        """The events that held secrets, with the secrets removed, by entry number."""
        self._turns: dict[tuple[int, int | None], _Turn] = {}
        self._news: set[tuple[int, int | None]] = set()
        self._searched: dict[int, bool] = {}
        """Whether an entry that was searched beforehand holds a secret, by entry number."""

    async def search(self, number: int, event: Event) -> None:
        """Search a large event beforehand, in a thread."""
        self._searched[number] = bool(await in_thread(redact.edits, event.data))

    def take(self, number: int, entry: Entry | Kept) -> None:
        """Look at the next entry."""
        key = (entry.connection, entry.turn)
        if not isinstance(entry.data, Event):
            if entry.kind == "close":
                for each in [each for each in self._turns if each[0] == entry.connection]:
                    self._turns[each].over = True
                    self._news.add(each)
            return
        turn = self._turns.setdefault(key, _Turn())
        turn.events.append((number, entry.data))
        turn.over = turn.over or entry.data.type in TERMINAL
        found = self._searched.pop(number, None)
        turn.secret = turn.secret or (bool(redact.edits(entry.data.data)) if found is None else found)
        for piece in deltas.read(entry.data.data, "server", framed=False, open_texts=False)[0]:
            turn.texts.setdefault(piece.name, _Text()).data += piece.text
            turn.fresh.add(piece.name)
        self._news.add(key)

    def settle(self) -> None:
        """Search the texts that have grown, and remove secrets from them."""
        for key in self._news:
            turn = self._turns[key]
            turn.secret = turn.secret or any(turn.texts[name].holds_secret() for name in turn.fresh)
            turn.fresh.clear()
            if turn.secret:
                self._redact(turn)
            if turn.over:
                del self._turns[key]
        self._news.clear()

    def forget(self, first: int) -> None:
        """Forget everything before the entry of this number. Readers that hold `changed` keep theirs."""
        self._searched = {number: found for number, found in self._searched.items() if number >= first}
        self.changed = {number: event for number, event in self.changed.items() if number >= first}
        for key, turn in list(self._turns.items()):
            turn.events = [each for each in turn.events if each[0] >= first]
            if not turn.events:
                del self._turns[key]
                self._news.discard(key)

    def _redact(self, turn: _Turn) -> None:
        stream = StreamRedactor(_Journals())
        clean: list[bytes] = []
        for _, event in turn.events:
            stream.take(event.data, clean.append, framed=False)
        stream.flush()
        for (number, event), data in zip(turn.events, clean, strict=True):
            if data != event.data:
                self.changed[number] = Event(event.type, data, binary=event.binary)
            else:  # it may have looked like the beginning of a secret until more came
                self.changed.pop(number, None)
