"""The silences of a turn: the periods in which the caller heard nothing, and the model's own share of them.

A silence begins with the end of the caller's words or of a sound, and ends with the next sound, an error, the
caller's own words, or the turn. If the turn ends without an error while something is missing, the silence
ends with the turn; after a whole answer there is none, because it is the caller's turn to speak.

With a voice, sounds are those on the line; otherwise every piece of text is a sound without a length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from ninelives.lab.attribution import SAME_TIME, Account
from ninelives.lab.budgets import DEAD_AIR
from ninelives.lab.episode import Episode
from ninelives.lab.reach import asked_to_wait_until
from ninelives.lab.tracing import Attempt

UNHEARD = frozenset({"half_open", "handshake_hang"})
"""Faults after which no data written to a connection arrives."""

SLOW = frozenset({"delay", "stall"})
"""Faults after which the stream only pauses, if it goes on at all."""

PATIENT = DEAD_AIR / 2
"""Seconds for which a client cannot tell a fault that nobody hears of, or a pause, from a slow model."""

NEARLY = 0.8
"""Share of a budget after which an error is better than another attempt."""

_ANSWERS_FAST = frozenset({None, "none", "minimal"})
"""Reasoning efforts with which a model does not think for long."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A period in which the caller heard nothing. Times are the turn's, in seconds."""

    began: float
    ended: float
    first: bool
    """Whether it began with the end of the caller's words, not within the answer."""
    modelled: float = 0.0
    """Seconds of it between events of the model, if no fault happened between these events."""
    in_tools: float = 0.0
    """Further seconds of it in which a tool ran, if there was also a fault: no bot can make up for both."""

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.ended - self.began

    @property
    def unexplained(self) -> float:
        """Seconds that neither the model's own events explain nor, with a fault, a tool."""
        return max(0.0, self.seconds - self.modelled - self.in_tools)


def silences(episode: Episode, account: Account) -> list[Silence]:
    """Return the silences of a turn, in order."""
    return [each for each in _silences(episode, account, account.attempts) if each.seconds]


def _silences(episode: Episode, account: Account, attempts: Iterable[Attempt]) -> list[Silence]:
    """Return the silences of a turn, also the empty one before an error that came at once. Only in `attempts`
    is the model's time counted as its own.
    """
    working = _working(episode, attempts)
    tools = [(call.at, call.ended) for call in account.turn.calls if call.ended is not None]
    busy = _merged([*working, *tools])
    found = []
    for began, ended, first in _stretches(episode, account):
        if ended > began or (first and ended == began):
            modelled = sum(_shared(began, ended, *each) for each in working)
            disturbed = any(began - SAME_TIME <= fault.at <= ended + SAME_TIME for fault in account.faults)
            in_tools = sum(_shared(began, ended, *each) for each in busy) - modelled if disturbed else 0.0
            found.append(Silence(began, ended, first, modelled, in_tools))
    return found


def gave_up_in_time(episode: Episode, account: Account) -> bool:
    """Whether an error came only when another attempt would have been too late: the caller had waited so
    long, or the server had asked to wait for longer. A service that keeps I10 cannot do better.

    The model's time for responses that a fault broke is part of the wait: a service has one budget for all
    attempts of a turn. A caller's patience with a model that thinks does not lengthen it, because nothing
    shows that the model is thinking while nothing comes.
    """
    errors = [error.at for error in account.turn.errors]
    unbroken = [attempt for attempt in account.attempts if not _broken(account, attempt)]
    return any(
        abs(silence.ended - at) <= SAME_TIME
        and silence.unexplained + (asked_to_wait_until(episode, account, at) - at)
        >= NEARLY * episode.budgets.limit(first=silence.first, thinking=False) - SAME_TIME
        for silence in _silences(episode, account, unbroken)
        for at in errors
    )


def _broken(account: Account, attempt: Attempt) -> bool:
    """Whether a fault broke a response: it was lost, or so poor or late that it was requested again."""
    said = attempt.said
    again = any(
        other.step[0] == attempt.step[0] and other.said.began > said.began for other in account.attempts
    )
    return (attempt.lost or again) and any(
        fault.connection == said.connection
        and fault.turn in (None, said.turn)
        and fault.at >= said.began - SAME_TIME
        for fault in account.faults
    )


def asked_to_think(episode: Episode, account: Account) -> bool:
    """Whether a request of the turn asked the model to think; without a response, whether the bot was set to
    do so.
    """
    if not account.attempts:
        return episode.thinks
    reasoning = [attempt.said.request.get("reasoning") for attempt in account.attempts]
    return any(isinstance(each, Mapping) and each.get("effort") not in _ANSWERS_FAST for each in reasoning)


def _stretches(episode: Episode, account: Account) -> Iterator[tuple[float, float, bool]]:
    turn = account.turn
    cut = turn.interrupted if turn.interrupted is not None else float("inf")
    ended = min(turn.ended if turn.ended is not None else turn.began + episode.bound, cut)
    sounds = [each for each in turn.audible if each[0] <= ended + SAME_TIME]
    errors = [error.at for error in turn.errors if error.at <= ended + SAME_TIME]
    if sounds and _whole(account):
        # Nobody waits after a whole answer, not even for an error.
        ended = max(until for _, until in sounds)
        errors = [at for at in errors if at <= ended]
    # A turn without a request begins with its first sound.
    since = turn.began if turn.user is not None else min((began for began, _ in sounds), default=ended)
    first = turn.user is not None
    for began, until in sorted([*sounds, *((at, at) for at in errors)]):
        yield since, min(began, ended), first
        since, first = max(since, until), False
    if not errors or max(errors) < since - SAME_TIME:
        yield since, ended, first


def _whole(account: Account) -> bool:
    """Whether the answer was heard to its end."""
    if account.turn.unheard:
        return False
    if account.expected is not None:
        return account.heard == account.expected
    return not account.attempts or not account.attempts[-1].lost


def _working(episode: Episode, attempts: Iterable[Attempt]) -> list[tuple[float, float]]:
    """Return when the model's events show that it was at work, as periods that do not overlap."""
    found: list[tuple[float, float]] = []
    for attempt in attempts:
        said = attempt.said
        faults = [fault for fault in episode.faults if fault.connection == said.connection]
        deaf = min(
            (fault.at for fault in faults if fault.field("fault") in UNHEARD),
            default=float("inf"),
        )
        marks = sorted({said.began, *_events(episode, said.connection, said.turn)})
        if len(marks) == 1:
            marks += sorted(at for at in {said.opened, said.spoke, said.ended} if at is not None)
        for earlier, later in pairwise(marks):
            disturbed = any(
                earlier - SAME_TIME <= fault.at < later - SAME_TIME
                and fault.turn in (None, said.turn)  # another lane's says nothing about this one
                and not (fault.field("fault") in SLOW and later - earlier <= PATIENT)
                for fault in faults
            )
            if later > earlier and not disturbed and later <= deaf + SAME_TIME:
                found.append((earlier, later))
    return _merged(found)


def _events(episode: Episode, connection: int, turn: int) -> Iterable[float]:
    return (
        entry.at
        for entry in episode.wire
        if entry.kind == "event" and entry.connection == connection and entry.turn == turn
    )


def _merged(stretches: list[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for began, ended in sorted(stretches):
        if merged and began <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ended))
        else:
            merged.append((began, ended))
    return merged


def _shared(began: float, ended: float, other_began: float, other_ended: float) -> float:
    return max(0.0, min(ended, other_ended) - max(began, other_began))
