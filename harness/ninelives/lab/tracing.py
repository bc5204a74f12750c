"""Traces heard words to their source: the response that sent them, and the part of it.

`straight` matches the heard text with the sent text, in order; if that is not possible, `traced` finds the
source of each run of words, for a finding to report. Pure functions over values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ninelives.lab.seams import news

if TYPE_CHECKING:
    from mock_openai.journal.sent_responses import SentResponse

Step = tuple[str | None, str]
"""The step of a turn that a request is for: the last tool output in it, and assistant words to be
continued.
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One response, as part of the turn that requested it."""

    said: SentResponse
    step: Step
    lost: bool
    """Whether it did not end by itself, or ended early and was requested again; and the user had not
    interrupted.
    """
    status: str | None
    """How it ended, as far as a client could read it. None: it had no end, or a client had to give the
    connection up before it.
    """
    marks: frozenset[str] = frozenset()
    """The marks of complete and incomplete user turns that the bot removed from its answers in this turn."""

    @property
    def words(self) -> str:
        """The text for the listener; a refusal is spoken like any other text."""
        words = self.said.words
        begun = words.lstrip()
        mark = next((mark for mark in self.marks if begun.startswith(mark)), "")
        return begun.removeprefix(mark) if mark else words


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of heard text and its source. `owner` is None for words that no response has."""

    text: str
    owner: Attempt | None
    start: int = 0
    foreign: bool = False
    """Whether the words are another turn's."""

    @property
    def end(self) -> int:
        """The offset after the piece in its owner's words."""
        return self.start + len(self.text)


SEAM_WITHIN = 40
"""A loss is searched within this many characters after the text that the next request contained."""

SpokenBy = Callable[[float], int]
"""How many characters had been heard at a time."""


def straight(
    heard: str, attempts: Sequence[Attempt], spoken_by: SpokenBy = lambda _: 0
) -> list[Piece] | None:
    """Read `heard` as the words of one answer per step, in order, cut off at most at the very end.

    An answer may break off and be continued by a later attempt: then nothing that was heard of it may come
    again. None if it cannot be read so. `spoken_by` helps to find where it broke off.
    """
    rounds: dict[str | None, list[Attempt]] = {}
    for attempt in attempts:
        rounds.setdefault(attempt.step[0], []).append(attempt)
    return _Reading(heard, list(rounds.values()), spoken_by).read(0, 0)


@dataclass(frozen=True, slots=True)
class _Reading:
    heard: str
    rounds: Sequence[Sequence[Attempt]]
    spoken_by: SpokenBy

    def read(self, number: int, at: int) -> list[Piece] | None:
        """Match the heard text from offset `at` on with the rounds of attempts from `number` on; None if it
        cannot be.
        """
        if at == len(self.heard):
            return []
        if number == len(self.rounds):
            return None
        for pieces, end in self._answers(self.rounds[number], at, ""):
            following = self.read(number + 1, end)
            if following is not None:
                return [*pieces, *following]
        if all(not attempt.words for attempt in self.rounds[number]):
            return self.read(number + 1, at)
        return None

    def _answers(
        self, attempts: Sequence[Attempt], at: int, spoken: str
    ) -> Iterator[tuple[list[Piece], int]]:
        """Yield the ways to read one answer of which `spoken` was heard: its pieces, and where it ends.
        Whole answers come first, unless they were requested after something had been heard, or requested
        again before they had been heard; then those that were continued, then those that are cut off.
        """
        rest = self.heard[at:]
        late: list[tuple[list[Piece], int]] = []
        cut: list[tuple[list[Piece], int]] = []
        broken: list[tuple[int, int, str, int]] = []
        # The attempt that succeeded is the last one.
        for index in range(len(attempts) - 1, -1, -1):
            attempt = attempts[index]
            forms = news(spoken, attempt.step[1], attempt.words) if spoken else iter([(attempt.words, 0)])
            for text, start in forms:
                if (text or spoken) and rest.startswith(text):
                    reading = [Piece(text, attempt, start)] if text else [], at + len(text)
                    asked_late = index and self.spoken_by(attempt.said.began) > at
                    if asked_late or self._asked_again_within(attempts[index + 1 :], at, len(text)):
                        late.append(reading)
                    else:
                        yield reading
                if rest and text.startswith(rest):
                    # Of several, one that was lost: a bot that stopped in mid-sentence stopped because of it.
                    cut.insert(
                        0 if attempt.lost else len(cut), ([Piece(rest, attempt, start)], len(self.heard))
                    )
                if (common := _common(rest, 0, text, 0)) and index + 1 < len(attempts):
                    broken.append((index, common, spoken, start))
        for index, common, before, start in broken:
            for length in self._breaks(attempts[index + 1 :], at, common, before):
                text = rest[:length]
                for pieces, end in self._answers(attempts[index + 1 :], at + length, before + text):
                    yield [Piece(text, attempts[index], start), *pieces], end
        yield from late
        yield from cut

    def _asked_again_within(self, later: Sequence[Attempt], at: int, length: int) -> bool:
        """Whether the next attempt was made when fewer than this number of characters had been heard. The
        others then belong to that attempt, even if the server had sent them before.
        """
        return bool(later) and 0 < self.spoken_by(later[0].said.began) - at < length

    def _breaks(self, later: Sequence[Attempt], at: int, common: int, spoken: str) -> list[int]:
        """Yield the lengths at which an answer may have broken off, the most likely first."""
        lengths: list[int] = []
        for attempt in later:
            lengths.append(self.spoken_by(attempt.said.began) - at)
            sent = len(attempt.step[1]) - len(spoken)
            lengths += range(min(common, sent + SEAM_WITHIN), max(0, sent - 1), -1)
        return [length for length in dict.fromkeys(lengths) if 0 < length <= common]


SHORTEST_TRACE = 3
"""Fewer equal characters than this do not show where heard words come from."""

FOREIGN_LEAD = 3
"""Words count as another turn's only if they match it by this many more characters than their own."""


def traced(heard: str, own: Sequence[Attempt], everything: Sequence[Attempt]) -> list[Piece]:
    """Return where each run of heard words comes from, as far as possible, for an episode that cannot be
    read straight.
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
