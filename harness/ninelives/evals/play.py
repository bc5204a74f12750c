"""Plays a case without faults, then under every disaster, each in the turn in which it can happen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ninelives.bot.overheard import overheard
from ninelives.bot.start_failure import Hangs, hangs, not_started, time_limit
from ninelives.evals.bot import hostable
from ninelives.evals.disasters import Disaster
from ninelives.evals.files import Case
from ninelives.evals.outcome import Played
from ninelives.evals.session import Setting, play_case
from ninelives.lab.episode import Episode
from ninelives.lab.target import find
from ninelives.usage_error import UsageError

TIMEOUT = 120.0
"""Real seconds after which a bot that blocks counts as hanging."""

WITH_A_DISASTER = 6.0
"""The same limit under a disaster, once the bot is known to work: longer, because a bot that never pauses is
busy, not hanging.
"""

ALOUD = 120.0
"""The longest silence in seconds that is played with sound, which costs 25 messages a second each way."""


def bot_named(name: str) -> Any:
    """Return the bot that a user names. Raises UsageError; CouldNotStart when its own code fails."""
    return hostable(find(name).found, name)


def play_first(case: Case, bot: Any, setting: Setting) -> Played:
    """Play a case undisturbed. Raises CouldNotStart when there is no bot to talk to."""
    with overheard() as said:
        try:
            with time_limit(TIMEOUT):
                played = play_case(case, bot, setting)
        except Hangs as error:
            raise hangs(case.bot, error) from None
    if not played.started:
        raise not_started(case.bot, played.mishaps, played.failure or RuntimeError(played.crash), said.last)
    return played


def play_disasters(
    plain: Played, bot: Any, setting: Setting, disasters: Sequence[Disaster]
) -> Iterator[Played]:
    """Play a case once for each disaster. If a disaster cannot happen, the run is skipped with the reason."""
    case = plain.case
    for disaster in disasters:
        if plain.skipped is not None:
            yield replace(plain, disaster=disaster)
        elif plain.transport and plain.transport not in disaster.transports:
            yield _skipped(plain, disaster, f"it is not possible over {plain.transport}")
        elif case.simulated and disaster.silence:
            yield _skipped(plain, disaster, "a simulated caller is never silent for that long")
        elif case.speaks and disaster.silence > ALOUD:
            minutes = f"{disaster.silence / 60:.0f} minutes"
            yield _skipped(plain, disaster, f"it has {minutes} of silence; --text plays it without sound")
        else:
            yield _broken(plain, bot, setting, disaster, case)


def _broken(plain: Played, bot: Any, setting: Setting, disaster: Disaster, case: Case) -> Played:
    """Play the disaster in the first turn in which it happens."""
    asked = sum(turn.user is not None for turn in plain.episode.turns)
    for turn in disaster.turns(asked):
        try:
            with overheard(), time_limit(WITH_A_DISASTER):
                played = play_case(case, bot, setting, disaster, turn=turn, plain=plain)
        except Hangs as error:
            return Played(case, disaster, None, Episode([], []), crash=str(error), turn=turn)
        if played.injected or played.crash is not None:
            return played
    return _skipped(plain, disaster, "this conversation has no moment at which it could happen")


def not_played(case: Case, wrong: UsageError) -> Played:
    """Return a case whose bot cannot be played at all."""
    first = str(wrong).partition("\n")[0]
    return Played(case, None, None, Episode([], []), crash=first, failure=wrong, started=False)


def _skipped(plain: Played, disaster: Disaster, why: str) -> Played:
    return Played(plain.case, disaster, None, Episode([], []), skipped=why)
