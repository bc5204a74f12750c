"""The figures of a caller's experience: time to the first word, longest silence, talk-over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from ninelives.lab.attribution import accounts
from ninelives.lab.episode import Episode
from ninelives.lab.silences import silences


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one conversation or of many, in seconds."""

    first_words: tuple[float, ...] = ()
    """From the end of the caller's words to the first sound, of every turn that had one; shortest first."""
    dead_air: float | None = None
    """The longest silence of a turn, before the first word or inside the answer. None: there was none."""
    talk_over: float | None = None
    """The longest time for which the bot still sounded after the caller interrupted; None without a voice."""

    def first_word(self, percent: float) -> float | None:
        """Return a percentile of the times to the first word; None if there was no word."""
        return percentile(self.first_words, percent)

    def __str__(self) -> str:
        if self.dead_air is None:
            return "nobody had to wait"
        shown = f"longest dead air {self.dead_air:.2f} s"
        if self.first_words:
            p50, p95 = self.first_word(50), self.first_word(95)
            shown = f"first word p50 {p50:.2f} s, p95 {p95:.2f} s, {shown}"
        return shown if self.talk_over is None else f"{shown}, talk-over {self.talk_over:.2f} s"

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {
            "first_word": {"p50": self.first_word(50), "p95": self.first_word(95)},
            "longest_dead_air": self.dead_air,
            "talk_over": self.talk_over,
        }


NO_FIGURES = Figures()
"""The figures of a conversation in which nobody waited."""


def figures_of(episode: Episode) -> Figures:
    """Return the figures of one conversation."""
    heard = ((turn, turn.audible) for turn in episode.turns if turn.user is not None)
    waits = (max(0.0, sounds[0][0] - turn.began) for turn, sounds in heard if sounds)
    silent = (each.seconds for a in accounts(episode) for each in silences(episode, a))
    over = (turn.talk_over for turn in episode.turns)
    return Figures(
        tuple(sorted(waits)),
        max(silent, default=None),
        max((each for each in over if each is not None), default=None),
    )


def together(many: Iterable[Figures]) -> Figures:
    """Return the figures of many conversations together."""
    all_of_them = list(many)
    return Figures(
        tuple(sorted(word for each in all_of_them for word in each.first_words)),
        max((each.dead_air for each in all_of_them if each.dead_air is not None), default=None),
        max((each.talk_over for each in all_of_them if each.talk_over is not None), default=None),
    )


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Return the smallest value that `percent` of the values do not exceed (nearest rank); None without
    values.
    """
    if not ordered:
        return None
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]
