"""Promise I10: no silence is longer than the caller's limit without a word or an error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ninelives.lab.attribution import SAME_TIME, Account, accounts
from ninelives.lab.budgets import DEAD_AIR
from ninelives.lab.conditions import read_conditions
from ninelives.lab.episode import Episode, Finding
from ninelives.lab.promises.verdict import Reasons, turn, verdict
from ninelives.lab.silences import asked_to_think, silences
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from ninelives.bot.turn import Turn


def never_left_in_silence(name: str, episode: Episode, accounts: list[Account]) -> Finding:
    """I10: no silence is longer than the budget, before the first word or within an answer."""
    found = [(a, silence) for a in accounts for silence in silences(episode, a)]

    def too_long() -> Reasons:
        for a, silence in found:
            own = episode.budgets.own(first=silence.first)
            limit = episode.budgets.limit(first=silence.first, thinking=asked_to_think(episode, a))
            counted = silence.unexplained if own is None else silence.seconds
            if counted <= limit + SAME_TIME:
                continue
            where = "before the first word"
            if not silence.first:
                where = f"inside the answer, {silence.began - a.turn.began:.2f} s after the caller's words"
            own_time = "" if own is not None else f", {counted:.2f} s of it not caused by the model"
            yield (
                f"{turn(a)} left the caller in silence for {silence.seconds:.2f} s {where}{own_time}, "
                f"more than {limit:g} s"
            )

    longest = max((silence.seconds for _, silence in found), default=0.0)
    return verdict(name, bool(found), too_long(), f"at most {longest:.2f} s of silence", "nobody had to wait")


def judge_silence(
    turns: Sequence[Turn],
    *,
    max_first_word: str | float | None = None,
    max_dead_air: str | float | None = None,
) -> Finding:
    """Judge the silences of turns of your own, with a voice or without: I10 without the laboratory.

    Every second counts, also those in which the model works.

    Args:
        turns: What was said and heard.
        max_first_word: The longest time until the first word: seconds, `2s` or `500ms`. None: that of dead
            air.
        max_dead_air: The longest silence of a turn, in the same form. None: 10 s.

    Raises:
        ValueError: A limit that is not a duration.
    """
    try:
        given = DEAD_AIR if max_dead_air is None else max_dead_air
        budgets = read_conditions(max_first_word=max_first_word, max_dead_air=given).budgets
    except UsageError as error:
        raise ValueError(str(error)) from None
    episode = Episode(turns, (), budgets=budgets)
    return never_left_in_silence("I10", episode, accounts(episode))
