"""A failed scenario as text, turn by turn: what should have been heard, what was sent, what was heard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ninelives.lab.attribution import accounts

if TYPE_CHECKING:
    from ninelives.lab.run import Outcome


def as_text(outcome: Outcome) -> str:
    """Return the whole case on one screen: the turns, the faults, the broken promises."""
    lines = [outcome.scenario.sentence, "", *turns(outcome)]
    if outcome.crash:
        lines += ["", f"crashed: {outcome.crash}"]
    if outcome.mishaps:
        from ninelives.bot import mishaps

        lines += ["", *mishaps.lines(outcome.mishaps)]
    lines += ["", *(f"{each.promise} broken: {each.why}" for each in outcome.broken)]
    return "\n".join(lines)


def turns(outcome: Outcome) -> Iterator[str]:
    """Return what should have been heard, what was sent and what was heard, turn by turn."""
    for account in accounts(outcome.episode):
        turn, expected = account.turn, account.expected
        yield f"turn {account.index + 1}, the user: {turn.user!r}"
        for fault in account.faults:
            yield f"  fault at {fault.at - turn.began:4.2f} s: {fault.field('fault') or 'a fault'}"
        if turn.interrupted is not None:
            yield f"  cut in at {turn.interrupted - turn.began:4.2f} s: the user"
        if expected is not None:
            yield f"  should be heard: {expected!r}"
        if account.said and account.said != expected:
            yield f"  was said:        {account.said!r}"
        yield f"  was heard:       {turn.played!r}"
        for call in turn.calls:
            yield f"  ran:             {call.name}({dict(call.arguments)})"
        for error in turn.errors:
            lasting = ", permanent" if error.permanent else ""
            yield f"  reported:        {error.category}{lasting}: {error.message}"
