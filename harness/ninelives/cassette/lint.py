"""Looks a cassette over before it is committed, and mends what it finds.

`lint` reports lines that cannot be read, secrets, headers that should not be there, events that are not
events, and exchanges that never ended. `scrub` replaces the secrets and drops the headers, and leaves every
other byte as it is.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

import ninelives.cassette.lines as lines
import ninelives.cassette.payload as payload
from ninelives.cassette.cassette import Cassette
from ninelives.cassette.errors import CassetteError
from ninelives.cassette.redact import Redactor
from ninelives.cassette.tape import write_whole

_HEADER_FIELDS = ("headers", "answer")
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that should be mended before the cassette is committed."""

    path: Path
    line: int | None
    kind: Literal["unreadable", "secret", "header", "event", "unfinished", "empty"]
    what: str
    """What it is and what to do; never the secret itself."""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        return f"{place}: {self.kind}: {self.what}"


def lint(path: Path | str, *, redactor: Redactor | None = None) -> list[Problem]:
    """Everything that is wrong with a cassette file, in the order of its lines; an empty list when nothing
    is.
    """
    path, redactor = Path(path), redactor or Redactor()
    try:
        cassette = Cassette.load(path)
    except CassetteError as error:
        return [Problem(path, error.line, "unreadable", f"found {error.found}; {error.mend}")]
    problems = [*_secrets(cassette, redactor), *_headers(cassette, redactor), *_events(cassette)]
    if not cassette.exchanges:
        problems.append(Problem(path, None, "empty", "it holds no exchange; record it again"))
    for exchange in cassette.exchanges:
        if exchange.last is None and not exchange.complete:
            what = "the exchange never ended: the recording was interrupted; record it again"
            problems.append(Problem(path, exchange.line, "unfinished", what))
    return sorted(problems, key=lambda problem: problem.line or 0)


def scrub(path: Path | str, *, redactor: Redactor | None = None) -> int:
    """Replaces the secrets in a cassette file, in one step, and returns how many lines changed."""
    path, redactor = Path(path), redactor or Redactor()
    before = Cassette.load(path).data.split(b"\n")
    after = [before[0], *(_scrubbed(line, redactor) for line in before[1:])]
    after[0] = redactor.text(before[0])
    changed = sum(old != new for old, new in zip(before, after, strict=True))
    if changed:
        write_whole(path, b"\n".join(after))
    return changed


def _scrubbed(line: bytes, redactor: Redactor) -> bytes:
    if not line.strip():
        return line
    found = _fields.decode(line)
    clean = redactor.text(line)
    renewed = {name: msgspec.Raw(redactor.text(bytes(value))) for name, value in found.items()}
    changed = False
    for name in _HEADER_FIELDS:
        if name in found:
            headers = msgspec.json.decode(found[name], type=dict[str, str])
            if any(low not in redactor.kept_headers({low: ""}) for low in headers):
                renewed[name], changed = msgspec.Raw(payload.encode(redactor.kept_headers(headers))), True
    if "b64" in found:
        data = payload.from_b64(msgspec.json.decode(found["b64"], type=str))
        if (hidden := redactor.text(data)) != data:
            renewed["b64"], changed = msgspec.Raw(payload.encode(base64.b64encode(hidden).decode())), True
    if not changed:
        return clean
    return (
        b"{" + b",".join(payload.encode(name) + b":" + bytes(value) for name, value in renewed.items()) + b"}"
    )


def _secrets(cassette: Cassette, redactor: Redactor) -> Iterator[Problem]:
    for number, line in enumerate(cassette.data.split(b"\n"), 1):
        kinds = {finding.kind for finding in redactor.findings(line)}
        if b'"b64"' in line:
            data = payload.from_b64(msgspec.json.decode(_fields.decode(line)["b64"], type=str))
            kinds |= {finding.kind for finding in redactor.findings(data)}
        for kind in sorted(kinds):
            yield Problem(
                cassette.path, number, "secret", f"a secret ({kind}); run `ninelives scrub` on the file"
            )


def _headers(cassette: Cassette, redactor: Redactor) -> Iterator[Problem]:
    for number, line in zip(cassette.numbers, cassette.lines, strict=True):
        for field in _HEADER_FIELDS:
            for name in getattr(line, field, {}):
                if name.lower() not in redactor.kept_headers({name: ""}):
                    what = (
                        f"header {name!r} is not on the list; run `ninelives scrub` on the file, or allow it"
                    )
                    yield Problem(cassette.path, number, "header", what)


def _events(cassette: Cassette) -> Iterator[Problem]:
    for number, line in zip(cassette.numbers, cassette.lines, strict=True):
        if (
            isinstance(line, lines.EventLine | lines.Recv)
            and line.data
            and not payload.type_of(bytes(line.data))
        ):
            yield Problem(
                cassette.path, number, "event", "an event without a type; was the line edited by hand?"
            )
