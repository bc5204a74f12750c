"""What was checked, as plain values that every report for machines is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was checked: a scenario, or a scenario under one disaster."""

    suite: str
    """What was checked: the bot."""
    group: str
    """Where it belongs: a chapter, a file."""
    name: str
    """Unique within its suite."""
    seconds: float = 0.0
    """How long the conversation took on its own clock."""
    problems: Sequence[str] = ()
    """What is wrong, one line each. Empty: nothing is."""
    crashed: bool = False
    """It came to no result."""
    skipped: str | None = None
    """Why it was not checked."""
    file: str | None = None
    """The file to which a reader should go."""
    line: int = 1
    talk: str = ""
    """What was said and heard, for whoever wants to know more."""

    @property
    def good(self) -> bool:
        """Nothing is wrong with it."""
        return not self.problems
