"""Differences between two recordings of a conversation: in requests, wording, structure and timing.

Exchanges are compared in order. Ids differ from one recording to the next, so each is read as the first,
second, third of its kind. Between an HTTP and a WebSocket recording of the same conversation, only properties
that do not depend on the transport are compared: a request is compared by its meaning, including the
conversation that it continues.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, Any, Literal

from ninelives.cassette.matching import Matching
from ninelives.report.conversation import Exchanged, conversation
from ninelives.report.timeline import decoded

if TYPE_CHECKING:
    from ninelives.cassette import Exchange

Kind = Literal["requests", "wording", "structure", "timing"]
KINDS: tuple[Kind, ...] = ("requests", "wording", "structure", "timing")

SLACK, SHARE = 0.05, 0.25
"""A duration counts as changed if it differs by more than 50 ms and by more than a quarter of the longer
one.
"""

_ID = re.compile(r"\b(resp|msg|rs|fc|ctc|ws|fs|ci|ig|mcp|mcpl|mcpr|call|conv|cmp|req)_[0-9A-Za-z]{16,}\b")
_CARRIAGE = frozenset({"type", "stream", "stream_id"})
"""Fields of a request that concern its transport, not its meaning."""
_OF_A_TRANSPORT = frozenset({"stream_id", "obfuscation"})
"""Fields of an event that only one transport has, or that are padding."""
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference."""

    kind: Kind
    exchange: int
    """Its number in the recordings, from 1."""
    where: str
    """The compared property: a field, the words, an event."""
    before: str
    after: str


def compare(before: Sequence[Exchange], after: Sequence[Exchange]) -> list[Difference]:
    """Compare two recordings, exchange by exchange, in their order."""
    found: list[Difference] = []
    names = (_Names(), _Names())
    matchings = Matching(before), Matching(after)
    pairs = zip_longest(
        zip(before, conversation(before), strict=True), zip(after, conversation(after), strict=True)
    )
    for number, (old, new) in enumerate(pairs, 1):
        if old is None or new is None:
            there, there_not = (_summary((old or new)[1]), "nothing")
            sides = (there, there_not) if new is None else (there_not, there)
            found.append(Difference("structure", number, "exchange", *sides))
            continue
        if old[0].transport == new[0].transport:
            asked = _asked(old[0]), _asked(new[0])
            found += _addresses(number, old[0], new[0])
        else:
            asked = _meant(old[0], matchings[0]), _meant(new[0], matchings[1])
        found += _requests(number, asked, names)
        found += _wording(number, old[1], new[1])
        found += _structure(number, old, new)
        found += _timing(number, old[1], new[1])
    return found


class _Names:
    """The ids of one recording, each named by its number among those of its kind."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def numbered(self, text: str) -> str:
        return _ID.sub(self._name, text)

    def _name(self, found: re.Match[str]) -> str:
        prefix = found[1]
        count = sum(name.startswith(f"{prefix}#") for name in self._known.values())
        return self._known.setdefault(found[0], f"{prefix}#{count + 1}")


def _addresses(number: int, old: Exchange, new: Exchange) -> Iterator[Difference]:
    if (before := f"{old.method} {old.path}") != (after := f"{new.method} {new.path}"):
        yield Difference("requests", number, "address", before, after)


def _requests(number: int, asked: tuple[Any, Any], names: tuple[_Names, _Names]) -> Iterator[Difference]:
    for path, was, came in _changes(*asked, ""):
        sides = names[0].numbered(_shown(was)), names[1].numbered(_shown(came))
        if sides[0] != sides[1]:
            yield Difference("requests", number, path or "body", *sides)


def _asked(exchange: Exchange) -> Any:
    if not isinstance(exchange.body, Mapping):
        return exchange.body
    return {key: value for key, value in exchange.body.items() if key not in _CARRIAGE}


def _meant(exchange: Exchange, matching: Matching) -> Any:
    return matching.meaning(exchange.body) if isinstance(exchange.body, Mapping) else exchange.body


def _changes(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            below = f"{path}.{key}" if path else str(key)
            yield from _changes(old.get(key, _ABSENT), new.get(key, _ABSENT), below)
    elif isinstance(old, list) and isinstance(new, list):
        for place, (was, came) in enumerate(zip_longest(old, new, fillvalue=_ABSENT)):
            yield from _changes(was, came, f"{path}[{place}]")
    elif type(old) is not type(new) or old != new:
        yield path, old, new


def _wording(number: int, old: Exchanged, new: Exchanged) -> Iterator[Difference]:
    for where, was, came in (("thought", old.thought, new.thought), ("said", old.said, new.said)):
        if was != came:
            yield Difference("wording", number, where, _shown(was), _shown(came))
    if [name for name, _ in old.calls] == [name for name, _ in new.calls]:
        for (name, was), (_, came) in zip(old.calls, new.calls, strict=True):
            if was != came:
                yield Difference("wording", number, f"arguments of {name}", was, came)


def _structure(
    number: int, old: tuple[Exchange, Exchanged], new: tuple[Exchange, Exchanged]
) -> Iterator[Difference]:
    same = old[0].transport == new[0].transport
    for where, was, came in (
        ("status", *((each[1].status if same else _status(each[0])) for each in (old, new))),
        ("ending", old[1].ending, new[1].ending),
        ("calls", _calls(old[1]), _calls(new[1])),
        ("events", _course(old[0]), _course(new[0])),
    ):
        if was != came:
            yield Difference("structure", number, where, was, came)
    fields = (_fields(old[0]), _fields(new[0])) if same else (_bare(old[0]), _bare(new[0]))
    for kind in sorted(fields[0].keys() & fields[1].keys()):
        lost, won = fields[0][kind] - fields[1][kind], fields[1][kind] - fields[0][kind]
        if lost or won:
            sides = ", ".join(sorted(lost)) or "nothing", ", ".join(sorted(won)) or "nothing"
            yield Difference("structure", number, f"fields of {kind}", *sides)


def _course(exchange: Exchange) -> str:
    """Return the types of events in order, with each run of one type once: the number of deltas belongs to
    wording.
    """
    kinds = (timed.event.type.removeprefix("response.") for timed in exchange.events)
    return " ".join(kind for kind, _ in groupby(kinds))


def _fields(exchange: Exchange) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for timed in exchange.events:
        found.setdefault(timed.event.type, set()).update(decoded(timed.event.data))
    if not exchange.events:
        found["answer"] = set(decoded(exchange.answer))
    return found


def _bare(exchange: Exchange) -> dict[str, set[str]]:
    return {kind: names - _OF_A_TRANSPORT for kind, names in _fields(exchange).items()}


def _status(exchange: Exchange) -> str:
    """Return the status of an answer; for a WebSocket, the one it would have had over HTTP."""
    if exchange.transport == "http":
        return str(exchange.status)
    error = next((decoded(e.event.data) for e in exchange.events if e.event.type == "error"), {})
    return str(error.get("status", 200))


def _timing(number: int, old: Exchanged, new: Exchanged) -> Iterator[Difference]:
    for where, was, came in (("first word", old.first, new.first), ("whole answer", old.took, new.took)):
        if was is None or came is None:
            continue
        apart = abs(was - came)
        if apart > SLACK and apart > SHARE * max(was, came):
            yield Difference("timing", number, where, f"{was:.3f} s", f"{came:.3f} s")


def _calls(exchanged: Exchanged) -> str:
    return ", ".join(name for name, _ in exchanged.calls) or "none"


def _summary(exchanged: Exchanged) -> str:
    asked = exchanged.asked[-1][1] if exchanged.asked else ""
    return f"{exchanged.request} {_shown(asked)}" if asked else exchanged.request


def _shown(value: Any) -> str:
    return "nothing" if value is _ABSENT else repr(value) if isinstance(value, str) else str(value)
