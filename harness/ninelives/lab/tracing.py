"""Where heard words come from: which response said them, and which part of it.

`straight` reads what was heard as what was said, in order; when that cannot be done, `traced` finds out where
each run of words comes from, for a finding to tell. Pure functions over values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mock_openai.control.said import Said

Step = tuple[str | None, str]
"""Which step of a turn a request asks for: the last tool output it brings, and assistant words it asks to be
continued.
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One response, seen from the turn that asked for it."""

    said: Said
    step: Step
    lost: bool
    """It did not come to its own end, and the user had not cut in either."""

    @property
    def words(self) -> str:
        """What a listener should hear of it: its text, and a refusal is spoken like any other text."""
        return f"{self.said.whole}{self.said.text[self.said.covered :]}{self.said.refusal or ''}"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of heard text and where it was said. `owner` is None for words that nobody said."""

    text: str
    owner: Attempt | None
    start: int = 0
    foreign: bool = False
    """The words are another turn's."""

    @property
    def end(self) -> int:
        """Offset behind the piece in its owner's words."""
        return self.start + len(self.text)


def straight(heard: str, attempts: Sequence[Attempt]) -> list[Piece] | None:
    """Read `heard` as the words of one attempt a step, in order, cut off at most at the very end.

    None when it cannot be read so.
    """
    steps: dict[Step, list[Attempt]] = {}
    for attempt in attempts:
        steps.setdefault(attempt.step, []).append(attempt)
    ordered = list(steps.values())

    def read(number: int, at: int) -> list[Piece] | None:
        rest = heard[at:]
        if not rest:
            return []
        if number == len(ordered):
            return None
        for attempt in reversed(ordered[number]):  # the attempt that worked is the last one
            if not attempt.words or not rest.startswith(attempt.words):
                continue
            following = read(number + 1, at + len(attempt.words))
            if following is not None:
                return [Piece(attempt.words, attempt), *following]
        # Cut off: the words stop inside this step. Of several attempts the latest whose beginning it is, lost
        # ones first:
        # a bot that stopped in mid-sentence stopped because of them.
        latest = ordered[number][::-1]
        for attempt in sorted(latest, key=lambda each: not each.lost):
            if attempt.words.startswith(rest):
                return [Piece(rest, attempt)]
        if all(not attempt.words for attempt in ordered[number]):
            return read(number + 1, at)
        return None

    return read(0, 0)


SHORTEST_TRACE = 3
"""Fewer equal characters than this say nothing about where heard words come from."""

FOREIGN_LEAD = 3
"""Words count as another turn's only when they match it by so many characters more than they match their
own.
"""


def traced(heard: str, own: Sequence[Attempt], everything: Sequence[Attempt]) -> list[Piece]:
    """Where each run of heard words comes from, as well as can be told, for an episode that does not read
    straight.
    """
    mine = {id(attempt) for attempt in own}
    pieces: list[Piece] = []
    at = 0
    while at < len(heard):
        best = _best_run(heard, at, own, everything, mine, pieces[-1] if pieces else None)
        if best is None:
            if pieces and pieces[-1].owner is None:
                pieces[-1] = Piece(pieces[-1].text + heard[at], None)
            else:
                pieces.append(Piece(heard[at], None))
            at += 1
            continue
        pieces.append(best)
        at += len(best.text)
    return pieces


def _best_run(
    heard: str,
    at: int,
    own: Sequence[Attempt],
    everything: Sequence[Attempt],
    mine: set[int],
    previous: Piece | None,
) -> Piece | None:
    best: Piece | None = None
    score = SHORTEST_TRACE - 0.5
    for attempt in [*own, *(each for each in everything if id(each) not in mine)]:
        foreign = id(attempt) not in mine
        for start in range(len(attempt.words)):
            length = _common(heard, at, attempt.words, start)
            whole = length >= len(heard) - at or length == len(attempt.words)
            follows = previous is not None and previous.owner is attempt and previous.end == start
            weight = (
                length - (FOREIGN_LEAD if foreign else 0) + (0.4 if follows else 0.2 if start == 0 else 0)
            )
            if (length and weight > score) or (best is None and length and whole and not foreign):
                best, score = Piece(heard[at : at + length], attempt, start, foreign), max(score, weight)
    return best


def _common(left: str, i: int, right: str, j: int) -> int:
    length = 0
    while i + length < len(left) and j + length < len(right) and left[i + length] == right[j + length]:
        length += 1
    return length
