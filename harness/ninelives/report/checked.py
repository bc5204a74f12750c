"""Results of checks, as plain values for all machine-readable reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Checked:
    """One checked thing: a scenario, or a scenario under one disaster."""

    suite: str
    """The bot that was checked."""
    group: str
    """Its group: a chapter, a file."""
    name: str
    """Unique within its suite."""
    seconds: float = 0.0
    """The length of the conversation on its own clock."""
    problems: Sequence[str] = ()
    """The problems, one line each; empty if there are none."""
    crashed: bool = False
    """Whether it ended without a result."""
    skipped: str | None = None
    """Why it was skipped."""
    file: str | None = None
    """The file for a reader to open."""
    line: int = 1
    talk: str = ""
    """The words said and heard, as details."""

    @property
    def good(self) -> bool:
        """Whether it has no problem."""
        return not self.problems
