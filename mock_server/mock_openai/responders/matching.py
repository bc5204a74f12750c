"""Whether a text has a match for a regular expression, found in a time that no pattern can make long.

Strategy: `re` tries one way after the other, and a pattern such as `^(a+)+$` makes these ways double with
each character. Here all places of the text that a part of the pattern can reach are looked at together, so
that a place is reached once, however many ways lead there. What that cannot do (references to groups, flags)
counts as a match, and so does what is too much work.
"""

from __future__ import annotations

from re import _constants as op  # type: ignore[attr-defined]
from typing import Any

from mock_openai.responders.pattern import CannotTell, Work, parsed

Places = set[int]

_CATEGORIES = {
    op.CATEGORY_DIGIT: (str.isdecimal, True),
    op.CATEGORY_NOT_DIGIT: (str.isdecimal, False),
    op.CATEGORY_SPACE: (str.isspace, True),
    op.CATEGORY_NOT_SPACE: (str.isspace, False),
    op.CATEGORY_WORD: (lambda sign: _is_word(sign), True),
    op.CATEGORY_NOT_WORD: (lambda sign: _is_word(sign), False),
}
_REPEATS = frozenset({op.MAX_REPEAT, op.MIN_REPEAT})
_SIGNS = frozenset({op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN})


def has_match(pattern: str, text: str, work: Work) -> bool:
    """Tell whether a pattern is found in a text; True when that cannot be told."""
    try:
        whole = parsed(pattern, work)
        if whole.state.flags & ~(op.SRE_FLAG_UNICODE | op.SRE_FLAG_VERBOSE):
            return True
        work.spend(len(text))
        return bool(_Matcher(text, work).after(whole, set(range(len(text) + 1))))
    except (CannotTell, RecursionError):
        return True


class _Matcher:
    def __init__(self, text: str, work: Work) -> None:
        self._text = text
        self._work = work

    def after(self, part: Any, places: Places) -> Places:
        """Give all places where a match of this part can end that begins at one of these."""
        for kind, argument in part:
            self._work.spend(1 + len(places))
            if not places:
                break
            places = self._one(kind, argument, places)
        return places

    def _one(self, kind: Any, argument: Any, places: Places) -> Places:
        if kind in _SIGNS:
            if kind is op.IN:
                self._work.spend(len(argument) * len(places))
            text, end = self._text, len(self._text)
            return {at + 1 for at in places if at < end and _is_sign(kind, argument, text[at])}
        if kind in _REPEATS:
            least, most, inside = argument
            return self._repeated(least, most, inside, places)
        if kind is op.SUBPATTERN:
            _, flags_on, flags_off, inside = argument
            if flags_on or flags_off:
                raise CannotTell
            return self.after(inside, places)
        if kind is op.BRANCH:
            return set().union(*(self.after(inside, places) for inside in argument[1]))
        if kind is op.AT:
            return {at for at in places if self._is_at(argument, at)}
        if kind in (op.ASSERT, op.ASSERT_NOT):
            direction, inside = argument
            wanted = kind is op.ASSERT
            return {at for at in places if self._stands(direction, inside, at) is wanted}
        if kind is op.FAILURE:
            return set()
        raise CannotTell  # a reference to a group, or repetition without a way back

    def _repeated(self, least: int, most: Any, inside: Any, places: Places) -> Places:
        for _ in range(least):
            self._work.spend(1)
            further = self.after(inside, places)
            if further == places:
                break
            places = further
        reached, latest, count = set(places), places, least
        while latest and (most is op.MAXREPEAT or count < most):
            self._work.spend(1)
            latest = self.after(inside, latest) - reached
            reached |= latest
            count += 1
        return reached

    def _stands(self, direction: int, inside: Any, at: int) -> bool:
        if direction > 0:
            return bool(self.after(inside, {at}))
        begin = at - inside.getwidth()[0]  # what stands behind has one width
        return begin >= 0 and at in self.after(inside, {begin})

    def _is_at(self, what: Any, at: int) -> bool:
        text, end = self._text, len(self._text)
        if what in (op.AT_BEGINNING, op.AT_BEGINNING_STRING):
            return at == 0
        if what is op.AT_END:
            return at == end or (at == end - 1 and text[at] == "\n")
        if what is op.AT_END_STRING:
            return at == end
        between = (at > 0 and _is_word(text[at - 1])) is not (at < end and _is_word(text[at]))
        return between if what is op.AT_BOUNDARY else not between


def _is_sign(kind: Any, argument: Any, sign: str) -> bool:
    if kind is op.LITERAL:
        return sign == chr(argument)
    if kind is op.NOT_LITERAL:
        return sign != chr(argument)
    if kind is op.ANY:
        return sign != "\n"
    negated = argument[0][0] is op.NEGATE
    return any(_is_member(kind, member, sign) for kind, member in argument[negated:]) is not negated


def _is_member(kind: Any, member: Any, sign: str) -> bool:
    if kind is op.LITERAL:
        return sign == chr(member)
    if kind is op.RANGE:
        return ord(sign) in range(member[0], member[1] + 1)
    holds, wanted = _CATEGORIES[member]
    return holds(sign) is wanted


def _is_word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"
