"""One bot's conversation as evidence: what the user asked, what the bot did, what the server sent, what
failed.

An episode consists of plain values, so the promises (`promises`) can judge a bot that ran a second ago or on
another machine, or an episode that a test wrote by hand. All times are seconds on one clock, the bot's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ninelives.lab.budgets import USUAL_BUDGETS, Budgets

if TYPE_CHECKING:
    from mock_openai.journal.entries import Entry
    from mock_openai.journal.sent_responses import SentResponse

    from ninelives.bot.turn import ReportedError, Turn

TURN_BOUND = 60.0
"""Seconds within which a turn must have ended, whatever happened to the connection. A caller has hung up
by then.
"""


@dataclass(frozen=True, slots=True)
class Episode:
    """A conversation to be judged."""

    turns: Sequence[Turn]
    """The bot's side, turn by turn: what was heard, which tools ran, which errors were reported."""

    said: Sequence[SentResponse]
    """The server's side: every response that began, with the text that was really sent."""

    faults: Sequence[Entry] = ()
    """The faults, with their times (journal entries of kind `fault`)."""

    expected: Sequence[str | None] = ()
    """The whole answer to each turn. None: no answer can be expected (a person must act, or the user
    interrupted).
    """

    wire: Sequence[Entry] = ()
    """The whole journal. Without it the promises about round trips use the responses only."""

    stray: Sequence[ReportedError] = ()
    """Errors reported between turns."""

    tells_spoken: bool = True
    """Whether the service has the event `on_response_interrupted`. A service without it cannot report what
    was spoken, and is not blamed for that.
    """

    bound: float = TURN_BOUND
    """Seconds within which a turn must end."""

    baseline: float | None = None
    """Dead air in seconds of a turn on a healthy connection. None: the shortest of this episode's
    undisturbed turns.
    """

    budgets: Budgets = USUAL_BUDGETS
    """How long the caller may be left in silence."""

    thinks: bool = False
    """Whether the bot was set to ask its model to think. Requests show it better, where there are any."""

    def expectation(self, index: int) -> str | None:
        """Return the expected answer of turn `index` (from 0), or None if none can be expected."""
        return self.expected[index] if index < len(self.expected) else None


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one promise for one episode."""

    promise: str
    """`I1` to `I10`."""

    held: bool | None
    """True: kept. False: broken. None: it does not apply."""

    why: str = field(default="")
    """An explanation, with what was heard and what was sent."""
