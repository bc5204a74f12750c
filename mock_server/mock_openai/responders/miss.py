"""A request that no rule answered: what it asked, and which rule came nearest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Miss:
    """One such request; as text it is one line."""

    asked: str
    """What it asked, in a few words."""
    rules: int
    """How many rules the script has."""
    nearest: str = ""
    """The rule that came nearest, with its place: `rule 2 (test_bot.py:15)`. Empty without rules."""
    why: str = ""
    """Why that rule did not hold."""
    refused: bool = False
    """Whether the script is strict, so that the request got an error."""
    session: str | None = None
    """The session in which it was asked; None for the server's own."""

    def __str__(self) -> str:
        where = "" if self.session is None else f"session {self.session!r}: "
        if not self.rules:
            return f"{where}No rule for {self.asked}: the script is empty."
        few = f" of {self.rules}" if self.rules > 1 else ""
        return f"{where}No rule for {self.asked}. Nearest{few} was {self.nearest}: {self.why}."
