"""The checks of `lint`, each in a class that takes a recording's lines one by one.

Lines are not kept longer than necessary: checking a gigabyte takes the memory of its longest texts, and some
hundred bytes for each exchange.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

import mock_openai.redaction.deltas as deltas
import msgspec
from mock_openai.protocol.models import is_known
from mock_openai.redaction.stream import LONGEST

import ninelives.cassette.lines as lines
import ninelives.cassette.payload as payload
import ninelives.cassette.sdk as sdk
from ninelives.cassette.assemble import Assembly
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.lines import AnyLine, Header
from ninelives.cassette.redact import Redactor
from ninelives.cassette.scrub import HEADER_FIELDS

Kind = Literal["unreadable", "unread", "secret", "header", "event", "unfinished", "empty", "unused", "stale"]

DAY = 86_400.0
"""Seconds."""

SCRUB = "run `ninelives scrub` on the file"

_OPENAI = ("openai.com", "openai.azure.com", "127.0.0.1", "localhost")
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Found(NamedTuple):
    """A problem, and its line."""

    line: int | None
    kind: Kind
    what: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    """What to check."""

    redactor: Redactor
    used: frozenset[int] | None = None
    """The numbers of the exchanges that tests used; None: do not check."""
    older_than: float | None = None
    """Days; None: do not check."""


def problems(recording: Iterable[tuple[int, bytes, Header | AnyLine]], wishes: Wishes) -> Iterator[Found]:
    """Yield all problems of a recording, in no particular order. The lines are those of `reader.stream`."""
    secrets, streams = Secrets(wishes.redactor), StreamedSecrets(wishes.redactor)
    headers, events = Headers(wishes.redactor), Events()
    exchanges = Exchanges(wishes)
    assembly = Assembly(exchanges.begun)
    for number, data, line in recording:
        yield from secrets.take(number, data)
        if isinstance(line, Header):
            exchanges.header = line
            continue
        exchange = assembly.take(line, number)
        yield from streams.take(number, line)
        yield from headers.take(number, line)
        yield from events.take(number, line, of_responses=exchange is not None and _of_responses(exchange))
        if exchange is not None:
            exchanges.take(exchange)
        if isinstance(line, lines.End | lines.Abort):
            assembly.forget(line.c)
    yield from streams.end()
    yield from events.end()
    yield from exchanges.end()


def _of_responses(exchange: Exchange) -> bool:
    return exchange.transport == "websocket" or "/responses" in (exchange.path or "")


@dataclass(slots=True)
class Secrets:
    """Finds secrets that are whole within one line, also in base64."""

    redactor: Redactor

    def take(self, number: int, data: bytes) -> Iterator[Found]:
        """Check a line."""
        kinds = {finding.kind for finding in self.redactor.findings(data)}
        if b'"b64"' in data and (encoded := _fields.decode(data).get("b64")):
            hidden = payload.from_b64(msgspec.json.decode(encoded, type=str))
            kinds |= {finding.kind for finding in self.redactor.findings(hidden)}
        for kind in sorted(kinds):
            yield Found(number, "secret", f"a secret ({kind}); {SCRUB}")


@dataclass(slots=True)
class _Text:
    pieces: deque[tuple[int, bytes]] = field(default_factory=deque)
    length: int = 0


@dataclass(slots=True)
class StreamedSecrets:
    """Finds secrets that are spread over several lines. A text is checked when it ends, or has grown long."""

    redactor: Redactor
    _texts: defaultdict[int, dict[deltas.Name, _Text]] = field(default_factory=lambda: defaultdict(dict))
    _reported: set[tuple[int, str]] = field(default_factory=set)

    def take(self, number: int, line: AnyLine) -> Iterator[Found]:
        """Check a line."""
        if isinstance(line, lines.End | lines.Abort | lines.CloseLine):
            yield from self._over(line.c, ())
        if not isinstance(line, lines.EventLine | lines.Recv | lines.Send):
            return
        side = "client" if isinstance(line, lines.Send) else "server"
        texts = self._texts[line.c]
        pieces, ended = deltas.read(
            lines.exact_bytes(line),
            side,
            framed=isinstance(line, lines.EventLine),
            open_texts=bool(texts),
        )
        for piece in pieces:
            text = texts.setdefault(piece.name, _Text())
            text.pieces.append((number, piece.text))
            text.length += len(piece.text)
            if text.length > 4 * LONGEST:  # no secret is that long, so text that was checked can be dropped
                yield from self._look(text)
                while text.length - len(text.pieces[0][1]) > LONGEST:
                    text.length -= len(text.pieces.popleft()[1])
        if ended is not None:
            yield from self._over(line.c, ended)

    def end(self) -> Iterator[Found]:
        """Check texts that never ended."""
        for c in list(self._texts):
            yield from self._over(c, ())

    def _over(self, c: int, name: deltas.Name) -> Iterator[Found]:
        texts = self._texts[c]
        for each in [each for each in texts if each[: len(name)] == name]:
            yield from self._look(texts.pop(each))
        if not texts:
            del self._texts[c]

    def _look(self, text: _Text) -> Iterator[Found]:
        for finding in self.redactor.findings(b"".join(piece for _, piece in text.pieces)):
            place = 0
            for number, piece in text.pieces:
                if place <= finding.start < place + len(piece):
                    if finding.end > place + len(piece) and (number, finding.kind) not in self._reported:
                        self._reported.add((number, finding.kind))
                        what = f"a secret ({finding.kind}) starts here and continues in the next deltas"
                        yield Found(number, "secret", f"{what}; {SCRUB}")
                    break
                place += len(piece)


@dataclass(slots=True)
class Headers:
    """Finds headers that are not on the list."""

    redactor: Redactor
    _kept: dict[str, bool] = field(default_factory=dict)

    def take(self, number: int, line: AnyLine) -> Iterator[Found]:
        """Check a line."""
        for place in HEADER_FIELDS:
            for name in getattr(line, place, ()):
                low = name.lower()
                if low not in self._kept:
                    self._kept[low] = self.redactor.keeps(low)
                if not self._kept[low]:
                    yield Found(
                        number, "header", f"header {name!r} is not on the allow-list; {SCRUB}, or allow it"
                    )


@dataclass(slots=True)
class Events:
    """Finds events that the official SDK would reject."""

    _unknown: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def take(self, number: int, line: AnyLine, *, of_responses: bool) -> Iterator[Found]:
        """Check a line."""
        if not of_responses or not isinstance(line, lines.EventLine | lines.Recv) or not line.data:
            return
        data = bytes(line.data)
        kind = payload.type_of(data)
        if not kind:
            yield Found(number, "event", "an event without a type; was the line edited by hand?")
        elif sdk.installed():
            if not sdk.is_known(kind):
                first = self._unknown[kind]
                first[:] = [first[0], first[1] + 1] if first else [number, 1]
            elif wrong := sdk.validation_errors(data):
                what = f"{'; '.join(wrong[:3])} (strictly, by the types of the openai package)"
                yield Found(number, "event", what)

    def end(self) -> Iterator[Found]:
        """Report types that the SDK does not know, each once."""
        for kind, (number, count) in self._unknown.items():
            times = f", {count} times" if count > 1 else ""
            what = f"the installed openai package knows no event {kind!r}{times}"
            yield Found(number, "event", what, warning=True)


@dataclass(slots=True)
class _Seen:
    """The part of an exchange that must be remembered."""

    line: int
    of_responses: bool
    model: str | None
    exchange: Exchange | None
    """Until it is complete."""
    answered: bool = False
    identified: bool = False


class Exchanges:
    """Finds exchanges that never ended, that no test used, or that are old, and a recording without any
    exchange.
    """

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self.header = Header(lines.VERSION)
        self._seen: list[_Seen] = []
        self._open: dict[int, _Seen] = {}

    def begun(self, exchange: Exchange) -> None:
        """Note an exchange that begins."""
        model = exchange.body.get("model") if isinstance(exchange.body, Mapping) else None
        seen = _Seen(
            exchange.line, _of_responses(exchange), model if isinstance(model, str) else None, exchange
        )
        self._seen.append(seen)
        self._open[id(exchange)] = seen
        del exchange.body  # these may be large, and have been checked
        del exchange.request
        exchange.first = _without_body(exchange.first)
        if isinstance(exchange.opened, lines.Request):
            exchange.opened = _without_body(exchange.opened)

    def take(self, exchange: Exchange) -> None:
        """Note a line of an exchange."""
        seen = self._open.get(id(exchange))
        if seen is not None:
            seen.answered = seen.answered or bool(exchange.head or exchange.answers or exchange.last)
            if exchange.answers and not seen.identified:
                seen.identified = exchange.response_id is not None
                vars(exchange).pop("_response", None)
                vars(exchange).pop("response_id", None)
            if exchange.complete:
                seen.exchange = None
                del self._open[id(exchange)]
        exchange.answers.clear()
        exchange.sent.clear()
        exchange.parts.clear()

    def end(self) -> Iterator[Found]:
        """Yield the problems."""
        answered = [seen for seen in self._seen if seen.answered or (seen.exchange and seen.exchange.last)]
        if not answered:
            yield Found(None, "empty", "it has no exchanges; record it again")
        for number, seen in enumerate(answered, 1):
            if seen.exchange is not None and seen.exchange.last is None:
                what = "the exchange never ended: the recording was interrupted; record it again"
                yield Found(seen.line, "unfinished", what)
            if self._wishes.used is not None and number not in self._wishes.used:
                what = (
                    f"recording {number} was not used by any test; delete its lines or record the test again"
                )
                yield Found(seen.line, "unused", what)
        yield from self._old()
        if any(host in self.header.upstream for host in _OPENAI):
            yield from _of_old_models(answered)

    def _old(self) -> Iterator[Found]:
        recorded, older_than = self.header.recorded, self._wishes.older_than
        if older_than is None or not recorded:
            return
        try:
            age = (time.time() - datetime.fromisoformat(recorded).timestamp()) / DAY
        except ValueError:
            yield Found(1, "stale", f"its date {recorded!r} is not a date; record it again")
            return
        if age > older_than:
            what = f"recorded {age:.0f} days ago; record it again, or check with `ninelives record --refresh`"
            yield Found(1, "stale", f"{what} what has changed")


def _of_old_models(answered: Iterable[_Seen]) -> Iterator[Found]:
    known: set[str] = set()
    for seen in answered:
        model = seen.model
        served = seen.of_responses and seen.exchange is None and seen.identified
        if model is not None and served and model not in known and not is_known(model.split(":")[0]):
            known.add(model)
            what = f"recorded with model {model!r}, which is not a known model; record it with a known one"
            yield Found(seen.line, "stale", what)


def _without_body(line: Any) -> Any:
    empty = {name: b"" for name in ("body", "data") if hasattr(line, name)}
    slim = {name: msgspec.Raw(value) for name, value in empty.items()}
    for name in ("text", "b64"):
        if hasattr(line, name):
            slim[name] = None  # type: ignore[assignment]
    return msgspec.structs.replace(line, **slim)
