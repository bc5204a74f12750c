"""Shared by all promises: turns reasons into a finding, and defines which errors help."""

from __future__ import annotations

from collections.abc import Iterator

from ninelives.lab.attribution import Account
from ninelives.lab.episode import Finding

NEEDS_A_PERSON = frozenset({"authentication", "authorization", "quota", "invalid_request"})
"""Error categories that last until somebody changes a key, a bill or a setting (Pipecat's, documented)."""

CATEGORIES = NEEDS_A_PERSON | {"rate_limit", "connectivity", "server", "application"}
"""Categories that tell a bot what to do. `unknown` does not."""

Reasons = Iterator[str]
"""Why a promise is broken; empty if it is kept."""


def verdict(promise: str, applies: bool, reasons: Reasons, held: str, idle: str) -> Finding:
    """Return a finding: broken for `reasons`, kept with the text `held`, or not applicable with the text
    `idle`.
    """
    broken = list(reasons)
    if broken:
        return Finding(promise, False, "; ".join(broken))
    return Finding(promise, True, held) if applies else Finding(promise, None, idle)


def turn(account: Account) -> str:
    """Return a turn's name in findings."""
    return f"turn {account.index + 1}"


def calm(accounts: list[Account]) -> list[Account]:
    """Return the turns without a fault."""
    return [a for a in accounts if not a.hit and not a.interrupted]
