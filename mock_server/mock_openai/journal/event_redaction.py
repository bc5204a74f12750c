"""Removes secrets from the entries of a journal, also those that are spread over several deltas.

Bodies and events are stored as they came, and searched when somebody reads them: most journals are never
read, and turns must not wait. They are searched in order, so that what is a secret in one entry is removed
from those after it, although nothing there tells that it is one: an answer may repeat it. The deltas of a
text are joined for the search. A text that is still being sent is treated as broken off, so the beginning of
a secret at its end is removed as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import structs

import mock_openai.redaction.deltas as deltas
from mock_openai.journal import redact
from mock_openai.journal.entries import Entry, Kept, weight
from mock_openai.journal.redact import JournalRedactor
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event
from mock_openai.redaction.stream import CONTEXT, LONGEST, StreamRedactor
from mock_openai.threads import LARGE, in_thread


@dataclass(slots=True)
class _Text:
    """The end of a text, as far as its deltas have arrived."""

    data: bytes = b""
    decided: int = 0
    """Nothing that follows can turn the text before this position into a secret."""

    def holds_secret(self, redactor: JournalRedactor) -> bool:
        """Return whether the text that came since the last call holds a secret."""
        found = bool(redactor.edits(self.data, broken=True))
        self.decided = max(redactor.undecided(self.data, self.decided), len(self.data) - LONGEST)
        gone = max(0, self.decided - CONTEXT)
        self.data, self.decided = self.data[gone:], self.decided - gone
        return found


@dataclass(slots=True)
class _Turn:
    """A response that is still being sent, or was broken off."""

    entries: list[tuple[int, Entry]] = field(default_factory=list)
    """Its events, with their numbers."""
    texts: dict[deltas.Name, _Text] = field(default_factory=dict)
    fresh: set[deltas.Name] = field(default_factory=set)
    """The texts that have grown since they were last searched."""
    secret: bool = False
    """Whether a secret was found in it."""
    over: bool = False


class EventRedaction:
    """Reads the entries of a journal in their order, and shows those that hold secrets without them."""

    def __init__(self, redactor: JournalRedactor) -> None:
        self._redactor = redactor
        self.changed: dict[int, Entry | Kept] = {}
        """By their numbers, the entries that held secrets, without them."""
        self.bytes = 0
        """About how many bytes these copies take, and those of bodies."""
        self._copies: dict[int, int] = {}
        """The same by entry number."""
        self._turns: dict[tuple[int, int | None], _Turn] = {}
        self._news: set[tuple[int, int | None]] = set()
        self._searched: dict[int, bool] = {}
        """Whether an entry that was searched beforehand holds a secret, by entry number."""

    async def search(self, number: int, connection: int, event: Event) -> None:
        """Search a large event of a connection beforehand, in a thread."""
        found = await in_thread(self._redactor.of(connection).edits, event.data)
        self._searched[number] = bool(found)

    def copy_of(self, number: int) -> int:
        """Return about how many bytes the copy of an entry takes; 0 if it has none."""
        return self._copies.get(number, 0)

    def _show(self, number: int, entry: Entry | Kept) -> None:
        self.changed[number] = entry
        self._count(number, weight(entry))

    def _count(self, number: int, size: int) -> None:
        self.bytes += size - self._copies.get(number, 0)
        self._copies[number] = size

    def take(self, number: int, noted: Entry | Kept) -> None:
        """Look at the next entry."""
        redactor = self._redactor.of(noted.connection)
        if noted.lane is not None and (lane := redactor.string(noted.lane)) != noted.lane:
            noted = structs.replace(noted, lane=lane)
            self._show(number, noted)
        if isinstance(noted, Kept):
            self._take_kept(number, noted, redactor)
            return
        event = noted.data
        assert isinstance(event, Event), "other entries than events are kept as JSON"
        key = (noted.connection, noted.turn)
        turn = self._turns.setdefault(key, _Turn())
        turn.entries.append((number, noted))
        turn.over = turn.over or event.type in TERMINAL
        found = self._searched.pop(number, None)
        turn.secret = turn.secret or (bool(redactor.edits(event.data)) if found is None else found)
        for piece in deltas.read(event.data, "server", framed=False, open_texts=False)[0]:
            turn.texts.setdefault(piece.name, _Text()).data += piece.text
            turn.fresh.add(piece.name)
        self._news.add(key)

    def _take_kept(self, number: int, noted: Kept, redactor: JournalRedactor) -> None:
        if (body := noted.body) is not None and (shown := body.search(redactor)) is not body.written:
            self._count(number, len(shown))
        # The headers of a connection have been judged by their names, which differ from those of fields.
        if noted.kind != "open" and (len(noted.data) <= LARGE or redactor.knows_some_of(noted.data)):
            clean = redact.of_json(noted.data, redactor)
            if clean is not noted.data:
                self._show(number, structs.replace(noted, data=clean))
        if noted.kind == "close":
            for each in [each for each in self._turns if each[0] == noted.connection]:
                self._turns[each].over = True
                self._news.add(each)

    def settle(self) -> None:
        """Search the texts that have grown, and remove secrets from them."""
        for key in self._news:
            turn, redactor = self._turns[key], self._redactor.of(key[0])
            turn.secret = turn.secret or any(turn.texts[name].holds_secret(redactor) for name in turn.fresh)
            turn.fresh.clear()
            if turn.secret:
                self._redact(turn, redactor)
            if turn.over:
                del self._turns[key]
        self._news.clear()

    def forget(self, first: int) -> None:
        """Forget everything before the entry of this number. Readers that hold `changed` keep theirs."""
        self._searched = {number: found for number, found in self._searched.items() if number >= first}
        self.changed = {number: entry for number, entry in self.changed.items() if number >= first}
        self._copies = {number: size for number, size in self._copies.items() if number >= first}
        self.bytes = sum(self._copies.values())
        for key, turn in list(self._turns.items()):
            turn.entries = [each for each in turn.entries if each[0] >= first]
            if not turn.entries:
                del self._turns[key]
                self._news.discard(key)

    def _redact(self, turn: _Turn, redactor: JournalRedactor) -> None:
        stream = StreamRedactor(redactor)
        clean: list[bytes] = []
        for _, entry in turn.entries:
            stream.take(_event(entry).data, clean.append, framed=False)
        stream.flush()
        for (number, entry), data in zip(turn.entries, clean, strict=True):
            event, shown = _event(entry), self.changed.get(number, entry)
            if data != _event(shown).data:
                shown = structs.replace(shown, data=Event(event.type, data, binary=event.binary))
                self._show(number, shown)  # again, as long as its end may be the beginning of a secret


def _event(entry: Entry | Kept) -> Event:
    assert isinstance(entry.data, Event), "a turn consists of events"
    return entry.data
