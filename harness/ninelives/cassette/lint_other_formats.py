"""`lint` for recordings in other formats that can be replayed: vcrpy's YAML, and HAR.

Secrets are searched in the file itself, line by line, and in its decoded content (bodies may be compressed or
encoded). Everything else is searched only in the decoded content, which has no line numbers.
"""

from __future__ import annotations

import warnings
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mock_openai.files import open_file
from mock_openai.redaction import is_placeholder
from mock_openai.redaction.names import header_names_a_credential

from ninelives.cassette.cassette import Cassette
from ninelives.cassette.checks import Found, Wishes, problems
from ninelives.cassette.convert import load
from ninelives.cassette.errors import CassetteError, CassetteWarning
from ninelives.cassette.lines import AnyLine, Header
from ninelives.cassette.redact import Pairs, Redactor

ENDINGS = (".yaml", ".yml", ".har")

_BEGINNINGS = (b"interactions:", b"http_interactions:")

_CONVERT = "`ninelives convert` it to a .jsonl, which takes it out, or filter it with vcrpy and record again"


def is_foreign(path: Path) -> bool:
    """Whether a file is of such a format, by its name."""
    return path.suffix.lower() in ENDINGS


def is_recording(path: Path) -> bool:
    """Whether something in a folder is a recording of such a format, or cannot be read."""
    if not is_foreign(path) or not path.is_file():
        return False
    if path.suffix.lower() == ".har":
        return True
    try:
        with open_file(path) as file:
            return any(line.removeprefix(BOM_UTF8).startswith(_BEGINNINGS) for line in file)
    except OSError:
        return True  # who loads it reports why


def found_in(path: Path, wishes: Wishes) -> Iterator[Found]:
    """Return all problems of such a file."""
    witness = _Witness()
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", CassetteWarning)
            cassette = load(path, redactor=witness)
    except CassetteError as error:
        yield Found(error.line, "unreadable", f"found {error.found}; {error.fix}")
        return
    for warning in warned:
        if issubclass(warning.category, CassetteWarning):
            yield Found(None, "unread", str(warning.message).removeprefix(f"{path}: "))
    shown: set[str] = set()
    with open_file(path) as file:
        for number, line in enumerate(file, 1):
            for kind in sorted({finding.kind for finding in wishes.redactor.findings(line)}):
                shown.add(kind)
                yield Found(number, "secret", f"a secret ({kind}); {_CONVERT}")
    for name in witness.seen:
        yield Found(None, "header", f"header {name!r} holds a credential; {_CONVERT}")
    for each in problems(_lines(cassette), wishes):
        if each.kind != "secret":
            place = f"exchange {_number(cassette, each.line)}: " if each.line else ""
            yield each._replace(line=None, what=place + each.what)
        elif (kind := each.what.partition("(")[2].partition(")")[0]) not in shown:
            shown.add(kind)  # a secret that no line shows: compressed, encoded, or spread over several deltas
            place = f"exchange {_number(cassette, each.line)} holds "
            yield Found(None, "secret", f"{place}a secret ({kind}); {_CONVERT}")


@dataclass(slots=True)
class _Witness(Redactor):
    """A redactor that replaces nothing, and remembers which headers had a credential."""

    enabled: bool = False
    seen: dict[str, None] = field(default_factory=dict)

    def learn(self, headers: Pairs) -> None:
        """Remember a message's headers with credentials."""
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            if header_names_a_credential(name) and value.strip() and not is_placeholder(value.encode()):
                self.seen[name.lower()] = None


def _lines(cassette: Cassette) -> Iterator[tuple[int, bytes, Header | AnyLine]]:
    data = cassette.data.split(b"\n")
    yield 1, data[0], cassette.header
    for number, line in zip(cassette.numbers, cassette.lines, strict=True):
        yield number, data[number - 1], line


def _number(cassette: Cassette, line: int | None) -> int:
    return max((each.number for each in cassette.exchanges if each.line <= (line or 0)), default=1)
