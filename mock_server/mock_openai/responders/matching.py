"""Finds the rules of a script that hold for a turn, in order."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from mock_openai.patterns import SlowPattern
from mock_openai.responders.base import OwnTurn, Turn
from mock_openai.responders.handle import RuleHandle
from mock_openai.responders.miss import titled
from mock_openai.responders.turn_input import TurnInput
from mock_openai.responders.when import When

# Number of texts whose matching rules are remembered, and the length from which a text is not.
_KEPT_TEXTS, _LONG_TEXT = 1000, 10_000

_LOOK_AFTER = 16
"""Rules whose patterns are searched between two looks at the clock, which cost as much as a search."""

ALL_WITHIN = 1.0
"""Seconds of processor time that the patterns of all rules may take together for one text."""


_Matches = tuple[tuple[int, ...], SlowPattern | None]
"""The indexes of the rules whose texts match, up to one whose pattern takes too long, and its error."""


class Rules(tuple[RuleHandle, ...]):
    """The rules of a script; remembers which of them may hold for texts that it has seen."""

    def __init__(self, rules: Iterable[RuleHandle] = ()) -> None:
        self._matched: dict[TurnInput, _Matches] = {}

    def holding(self, turn: Turn, asked: TurnInput, *, spent: bool = False) -> Iterator[RuleHandle]:
        """Yield the rules that may answer, in order; with `spent`, also those whose `times` are used up.
        Raises SlowPattern.
        """
        matches = self._matches(asked)
        index = self._next(turn, asked, matches, 0, spent)
        while index is not None:
            yield self[index]
            index = self._next(turn, asked, matches, index + 1, spent)

    def first(self, turn: Turn, asked: TurnInput) -> RuleHandle | None:
        """Return the first rule that may answer, as `holding` yields it; None if there is none. Raises
        SlowPattern.
        """
        index = self._next(turn, asked, self._matches(asked), 0, spent=False)
        return None if index is None else self[index]

    def _matches(self, asked: TurnInput) -> _Matches | None:
        """Return the rules whose texts match; None if there are only a few rules: they are asked one by one,
        and no further than needed.
        """
        return None if len(self) < _LOOK_AFTER else self._with_matching_texts(asked)

    def _next(
        self, turn: Turn, asked: TurnInput, matches: _Matches | None, start: int, spent: bool
    ) -> int | None:
        """Return the index of the first rule from `start` on that may answer; None if there is none."""
        index = start
        try:
            if matches is None:
                for index in range(start, len(self)):
                    handle = self[index]
                    if handle.rule.when.texts_match(asked) and _may_answer(handle, turn, asked, spent):
                        return index
                return None
            matching, slow = matches
            for index in matching:
                if index >= start and _may_answer(self[index], turn, asked, spent):
                    return index
        except SlowPattern as error:
            raise SlowPattern(f"{titled(index + 1, self[index])}: {error}") from None
        if slow is not None:
            raise slow
        return None

    def fixed_rule(self, turn: Turn, asked: TurnInput) -> RuleHandle | None:
        """Return the rule that answers every request with this body, whoever sends it; None if the answer
        depends on more.
        """
        matches = self._matches(asked)
        with suppress(SlowPattern):
            for index in range(len(self)) if matches is None else matches[0]:
                handle = self[index]
                if matches is None and not handle.rule.when.texts_match(asked):
                    continue
                if type(handle.rule.when) is not When:  # a condition of the user's own may look at the caller
                    return None
                if _may_answer(handle, turn, asked, spent=True):
                    return handle if handle.rule.times is None else None
        return None

    def _with_matching_texts(self, asked: TurnInput) -> _Matches:
        """Return the indexes of the rules whose conditions on texts hold, up to one whose pattern takes too
        long, and that one's error. Most rules have such a condition, so remembering this makes the thousandth
        rule cost as little as the first.
        """
        if asked.size > _LONG_TEXT:
            return self._match_texts(asked)
        known = self._matched.get(asked)
        if known is None:
            known = self._match_texts(asked)
            if len(self._matched) >= _KEPT_TEXTS:
                self._matched.clear()
            self._matched[asked] = known
        return known

    def _match_texts(self, asked: TurnInput) -> _Matches:
        matching: list[int] = []
        began = time.thread_time()
        for index, handle in enumerate(self):
            try:
                if handle.rule.when.texts_match(asked):
                    matching.append(index)
                if (index + 1) % _LOOK_AFTER == 0 and time.thread_time() - began > ALL_WITHIN:
                    raise SlowPattern(f"user: the patterns up to this one took more than {ALL_WITHIN:.0f} s")
            except SlowPattern as error:
                return tuple(matching), SlowPattern(f"{titled(index + 1, handle)}: {error}")
        return tuple(matching), None


def _may_answer(handle: RuleHandle, turn: Turn, asked: TurnInput, spent: bool) -> bool:
    """Return whether a rule whose texts match may answer; with `spent` also if its `times` are used up."""
    rule = handle.rule
    if rule.times is not None and not spent and handle.spent:
        return False
    if rule.when.only_texts and turn.request is not None:
        return True
    return rule.when.holds(turn if type(rule.when) is When else OwnTurn(turn), asked)
