"""What the mocked model says, told by rules: the first whose conditions hold answers.

A script can be written in YAML or in Python and may grow while a server uses it. When no rule holds, it can
say which came nearest and why it did not hold.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import mock_openai.responders.grammar as grammar
from mock_openai.patterns import SlowPattern
from mock_openai.responders.answer import Answer, ApiError, Recorded, Reply
from mock_openai.responders.base import Turn
from mock_openai.responders.rule import Answering, Rule
from mock_openai.responders.source import ScriptError, from_python, from_yaml
from mock_openai.responders.when import Heard, When, outputs_of, user_text

# Explanations of misses are for people; a long run need not keep them all.
_KEPT_MISSES = 200
# Texts for which it is remembered which rules hear them, and the length from which that is not worth it.
_KEPT_TEXTS, _LONG_TEXT = 1000, 10_000

ALL_WITHIN = 1.0
"""Seconds of the processor's time that the patterns of all rules may take together for one text."""

Written = Rule | Answer | Mapping[str, Any] | str | Answering


class Script:
    """Rules tried in order. `misses` holds explanations of the turns that none of them answered, latest
    last.
    """

    takes_errors = False

    def __init__(self, rules: Iterable[Written] = ()) -> None:
        self._rules: list[Rule] = []
        self._used: list[int] = []
        self._heard: dict[Heard, tuple[tuple[int, ...], SlowPattern | None]] = {}
        self.version = 0
        """Grows whenever the rules change."""
        self.misses: deque[str] = deque(maxlen=_KEPT_MISSES)
        self.on_miss: Callable[[str], None] | None = None
        """Told of each miss as it happens; for a terminal."""
        self.add(*rules)

    @classmethod
    def load(cls, path: str | Path) -> Script:
        """Read a YAML file. Raises ScriptError, which names file, line, what was found and how to mend it."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ScriptError(
                str(path), None, f"found {error.strerror}", "a readable file", "check the path"
            ) from error
        except UnicodeDecodeError as error:
            raise ScriptError(
                str(path), None, "found bytes that are not UTF-8", "text in UTF-8", "save the file as UTF-8"
            ) from error
        return cls(grammar.read_script(from_yaml(text, file=str(path))))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order in which they are tried."""
        return tuple(self._rules)

    @property
    def empty(self) -> bool:
        """Whether there are no rules."""
        return not self._rules

    def add(self, *rules: Written, first: bool = False) -> Script:
        """Add rules at the end, or before all others; gives the script back.

        A rule is one made by `reply`, a mapping as in YAML, a function of the turn that gives an answer or
        None, or an answer (a text is one) that holds always.
        """
        made = [self._rule(rule) for rule in rules]
        place = 0 if first else len(self._rules)
        self._rules[place:place] = made
        self._used[place:place] = [0] * len(made)
        self._heard.clear()
        self.version += 1
        return self

    def clear(self) -> None:
        """Forget all rules and misses."""
        self._rules.clear()
        self._used.clear()
        self._heard.clear()
        self.version += 1
        self.misses.clear()

    async def answer(self, turn: Turn) -> Answer | None:
        """Answer by the first rule that holds, or give None. Raises SlowPattern, which names the rule, when
        the search for a pattern takes too long and no rule before it answers.
        """
        rules = list(self._rules)
        hearing, slow = self._that_hear(turn)
        for index in hearing:
            rule = rules[index]
            if self._spent(index) or not self._holds(index, turn):
                continue
            # Counted before a function may wait, so that two turns at once do not share the last time.
            self._used[index] += 1
            said = await rule.say(turn)
            if said is not None:
                return said
            self._used[index] -= 1
        if slow is not None:
            raise slow
        if self._rules:
            miss = self.explain(turn)
            self.misses.append(miss)
            if self.on_miss is not None:
                self.on_miss(miss)
        return None

    def settled(self, turn: Turn) -> Reply | None:
        """Give what every turn like this one is answered until the rules change; None when that depends on
        more than the turn.
        """
        for index in self._that_hear(turn)[0]:
            rule = self._rules[index]
            if self._holds(index, turn):
                return rule.answer if rule.times is None and isinstance(rule.answer, Reply) else None
        return None

    def _that_hear(self, turn: Turn) -> tuple[tuple[int, ...], SlowPattern | None]:
        """Give the rules whose condition on the user's text holds, up to one whose pattern takes too long,
        and that one's error. Most rules have such a condition, so remembering this makes the thousandth rule
        cost as little as the first.
        """
        heard = Heard.by(turn)
        known = self._heard.get(heard)
        if known is None:
            known = self._ask_who_hears(heard)
            if len(self._heard) >= _KEPT_TEXTS:
                self._heard.clear()
            if len(heard.said) <= _LONG_TEXT:
                self._heard[heard] = known
        return known

    def _ask_who_hears(self, heard: Heard) -> tuple[tuple[int, ...], SlowPattern | None]:
        hearing: list[int] = []
        began = time.process_time()
        for index, rule in enumerate(self._rules):
            try:
                if rule.when.hears(heard):
                    hearing.append(index)
                if index % 16 == 15 and time.process_time() - began > ALL_WITHIN:
                    raise SlowPattern(f"user: the patterns up to this one take more than {ALL_WITHIN:.0f} s")
            except SlowPattern as error:
                return tuple(hearing), self._named(index, error)
        return tuple(hearing), None

    def _holds(self, index: int, turn: Turn) -> bool:
        try:
            return self._rules[index].when.holds(turn)
        except SlowPattern as error:
            raise self._named(index, error) from None

    def _named(self, index: int, error: SlowPattern) -> SlowPattern:
        return SlowPattern(f"{self._name(index)}: {error}")

    def _name(self, index: int) -> str:
        where = self._rules[index].where
        return f"rule {index + 1}" + (f" ({where})" if where else "")

    def explain(self, turn: Turn) -> str:
        """Say which rule would answer, or which came nearest and why it did not hold."""
        asked, heard = _asked(turn), Heard.by(turn)
        if not self._rules:
            return f"No rule for {asked}: the script is empty."
        best = -1
        nearest = ""
        for index, rule in enumerate(self._rules):
            try:
                reasons = list(rule.when.failures(turn, heard))
            except SlowPattern as error:
                return f"{self._name(index)}: {error}"
            near = rule.when.nearness(heard, failed=reasons)
            if self._spent(index):
                times = "once" if rule.times == 1 else f"{rule.times} times"
                reasons.append(f"times: it has answered {times} already")
            if not reasons and callable(rule.answer) and not isinstance(rule.answer, ApiError):
                reasons.append("its function passed")
            name = self._name(index)
            if not reasons:
                return f"{name} answers {asked}."
            if near > best:
                best, nearest = near, f"{name}: {'; '.join(reasons)}"
        few = f" of {len(self._rules)}" if len(self._rules) > 1 else ""
        return f"No rule for {asked}. Nearest{few} was {nearest}."

    def _spent(self, index: int) -> bool:
        times = self._rules[index].times
        return times is not None and self._used[index] >= times

    def _rule(self, rule: Written) -> Rule:
        match rule:
            case Rule():
                return rule
            case Reply() | Recorded() | ApiError():
                return Rule(rule)
            case str():
                return Rule(Reply((grammar.reply_item(rule),)))
            case Mapping():
                return grammar.read_rule(from_python(rule))
        if callable(rule):
            return Rule(rule, When(), where=getattr(rule, "__name__", None))
        raise ScriptError(
            "<script>",
            None,
            f"found {rule!r}",
            "a rule",
            "use reply(...), a mapping as in YAML, or a function of the turn",
        )


def _asked(turn: Turn) -> str:
    if turn.request is None:
        return "an invalid request"
    outputs = outputs_of(turn)
    if outputs:
        return f"the output of {', '.join(each.name or each.call_id for each in outputs)}"
    text = user_text(turn)
    return f"'{text if len(text) <= 60 else text[:57] + '...'}'"
