"""When a server could be reached, as far as a client can know.

A client learns it from what the server did: it refuses connections for a while, or it asks the client to wait
(Retry-After). Whoever asks again earlier is refused again, and for longer.
"""

from __future__ import annotations

from ninelives.lab.attribution import SAME_TIME, Account
from ninelives.lab.episode import Episode

OUTAGE = "refuse"
"""The fault that prevents connections for a while. A turn that begins in that time waits for its end."""


def closed_for(episode: Episode, account: Account) -> float | None:
    """Return the seconds of the turn until a connection could be opened again, if none could be before; None
    if there was no such time, or it was over before the turn.
    """
    waits = (_refused_for(episode, account), _asked_to_wait(episode, account))
    return max((wait for wait in waits if wait is not None), default=None)


def asked_to_wait_until(episode: Episode, account: Account, at: float) -> float:
    """Return until when the server had asked, by the time `at`, to wait with the turn's next request."""
    asked = [
        entry.at + wait
        for entry in episode.wire
        if entry.kind == "status"
        and account.turn.began - SAME_TIME <= entry.at <= at + SAME_TIME
        and isinstance(wait := entry.field("retry_after"), float)
    ]
    return max([at, *asked])


def was_refused(episode: Episode, account: Account) -> bool:
    """Whether the server refused a connection or a request of the turn, and so said what was wrong."""
    ended = account.turn.ended if account.turn.ended is not None else float("inf")
    return any(
        entry.kind == "status"
        and account.turn.began - SAME_TIME <= entry.at <= ended + SAME_TIME
        and isinstance(status := entry.field("status"), int)
        and status >= 400
        for entry in episode.wire
    )


def _asked_to_wait(episode: Episode, account: Account) -> float | None:
    """Return the seconds of the turn until which the server asked to wait with the next connection; None if
    it did not, or accepted another one before the turn.
    """
    began = account.turn.began
    until: float | None = None
    sockets: set[int] = set()
    for entry in episode.wire:
        if entry.at > began + SAME_TIME:
            break
        if entry.kind == "open" and entry.field("transport") == "websocket":
            sockets.add(entry.connection)
        elif entry.kind == "status" and entry.connection in sockets:
            asked = entry.field("retry_after")
            until = entry.at + asked if isinstance(asked, float) else None
    return None if until is None or until <= began else until - began


def _refused_for(episode: Episode, account: Account) -> float | None:
    """Return the seconds of the turn until the fault that refuses all connections was over."""
    began = account.turn.began
    outage, opened = None, None
    for entry in episode.wire:
        if entry.kind == "fault" and entry.field("fault") == OUTAGE and entry.at <= began:
            outage, opened = entry, None
        elif entry.kind == "open" and opened is None:
            opened = entry
    if outage is None or opened is None or opened.at < began - SAME_TIME:
        return None
    return max(0.0, opened.at - began)
