"""The consoles of the commands: colors and full width in a terminal, plain unpadded lines in a pipe.

A text is not broken into lines: the terminal wraps it, and a pipe gets it whole.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

from mock_openai.visible import visible
from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.text import Text

PIPED = 100
"""Columns without a terminal."""

WIDEST = 100
"""The most columns in a terminal; longer lines are hard to read."""


def output() -> Console:
    """Standard output."""
    if sys.stdout.isatty():
        found = _Safe(highlight=False)
        return found if found.width <= WIDEST else _Safe(highlight=False, width=WIDEST)
    return _Plain(highlight=False, width=None if "COLUMNS" in os.environ else PIPED)


def notes() -> Console:
    """Standard error: progress, and everything that is not the result itself."""
    return _Unbroken(file=sys.stderr, highlight=False)


class _Unbroken(Console):
    """Leaves the wrapping of texts to the terminal."""

    def print(self, *what: Any, **how: Any) -> None:
        """Print as rich does; only tables and the like are fitted to the width."""
        how.setdefault("soft_wrap", all(isinstance(each, str | Text) for each in what))
        super().print(*what, **how)


class _Safe(_Unbroken):
    """Shows control characters in its output instead of sending them to the terminal."""

    def render(self, renderable: Any, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does, with the text made visible."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


class _Plain(_Safe):
    """Writes lines without the padding that rich adds."""

    def print(self, *what: Any, **how: Any) -> None:
        """Print as rich does, without trailing blanks."""
        with self.capture() as captured:
            super().print(*what, **how)
        self.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
        self.file.flush()
