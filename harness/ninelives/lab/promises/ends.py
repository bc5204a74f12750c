"""Promise I4: every turn ends, within a limit."""

from __future__ import annotations

from ninelives.lab.attribution import Account
from ninelives.lab.episode import Episode, Finding
from ninelives.lab.promises.verdict import Reasons, turn, verdict

_PAIRS = (
    ("LLMFullResponseStartFrame", "LLMFullResponseEndFrame", "response"),
    ("LLMThoughtStartFrame", "LLMThoughtEndFrame", "thought"),
)


def every_turn_ends(name: str, episode: Episode, accounts: list[Account]) -> Finding:
    """I4: start and end frames pair up, thoughts too, and no turn takes longer than the limit."""

    def open_ends() -> Reasons:
        for a in accounts:
            if a.turn.ended is None:
                yield f"{turn(a)} never ended"
            elif (took := _took(a)) > episode.bound:
                yield f"{turn(a)} took {took:.1f} s, more than {episode.bound:g} s"
            yield from (f"{turn(a)}: {why}" for why in _unpaired(a))

    longest = max((_took(a) for a in accounts), default=0.0)
    return verdict(
        name,
        bool(accounts),
        open_ends(),
        f"{len(accounts)} turns ended, the longest after {longest:.2f} s",
        "there was no turn",
    )


def _took(account: Account) -> float:
    """Return the seconds that a turn took, without those in which a voice spoke."""
    turn = account.turn
    spoken = sum(until - began for began, until in turn.audible)
    return max(0.0, (turn.ended or turn.began) - turn.began - spoken)


def _unpaired(account: Account) -> Reasons:
    names = [type(c.frame).__name__ for c in account.turn.frames if c.direction == "down"]
    for start, end, what in _PAIRS:
        begun = False
        for frame in names:
            if frame == start:
                if begun:
                    yield f"a {what} started inside another"
                begun = True
            elif frame == end:
                if not begun:
                    yield f"a {what} ended that had not started"
                begun = False
        if begun:
            yield f"a {what} started and never ended"
