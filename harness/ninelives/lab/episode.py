"""One bot's conversation as evidence: what the user asked, what the bot did, what the server said, what went
wrong.

An episode is made of plain values, so the promises (`promises`) can judge a bot that ran a second ago, one
that ran on another machine, or one that a test wrote down by hand. All times are seconds on one clock, the
bot's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ninelives.lab.budgets import USUAL_BUDGETS, Budgets

if TYPE_CHECKING:
    from mock_openai.control.entries import Entry
    from mock_openai.control.said import Said

    from ninelives.bot.turn import ReportedError, Turn

TURN_BOUND = 60.0
"""Seconds within which a turn must have ended, whatever happened to the connection. A caller has long hung up
by then.
"""


@dataclass(frozen=True, slots=True)
class Episode:
    """A conversation to be judged."""

    turns: Sequence[Turn]
    """The bot's side, turn by turn: what was heard, which tools ran, which errors were reported."""

    said: Sequence[Said]
    """The server's side: every response that began, with the text that really left."""

    faults: Sequence[Entry] = ()
    """What was broken on purpose, and when (journal entries of kind `fault`)."""

    expected: Sequence[str | None] = ()
    """The whole answer to each turn. None: this turn has none to expect (a person must act, or the user cut
    in).
    """

    wire: Sequence[Entry] = ()
    """The whole journal. Without it the promises that count round trips look at the responses alone."""

    stray: Sequence[ReportedError] = ()
    """Errors reported while no turn was going on."""

    tells_spoken: bool = True
    """The service has the event `on_response_interrupted`. One without it cannot say what was spoken, and
    is not blamed for that.
    """

    bound: float = TURN_BOUND
    """Seconds within which a turn must end."""

    baseline: float | None = None
    """Dead air in seconds of a turn on a healthy connection. None: the shortest of this episode's undisturbed
    turns.
    """

    budgets: Budgets = USUAL_BUDGETS
    """How long the caller may be left in silence."""

    def expectation(self, index: int) -> str | None:
        """The answer turn `index` (from 0) should have had, or None when there is none to expect."""
        return self.expected[index] if index < len(self.expected) else None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one promise makes of one episode."""

    promise: str
    """`I1` to `I10`."""

    held: bool | None
    """True: kept. False: broken. None: nothing happened that it speaks of."""

    why: str = field(default="")
    """Plain English, with what was heard against what was said."""
