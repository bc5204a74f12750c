"""A script of rules for the mocked model: the first rule whose conditions hold answers.

A script can be written in YAML or in Python, and can be changed while a server uses it. When no rule holds,
it can tell which came nearest, and why that one did not hold.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

import mock_openai.responders.grammar as grammar
from mock_openai.files import read_text
from mock_openai.journal import redact
from mock_openai.patterns import SlowPattern
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.reply import Reply
from mock_openai.responders.answer import Answer, Recorded
from mock_openai.responders.base import Later, OwnTurn, Turn
from mock_openai.responders.continuation import GoingOn, asked_to_go_on, going_on
from mock_openai.responders.handle import RuleHandle, check_names
from mock_openai.responders.matching import Rules
from mock_openai.responders.miss import Miss, nearest_miss, reasons, titled
from mock_openai.responders.reply_grammar import reply_item
from mock_openai.responders.rule import Answering, Rule
from mock_openai.responders.turn_input import TurnInput, described
from mock_openai.responders.when import When
from mock_openai.source import ScriptError, from_python, from_yaml

# Explanations of misses are for people; a long run need not keep them all.
_KEPT_MISSES = 200


Written = Rule | RuleHandle | Answer | Mapping[str, Any] | str | Answering


class Script:
    """Rules tried in order. `misses` holds explanations of the turns that none of them answered, latest
    last.

    Args:
        rules: Results of `reply`, texts, or mappings as in YAML.
        strict: Answer a turn that no rule answers with an error, 404 `no_rule`, instead of passing it on.
    """

    takes_errors = False
    reads_only = True  # it makes the copies that the user's own functions and conditions get

    def __init__(self, rules: Iterable[Written] = (), *, strict: bool | None = None) -> None:
        self._rules = Rules()
        self._strict = strict
        self._keeps: int | None = None
        self.version = 0
        """Increases whenever the rules change."""
        self.misses: deque[str] = deque(maxlen=_KEPT_MISSES)
        self.on_miss: Callable[[Miss], None] | None = None
        """Called with each miss as it happens."""
        self.add(*rules)

    @classmethod
    def load(cls, path: str | Path) -> Script:
        """Read a YAML file. Raises ScriptError, which names file, line, what was found and how to fix it."""
        path = Path(path)
        try:
            text = read_text(path)
        except OSError as error:
            raise ScriptError(
                str(path), None, f"found {error.strerror}", "a readable file", "check the path"
            ) from error
        except UnicodeDecodeError as error:
            raise ScriptError(
                str(path), None, "found bytes that are not UTF-8", "text in UTF-8", "save the file as UTF-8"
            ) from error
        return cls.loads(text, name=str(path))

    @classmethod
    def loads(cls, text: str, *, name: str) -> Script:
        """Read YAML text; `name` is its name in errors. Raises ScriptError."""
        rules, strict = grammar.read_script(from_yaml(text, file=name))
        return cls(rules, strict=strict)

    @property
    def strict(self) -> bool:
        """Whether a turn that no rule answers is an error."""
        return bool(self._strict)

    @strict.setter
    def strict(self, strict: bool) -> None:
        self._strict = strict

    @property
    def declares_strict(self) -> bool | None:
        """The script's own `strict`; None if it does not set it."""
        return self._strict

    @property
    def rules(self) -> tuple[RuleHandle, ...]:
        """The rules in the order in which they are tried, each with the requests that it answered."""
        return self._rules

    @property
    def unused(self) -> list[str]:
        """The rules that have answered nothing, one line each."""
        return [str(each["rule"]) for each in self.summary() if not each["answered"]]

    def summary(self) -> list[dict[str, Any]]:
        """Return each rule's name, a line about it (number, place, conditions), and how often it answered."""
        return [
            {
                "name": None if handle.rule.name is None else redact.text(handle.rule.name),
                "rule": redact.explanation(f"{titled(number, handle)}: {handle.rule.when}"),
                "answered": handle.answered,
            }
            for number, handle in enumerate(self._rules, 1)
        ]

    @property
    def empty(self) -> bool:
        """Whether there are no rules."""
        return not self._rules

    def __getitem__(self, key: int | str) -> RuleHandle:
        """Return a rule by its index, from 0, or by its name. Raises IndexError or KeyError if
        there is none.
        """
        if isinstance(key, int):
            try:
                return self._rules[key]
            except IndexError:
                raise IndexError(f"there is no rule {key}: the script has {len(self._rules)}") from None
        names = {handle.rule.name: handle for handle in self._rules if handle.rule.name is not None}
        if key not in names:
            known = f"it has {', '.join(map(repr, names))}" if names else "none of its rules has a name"
            raise KeyError(f"the script has no rule named {key!r}; {known}")
        return names[key]

    @overload
    def add(self, rule: Written, /, *, first: bool = ...) -> RuleHandle: ...

    @overload
    def add(self, *rules: Written, first: bool = ...) -> RuleHandle | tuple[RuleHandle, ...]: ...

    def add(self, *rules: Written, first: bool = False) -> RuleHandle | tuple[RuleHandle, ...]:
        """Add rules at the end, or before all others. Returns the rule's handle; of several a tuple.

        A rule is one made by `reply`, a mapping as in YAML, a function of the turn that gives an answer or
        None, or an answer (a text is one) that holds always. Raises ScriptError for anything else, and for a
        name that another rule has.
        """
        made = [RuleHandle(self._rule(rule)) for rule in rules]
        place = 0 if first else len(self._rules)
        handles = [*self._rules[:place], *made, *self._rules[place:]]
        check_names(handles)
        if self._keeps is not None:
            for handle in made:
                handle.keep(self._keeps)
        self._changed(handles)
        return made[0] if len(made) == 1 else tuple(made)

    def replace(self, other: Script) -> None:
        """Replace the rules and misses with those of another script, handles included, and `strict` if the
        other sets it.
        """
        if self._keeps is not None:
            other.keep(self._keeps)
        if other._strict is not None:
            self._strict = other._strict
        self._changed(other._rules)
        self.misses.clear()

    def copy(self) -> Script:
        """Return a script with the same rules, as if none had answered yet."""
        copy = Script([handle.rule for handle in self._rules], strict=self._strict)
        if self._keeps is not None:
            copy.keep(self._keeps)
        return copy

    def clear(self) -> None:
        """Remove all rules and misses."""
        self._changed(())
        self.misses.clear()

    def keep(self, count: int) -> None:
        """Let each rule keep at most `count` of its requests, for a server that runs for weeks."""
        self._keeps = count
        for handle in self._rules:
            handle.keep(count)

    def _changed(self, rules: Iterable[RuleHandle]) -> None:
        self._rules = Rules(rules)
        self.version += 1

    async def answer(self, turn: Turn) -> Answer | None:
        """Answer with the first rule that holds. If none holds, return an error if strict, else None. Raises
        SlowPattern, which names the rule, if the search for a pattern takes too long and no rule before it
        answers.
        """
        asked, to_go_on = TurnInput.by(turn), asked_to_go_on(turn)
        if (continued := await self._continued(turn, to_go_on)) is not None:
            return continued
        for handle in self._rules.holding(turn, asked):
            # Counted before a function may wait, so that two turns at once do not share the last time.
            handle.begin(turn.body, turn.size)
            said = await handle.rule.answer_to(turn)
            if said is not None:
                return _gone_on(handle, said, to_go_on) or said
            handle.take_back(turn.body)
        return self._missed(turn, asked)

    def at_hand(self, turn: Turn) -> Answer | Later | None:
        """Same as `answer`, without awaiting; Later if a rule is a function."""
        asked, to_go_on = TurnInput.by(turn), asked_to_go_on(turn)
        if (
            to_go_on is not None
            and (handle := next(self._rules_to_continue(turn, to_go_on), None)) is not None
        ):
            continued = _gone_on(handle, handle.rule.answer, to_go_on)
            if continued is None:
                return Later.LATER
            handle.note(turn.body, turn.size)
            return continued
        handle = self._rules.first(turn, asked)
        if handle is None:
            return self._missed(turn, asked)
        answer = handle.rule.answer
        if not isinstance(answer, Reply | Recorded | ApiError):
            return Later.LATER
        handle.begin(turn.body, turn.size)
        return answer

    def fixed_rule(self, turn: Turn) -> RuleHandle | None:
        """Return the rule that answers every request with this body, whoever sends it, until the rules
        change; None if the answer depends on more.
        """
        if asked_to_go_on(turn) is not None:
            return None
        return self._rules.fixed_rule(turn, TurnInput.by(turn))

    async def _continued(self, turn: Turn, to_go_on: GoingOn | None) -> Answer | None:
        """Continue an answer that broke off, if the turn asks for that."""
        if to_go_on is None:
            return None
        for handle in self._rules_to_continue(turn, to_go_on):
            handle.note(turn.body, turn.size)
            said = await handle.rule.answer_to(turn)
            if said is not None:
                return _gone_on(handle, said, to_go_on) or said
            handle.take_back(turn.body, went_on=True)
        return None

    def _rules_to_continue(self, turn: Turn, to_go_on: GoingOn) -> Iterator[RuleHandle]:
        """Yield the rules that would answer the turn without the spoken part, and whose text begins with that
        part. There are none if some rule has a condition on the message that asks to go on.
        """
        holding = list(self._rules.holding(turn, TurnInput.by(turn)))
        if any(_has_end_condition(handle) for handle in holding):
            return
        # Going on does not count as another answer, so a rule with `times: 1` may go on with its own.
        for handle in self._rules.holding(to_go_on.turn, TurnInput.by(to_go_on.turn), spent=True):
            answer = handle.rule.answer
            if isinstance(answer, Reply):
                if _gone_on(handle, answer, to_go_on) is not None:
                    yield handle
            elif callable(answer) and not isinstance(answer, ApiError) and handle not in holding:
                yield handle  # a rule that holds for the turn as it is will be asked anyway

    def _missed(self, turn: Turn, asked: TurnInput) -> ApiError | None:
        if not self._rules and not self.strict:
            return None
        own = all(type(handle.rule.when) is When for handle in self._rules)
        miss = nearest_miss(self._rules, turn if own else OwnTurn(turn), asked)
        miss = replace(miss, refused=self.strict)
        self.misses.append(str(miss))
        if self.on_miss is not None:
            self.on_miss(miss)
        return miss.error() if miss.refused else None

    def explain(self, turn: Turn) -> str:
        """Return a text that names the rule that would answer, or else the nearest rule and why it did not
        hold.
        """
        asked = TurnInput.by(turn)
        for number, handle in enumerate(self._rules, 1):
            try:
                if next(reasons(handle, turn, asked), None) is None:
                    return f"{titled(number, handle)} answers {described(turn)}."
            except SlowPattern as error:
                return f"{titled(number, handle)}: {error}"
        return str(nearest_miss(self._rules, turn, asked))

    def _rule(self, rule: Written) -> Rule:
        match rule:
            case Rule():
                return rule
            case RuleHandle():
                return rule.rule
            case Reply() | Recorded() | ApiError():
                return Rule(rule)
            case str():
                return Rule(Reply((reply_item(rule),)))
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


def _has_end_condition(handle: RuleHandle) -> bool:
    """Return whether a rule has a condition on the developer's or system's message that closes an input."""
    when = handle.rule.when
    return any(getattr(when, name, None) is not None for name in ("developer", "system", "last"))


def _gone_on(handle: RuleHandle, answer: object, to_go_on: GoingOn | None) -> Reply | None:
    """Return a rule's answer to a request to go on; None if the turn is not one."""
    if to_go_on is None or not isinstance(answer, Reply):
        return None
    return going_on(answer, to_go_on.spoken, handle.rule.continuation)
