"""Looks a cassette over before it is committed, or every night: what is wrong with it, a line each.

Lines that cannot be read, secrets (also such as are spelled over several deltas), headers that should not be
there, events that the official SDK would not accept, exchanges that never ended, recordings that no test used
and such as have grown old.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from mock_openai.protocol.models import is_known

import ninelives.cassette.lines as lines
import ninelives.cassette.payload as payload
import ninelives.cassette.reader as reader
import ninelives.cassette.sdk as sdk
from ninelives.cassette.cassette import Cassette
from ninelives.cassette.errors import CassetteError
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.redact import Redactor
from ninelives.cassette.scrub import HEADER_FIELDS
from ninelives.cassette.spelling import spelled

Kind = Literal["unreadable", "secret", "header", "event", "unfinished", "empty", "unused", "stale"]

DAY = 86_400.0
"""Seconds."""

_OPENAI = ("openai.com", "openai.azure.com", "127.0.0.1", "localhost")
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that should be mended before the cassette is committed; a `warning` is only to be known."""

    path: Path
    line: int | None
    kind: Kind
    what: str
    """What it is and what to do; never the secret itself."""
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        return f"{place}: {'warning: ' * self.warning}{self.kind}: {self.what}"

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "path": str(self.path),
            "line": self.line,
            "kind": self.kind,
            "level": "warning" if self.warning else "error",
            "what": self.what,
        }


def lint(
    path: Path | str,
    *,
    redactor: Redactor | None = None,
    used: Iterable[int] | None = None,
    older_than: float | None = None,
) -> list[Problem]:
    """Everything that is wrong with a cassette file, in the order of its lines; an empty list when nothing
    is.

    `used` are the numbers of the exchanges that tests asked for, `older_than` is in days.
    """
    path, redactor = Path(path), redactor or Redactor()
    try:
        cassette = Cassette.load(path)
    except CassetteError as error:
        return _unreadable(path, error, redactor)
    problems = [*_secrets(cassette, redactor), *_headers(cassette, redactor), *_events(cassette)]
    if not cassette.exchanges:
        problems.append(Problem(path, None, "empty", "it holds no exchange; record it again"))
    for exchange in cassette.exchanges:
        if exchange.last is None and not exchange.complete:
            what = "the exchange never ended: the recording was interrupted; record it again"
            problems.append(Problem(path, exchange.line, "unfinished", what))
    if used is not None:
        problems += _unused(cassette, frozenset(used))
    problems += _stale(cassette, older_than)
    return sorted(problems, key=lambda problem: problem.line or 0)


def _unreadable(path: Path, first: CassetteError, redactor: Redactor) -> list[Problem]:
    """Every line that cannot be read, and the secrets in all."""
    problems = [Problem(path, first.line, "unreadable", f"found {first.found}; {first.mend}")]
    if first.line is None:
        return problems
    ours = _is_ours(path)
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        for kind in sorted({finding.kind for finding in redactor.findings(line)}):
            problems.append(
                Problem(path, number, "secret", f"a secret ({kind}); mend the file, then scrub it")
            )
        if (
            ours  # of another file the first line says it all
            and number > 1
            and number != first.line
            and line.strip()
            and (error := reader.broken(line, path, number))
        ):
            problems.append(Problem(path, number, "unreadable", f"found {error.found}; {error.mend}"))
    return sorted(problems, key=lambda problem: problem.line or 0)


def _is_ours(path: Path) -> bool:
    lines = path.read_bytes().split(b"\n")
    return any(reader.broken(line, path, number) is None for number, line in enumerate(lines, 1))


def _secrets(cassette: Cassette, redactor: Redactor) -> Iterator[Problem]:
    for number, line in enumerate(cassette.data.split(b"\n"), 1):
        kinds = {finding.kind for finding in redactor.findings(line)}
        if b'"b64"' in line:
            data = payload.from_b64(msgspec.json.decode(_fields.decode(line)["b64"], type=str))
            kinds |= {finding.kind for finding in redactor.findings(data)}
        for kind in sorted(kinds):
            what = f"a secret ({kind}); run `ninelives scrub` on the file"
            yield Problem(cassette.path, number, "secret", what)
    yield from _spelled(cassette, redactor)


def _spelled(cassette: Cassette, redactor: Redactor) -> Iterator[Problem]:
    """Secrets that no line holds whole."""
    texts: defaultdict[tuple[Any, ...], list[tuple[int, bytes]]] = defaultdict(list)
    for number, line in zip(cassette.numbers, cassette.lines, strict=True):
        if not isinstance(line, lines.EventLine | lines.Recv | lines.Send):
            continue
        side, framed = (
            ("client" if isinstance(line, lines.Send) else "server"),
            isinstance(line, lines.EventLine),
        )
        for name, piece in spelled(lines.exact_bytes(line), side=side, framed=framed):
            texts[line.c, name].append((number, piece))
    for pieces in texts.values():
        whole = b"".join(piece for _, piece in pieces)
        for finding in redactor.findings(whole):
            place = 0
            for number, piece in pieces:
                if place <= finding.start < place + len(piece):
                    if finding.end > place + len(piece):
                        what = f"a secret ({finding.kind}) begins here and goes on in the next deltas; "
                        what += "run `ninelives scrub` on the file"
                        yield Problem(cassette.path, number, "secret", what)
                    break
                place += len(piece)


def _headers(cassette: Cassette, redactor: Redactor) -> Iterator[Problem]:
    for number, line in zip(cassette.numbers, cassette.lines, strict=True):
        for field in HEADER_FIELDS:
            for name in getattr(line, field, {}):
                if name.lower() not in redactor.kept_headers({name: ""}):
                    what = (
                        f"header {name!r} is not on the list; run `ninelives scrub` on the file, or allow it"
                    )
                    yield Problem(cassette.path, number, "header", what)


def _events(cassette: Cassette) -> Iterator[Problem]:
    responses = {
        id(line) for exchange in cassette.exchanges if _of_responses(exchange) for line in exchange.answers
    }
    unknown: dict[str, list[int]] = defaultdict(list)
    for number, line in zip(cassette.numbers, cassette.lines, strict=True):
        if not isinstance(line, lines.EventLine | lines.Recv) or not line.data:
            continue
        data = bytes(line.data)
        kind = payload.type_of(data)
        if not kind and id(line) in responses:
            what = "an event without a type; was the line edited by hand?"
            yield Problem(cassette.path, number, "event", what)
        elif kind and id(line) in responses and sdk.installed():
            if not sdk.is_known(kind):
                unknown[kind].append(number)
            elif wrong := sdk.complaints(data):
                what = f"{'; '.join(wrong[:3])} (strictly, by the types of the openai package)"
                yield Problem(cassette.path, number, "event", what)
    for kind, numbers in unknown.items():
        times = f", {len(numbers)} times" if len(numbers) > 1 else ""
        what = f"the installed openai package knows no event {kind!r}{times}"
        yield Problem(cassette.path, numbers[0], "event", what, warning=True)


def _of_responses(exchange: Exchange) -> bool:
    return exchange.transport == "websocket" or "/responses" in (exchange.path or "")


def _unused(cassette: Cassette, used: frozenset[int]) -> Iterator[Problem]:
    for exchange in cassette.exchanges:
        if exchange.number not in used:
            what = f"recording {exchange.number} answered no test; delete its lines or record the test again"
            yield Problem(cassette.path, exchange.line, "unused", what)


def _stale(cassette: Cassette, older_than: float | None) -> Iterator[Problem]:
    recorded = cassette.header.recorded
    if older_than is not None and recorded:
        try:
            age = (time.time() - datetime.fromisoformat(recorded).timestamp()) / DAY
        except ValueError:
            yield Problem(cassette.path, 1, "stale", f"its date {recorded!r} cannot be read; record it again")
            return
        if age > older_than:
            what = f"recorded {age:.0f} days ago; record it again, or see with `ninelives record --refresh`"
            yield Problem(cassette.path, 1, "stale", f"{what} what has changed")
    if not any(host in cassette.header.upstream for host in _OPENAI):
        return
    seen: set[str] = set()
    for exchange in cassette.exchanges:
        model = exchange.body.get("model") if isinstance(exchange.body, Mapping) else None
        served = _of_responses(exchange) and exchange.complete and exchange.response_id
        if isinstance(model, str) and served and model not in seen and not is_known(model.split(":")[0]):
            seen.add(model)
            what = f"recorded with model {model!r}, which is none that is known; record it with one that is"
            yield Problem(cassette.path, exchange.line, "stale", what)


def usage(path: Path) -> dict[Path, list[int]]:
    """What pytest's `--cassette-report` wrote: of each cassette the exchanges that tests used. Raises
    CassetteError.
    """
    try:
        told = json.loads(path.read_bytes())["cassettes"]
        found = {name: [int(number) for number in each["used"]] for name, each in told.items()}
    except OSError as error:
        raise CassetteError(path, None, f"{error.strerror}", "a usage report", "check the path") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CassetteError(
            path,
            None,
            "no usage report",
            "what `pytest --cassette-report FILE` writes",
            "write it again",
        ) from None
    return {
        place.resolve(): used for name, used in found.items() for place in (Path(name), path.parent / name)
    }
