"""The conditions of a rule: on the content of a request, never on the number of requests before it.

All given conditions must hold. A condition that fails explains why, in words that help to fix a script.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from mock_openai.patterns import SlowPattern, pattern
from mock_openai.responders.base import Turn
from mock_openai.responders.turn_input import TurnInput, beginning, messages, outputs_of

# The score of a condition that holds, in the search for the nearest rule.
_SAID = dict.fromkeys(("user", "developer", "system", "last", "tool_output", "output"), 8)
_WEIGHT = {**_SAID, "body": 2, "metadata": 2, "instructions": 2}

_FITS = 4
"""The score of a rule that is for this kind of turn: the user's, a developer's, or a tool output's."""

_TEXTS = frozenset({"user", "last"})
_BESIDE = ("user", "last", "tool_output")
"""Conditions that make `developer` and `system` look at the whole conversation."""


@dataclass(frozen=True, slots=True)
class When:
    """Conditions on a turn; all that are given must hold.

    `user` is a regular expression searched in the user's text. It looks at the message that this turn
    answers; when tool outputs came after it, `user` holds only together with `tool_output`. `developer` and
    `system` are searched in the messages of that role that this turn answers, which are those behind the
    assistant's latest item; together with `user`, `last` or `tool_output` they are searched in the whole
    conversation. `last` is searched in the last item that is not the assistant's, whoever sent it.
    `tool_output` names the tool or the call whose output closes the input; True accepts any. `output` is
    searched in that output, `model` must match the whole model name, `instructions` is searched in the
    instructions, `metadata` must hold these pairs. `previous` tells whether the request continues a response.
    `tool` names a tool that the request offers. `transport` is "http" or "websocket", `stream_id` a lane.
    `body` gives top-level fields of the request and their values.
    """

    user: str | None = None
    developer: str | None = None
    system: str | None = None
    last: str | None = None
    tool_output: str | bool | None = None
    output: str | None = None
    model: str | None = None
    instructions: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    previous: bool | None = None
    tool: str | None = None
    transport: str | None = None
    stream_id: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    worth: Mapping[str, int] = field(init=False, repr=False, compare=False)
    """The score of each given condition when it holds."""
    only_texts: bool = field(init=False, repr=False, compare=False)
    """Whether `texts_match` covers all conditions."""
    _more_texts: bool = field(init=False, repr=False, compare=False)
    """Whether there are conditions on texts besides `user`."""

    def __post_init__(self) -> None:
        given = (name for name in CONDITIONS if getattr(self, name) not in (None, {}))
        object.__setattr__(self, "worth", {name: _WEIGHT.get(name, 1) for name in given})
        object.__setattr__(self, "only_texts", type(self) is When and self.worth.keys() <= _TEXTS)
        more = not (self.last is None and self.developer is None and self.system is None)
        object.__setattr__(self, "_more_texts", more)

    def texts_match(self, asked: TurnInput) -> bool:
        """Return whether the conditions on texts may hold: `user`, `last`, and `developer` and `system` where
        they look only at the items that the turn answers. Raises SlowPattern, like all methods that search.
        """
        if self.user is not None and not self._user_matches(asked):
            return False
        return not self._more_texts or next(self._said(asked), None) is None

    def holds(self, turn: Turn, asked: TurnInput | None = None) -> bool:
        """Return whether every condition holds."""
        return next(self.failures(turn, asked), None) is None

    def failures(self, turn: Turn, asked: TurnInput | None = None) -> Iterator[str]:
        """Yield for each condition that does not hold the reason; `asked` is what the turn asks, if known."""
        request = turn.request
        if request is None:
            yield "the request is not valid"
            return
        yield from self._said(asked or TurnInput.by(turn))
        yield from self._said_anywhere(turn)
        yield from self._tool_output(turn)
        if self.model is not None and not _found("model", self.model, request.model, whole=True):
            yield f"model: '{request.model}' does not match /{self.model}/"
        if self.instructions is not None:
            given = request.instructions
            if not _found("instructions", self.instructions, given or ""):
                yield f"instructions: {_quoted(given)} has no match for /{self.instructions}/"
        for name, value in self.metadata.items():
            if request.metadata.get(name) != value:
                yield f"metadata: {name} is {_quoted(request.metadata.get(name))}, not '{value}'"
        if self.previous is not None and (request.previous_response_id is not None) != self.previous:
            yield f"previous: the request {'starts anew' if self.previous else 'continues a response'}"
        if self.tool is not None and self.tool not in {_tool_name(tool) for tool in request.tools}:
            yield f"tool: the request does not offer '{self.tool}'"
        if self.transport is not None and turn.transport != self.transport:
            yield f"transport: it is {turn.transport}, not {self.transport}"
        if self.stream_id is not None and request.stream_id != self.stream_id:
            yield f"stream_id: it is {_quoted(request.stream_id)}, not '{self.stream_id}'"
        for name, value in self.body.items():
            if turn.body.get(name) != value:
                yield f"body: {name} is {turn.body.get(name)!r}, not {value!r}"

    def nearness(self, asked: TurnInput, *, failed: Iterable[str]) -> int:
        """Return how close the conditions came to holding; `failed` is the result of `failures`. Texts count
        most, then whether the rule is for this kind of turn at all, then the rest.
        """
        wrong = {reason.partition(":")[0] for reason in failed}
        held = sum(worth for name, worth in self.worth.items() if name not in wrong)
        return held + (_FITS if asked.kinds & self.worth.keys() else 0)

    def __str__(self) -> str:
        said = (f"{name}: {_written(name, getattr(self, name))}" for name in self.worth)
        return ", ".join(said) or "any request"

    @property
    def _looks_everywhere(self) -> bool:
        return any(getattr(self, name) not in (None, False) for name in _BESIDE)

    def _said(self, asked: TurnInput) -> Iterator[str]:
        """Yield the conditions on texts that do not hold."""
        if self.user is not None and not self._user_matches(asked):
            if asked.answers_tool and self.tool_output is None:
                yield "user: the turn answers a tool output, not the user"
            elif "user" not in asked.kinds and not asked.latest and self.tool_output is None:
                yield "user: the turn does not answer the user"
            else:
                text = asked.latest if self.tool_output is None else asked.said
                yield f"user: {_quoted(text)} has no match for /{self.user}/"
        if self.last is not None and not _found("last", self.last, asked.last or ""):
            yield f"last: {_quoted(asked.last)} has no match for /{self.last}/"
        if not self._looks_everywhere:
            yield from self._messages("developer", self.developer, asked.developer)
            yield from self._messages("system", self.system, asked.system)

    def _user_matches(self, asked: TurnInput) -> bool:
        assert self.user is not None
        if asked.answers_tool and self.tool_output is None:
            return False
        text = asked.latest if self.tool_output is None else asked.said
        return _found("user", self.user, text)

    def _said_anywhere(self, turn: Turn) -> Iterator[str]:
        if not self._looks_everywhere:
            return
        for role, wanted in (("developer", self.developer), ("system", self.system)):
            if wanted is not None:
                yield from self._messages(role, wanted, messages(turn, role))

    def _messages(self, role: str, wanted: str | None, texts: Sequence[str]) -> Iterator[str]:
        if wanted is None or any(_found(role, wanted, text) for text in texts):
            return
        if texts:
            yield f"{role}: {_quoted(texts[-1])} has no match for /{wanted}/"
        elif self._looks_everywhere:
            yield f"{role}: there is no {role} message in the conversation"
        else:
            yield f"{role}: the turn answers no {role} message"

    def _tool_output(self, turn: Turn) -> Iterator[str]:
        if self.tool_output is None and self.output is None:
            return
        outputs = outputs_of(turn)
        if self.tool_output is False:
            if outputs:
                yield "tool_output: there is one"
            return
        if not outputs:
            yield "tool_output: the input does not end with a tool output"
            return
        if isinstance(self.tool_output, str):
            outputs = tuple(each for each in outputs if self.tool_output in (each.name, each.call_id))
            if not outputs:
                names = ", ".join(each.name or each.call_id for each in outputs_of(turn))
                yield f"tool_output: the input ends with the output of {names}, not of {self.tool_output}"
                return
        if self.output is not None and not any(
            _found("output", self.output, each.output) for each in outputs
        ):
            yield f"output: {_quoted(outputs[-1].output)} has no match for /{self.output}/"


PATTERNS = ("user", "developer", "system", "last", "output", "model", "instructions")
"""The conditions that are regular expressions."""

CONDITIONS = tuple(each.name for each in fields(When) if each.init)


def _found(condition: str, expression: str, text: str, *, whole: bool = False) -> bool:
    compiled = pattern(expression)
    try:
        return (compiled.fullmatch(text) if whole else compiled.search(text)) is not None
    except SlowPattern as error:
        raise SlowPattern(f"{condition}: {error}") from None


def _tool_name(tool: Mapping[str, Any]) -> str:
    return str(tool.get("name", tool["type"]))


def _quoted(text: str | None) -> str:
    if text is None:
        return "nothing"
    text = beginning(text)
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return f"'{short}'"


def _written(name: str, value: object) -> str:
    return f"/{value}/" if name in PATTERNS else repr(value)
