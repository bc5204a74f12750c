"""Errors of cassette files, on one line.

Every error names the file and the line, what was found there, what was expected, and what to do. What it
quotes is redacted first, so that an error text never contains a secret that an edit left in the file.
"""

from __future__ import annotations

import re
from pathlib import Path

from mock_openai.deprecation import warn_renamed
from mock_openai.journal import redact

_NUMBERS = re.compile(rb"[0-9](?:[ ().-]{0,2}+[0-9]){6,}+")
FRAGMENT = 60
"""The number of characters of a broken line that are quoted."""


class CassetteError(Exception):
    """A cassette that cannot be read, written or converted.

    `str()` is one line: `file:line: found; expected ...; what to do`.
    """

    path: Path
    """The file."""
    line: int | None
    """The line number from 1, or None if the error concerns the whole file."""
    found: str
    """What was found."""
    expected: str
    """What was expected."""
    fix: str
    """What to do about it."""

    def __init__(self, path: Path | str, line: int | None, found: str, expected: str, fix: str) -> None:
        self.path, self.line = Path(path), line
        self.found, self.expected, self.fix = map(redact.text, (found, expected, fix))
        place = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{place}: found {self.found}; expected {self.expected}; {self.fix}")

    @property
    def mend(self) -> str:
        """The deprecated name of `fix`."""
        warn_renamed("CassetteError.mend", "CassetteError.fix", gone="0.3")
        return self.fix


class CassetteWarning(UserWarning):
    """Something about a cassette that a person should know and that is not an error."""


def fragment(line: bytes) -> str:
    """Return the first characters of a line for an error text: one line, secrets replaced."""
    from ninelives.cassette.redact import Redactor

    clean = Redactor(emails=True).text(line, broken=True)
    text = _NUMBERS.sub(lambda number: b"0" * len(number[0]), clean).decode("utf-8", "replace")
    short = text if len(text) <= FRAGMENT else text[:FRAGMENT] + "..."
    return "".join(char if char.isprintable() else "?" for char in short)
