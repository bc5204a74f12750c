"""Promise I9: every failure is reported once, in words that help."""

from __future__ import annotations

from ninelives.lab.attribution import Account
from ninelives.lab.episode import Episode, Finding
from ninelives.lab.promises.verdict import CATEGORIES, NEEDS_A_PERSON, Reasons, turn, verdict
from ninelives.lab.wording import flaw, quote


def every_failure_is_reported(name: str, episode: Episode, accounts: list[Account]) -> Finding:
    """I9: a failure is one error that helps; none is swallowed, none makes the bot unusable unless a
    person must act.
    """
    errors = [(turn(a), error) for a in accounts for error in a.turn.errors]
    errors += [("between turns", error) for error in episode.stray]
    troubled = [a for a in accounts if a.hit or a.turn.errors]

    def reports() -> Reasons:
        for where, error in errors:
            message = quote(error.message)
            if error.category not in CATEGORIES:
                yield f"{where}: {message} has no useful category ({error.category})"
            if error.permanent and error.category not in NEEDS_A_PERSON:
                yield f"{where}: {message} is permanent, though {error.category!r} errors pass by themselves"
            if (wrong := flaw(error.message)) is not None:
                yield f"{where}: {message} {wrong}"
        for a in accounts:
            if len(a.turn.errors) > max(1, a.failures):
                yield f"{turn(a)} reported {len(a.turn.errors)} errors for one failure"
            if not a.turn.errors and not a.interrupted and (silent := _silence(a)):
                yield f"{turn(a)} {silent} and no error was reported"

    held = (
        f"{len(errors)} errors reported, each with a category and advice"
        if errors
        else "the user noticed no failure"
    )
    return verdict(name, bool(troubled or errors), reports(), held, "nothing failed")


def _silence(account: Account) -> str | None:
    last = account.attempts[-1] if account.attempts else None
    if last is not None and last.lost:
        return f"heard {quote(account.heard)} of an answer that broke off"
    if account.expected is None:
        return "heard nothing" if account.hit and not account.heard else None
    if account.gone_on:
        return None  # its unheard words are judged by another promise, and may have been said in other words
    if account.fits and account.heard != account.expected and len(account.heard) < len(account.expected):
        return f"heard {quote(account.heard)} of {quote(account.expected)}"
    return None
