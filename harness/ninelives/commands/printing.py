"""The consoles of the commands: colors and full width in a terminal, plain unpadded lines in a pipe.

A text is not broken into lines: the terminal wraps it, and a pipe gets it whole.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

from mock_openai.visible import visible
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.status import Status
from rich.text import Text

PIPED = 100
"""Columns without a terminal."""

WIDEST = 100
"""The most columns in a terminal; longer lines are hard to read."""


def output(*, secrets: bool = True) -> Console:
    """Standard output. Without `secrets`, those in what a bot or a model said are not shown."""
    if sys.stdout.isatty():
        found = _Safe()
        console = found if found.width <= WIDEST else _Safe(width=WIDEST)
    else:
        console = _Plain(width=None if "COLUMNS" in os.environ else PIPED)
    console.secrets = secrets
    return console


def notes(*, secrets: bool = True) -> Console:
    """Standard error: progress, and everything that is not the result itself. `secrets` is as for
    `output`.
    """
    console = _Safe(file=sys.stderr)
    console.secrets = secrets
    return console


class _Verbatim(Status):
    """A status whose text is shown as it is."""

    def update(self, status: RenderableType | None = None, **how: Any) -> None:
        """Update as rich does, without markup."""
        super().update(Text(status) if isinstance(status, str) else status, **how)


class _Unbroken(Console):
    """Leaves the wrapping of texts to the terminal. Brackets and colons in a text are no markup: the names of
    files, bots and scenarios are printed too.
    """

    def __init__(self, **how: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **how)

    def status(self, status: RenderableType, **how: Any) -> Status:
        """Show a status as rich does, without markup."""
        shown = Text(status) if isinstance(status, str) else status
        return _Verbatim(shown, console=self, **how)

    def print(self, *what: Any, **how: Any) -> None:
        """Print as rich does; only tables and the like are fitted to the width."""
        how.setdefault("soft_wrap", all(isinstance(each, str | Text) for each in what))
        super().print(*what, **how)


class _Safe(_Unbroken):
    """Shows control characters in its output instead of sending them to the terminal."""

    secrets = True

    def render(self, renderable: Any, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does, with the text made visible. Secrets are replaced before the text is laid out,
        because a line may end within one.
        """
        if not self.secrets and isinstance(renderable, str | Text):
            text = self.render_str(renderable) if isinstance(renderable, str) else renderable
            renderable = _without_secrets(text)
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


class _Plain(_Safe):
    """Writes lines without the padding that rich adds."""

    def print(self, *what: Any, **how: Any) -> None:
        """Print as rich does, without trailing blanks."""
        with self.capture() as captured:
            super().print(*what, **how)
        lines = (line.rstrip() for line in captured.get().splitlines())
        self.file.write("".join(f"{visible(line)}\n" for line in lines))
        self.file.flush()


def _without_secrets(text: Text) -> Text:
    """Return a text with its styles and without its secrets."""
    from mock_openai.journal import redact

    clean, done = text.blank_copy(), 0
    for start, end, new in redact.edits(text.plain):
        clean.append_text(text[done:start])
        clean.append(new)
        done = end
    return clean.append_text(text[done:]) if done else text
