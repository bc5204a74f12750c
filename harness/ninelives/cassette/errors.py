"""What can be wrong with a cassette file, said in one line.

Every error names the file and the line, what was found there, what was expected, and how to mend it; the
quoted fragment is redacted first, so that an error text never carries a secret that a careless edit left in
the file.
"""

from __future__ import annotations

import re
from pathlib import Path

_NUMBERS = re.compile(rb"[0-9](?:[ ().-]{0,2}+[0-9]){6,}+")
FRAGMENT = 60
"""How many characters of a broken line are quoted."""


class CassetteError(Exception):
    """A cassette that cannot be read, written or converted.

    `str()` is one line: `file:line: found; expected ...; mend`.
    """

    path: Path
    """The file the error is about."""
    line: int | None
    """Line number from 1, or None when the error is about the whole file."""
    found: str
    """What stands there."""
    expected: str
    """What should stand there."""
    mend: str
    """What to do about it."""

    def __init__(self, path: Path | str, line: int | None, found: str, expected: str, mend: str) -> None:
        self.path, self.line = Path(path), line
        self.found, self.expected, self.mend = found, expected, mend
        place = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{place}: found {found}; expected {expected}; {mend}")


class CassetteWarning(UserWarning):
    """Something about a cassette that a person should know and that does not stop the work."""


def fragment(line: bytes) -> str:
    """The first characters of a line as they may stand in an error text: one line, secrets replaced."""
    from ninelives.cassette.redact import Redactor

    clean = Redactor(emails=True).text(line, broken=True)
    text = _NUMBERS.sub(lambda number: b"0" * len(number[0]), clean).decode("utf-8", "replace")
    short = text if len(text) <= FRAGMENT else text[:FRAGMENT] + "..."
    return "".join(char if char.isprintable() else "?" for char in short)
