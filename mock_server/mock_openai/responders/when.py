"""When a rule holds: conditions on what a request says, never on how many came before it.

Every condition that is given must hold. A condition that does not hold can say why, in words that help to
mend a script.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from mock_openai.patterns import SlowPattern, pattern
from mock_openai.protocol.parts import text_of
from mock_openai.protocol.request import Request, ToolOutput, tool_outputs
from mock_openai.responders.base import Turn


@dataclass(frozen=True, slots=True)
class Heard:
    """What a turn says, as far as the condition `user` is concerned."""

    latest: str
    """The last user text in the request."""
    said: str
    """The last user text in the conversation."""
    answers_tool: bool
    """Whether tool outputs close the input."""

    @classmethod
    def by(cls, turn: Turn) -> Heard:
        """Look at a turn."""
        latest = turn.request.last_user_text if turn.request else ""
        return cls(latest, latest or user_text(turn), bool(outputs_of(turn)))


# What a condition that holds is worth when the nearest rule is looked for.
_WEIGHT = {"user": 8, "tool_output": 8, "output": 8, "body": 2, "metadata": 2, "instructions": 2}

_FITS = 4
"""The same for a rule that is for this kind of turn: the user's, or a tool output's."""


@dataclass(frozen=True, slots=True)
class When:
    """Conditions on a turn; all that are given must hold.

    `user` is a regular expression searched in the user's text. It looks at the message that this turn
    answers; when tool outputs came after it, `user` holds only together with `tool_output`. `tool_output`
    names the tool or the call whose output closes the input; True takes any. `output` is searched in that
    output, `model` must match the whole model name, `instructions` is searched in the instructions,
    `metadata` must hold these pairs. `previous` tells whether the request continues a response. `tool`
    names a tool that the request offers. `transport` is "http" or "websocket", `stream_id` a lane. `body`
    gives top-level fields of the request and their values.
    """

    user: str | None = None
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
    """What each of the conditions that are given is worth when it holds."""

    def __post_init__(self) -> None:
        given = (name for name in CONDITIONS if getattr(self, name) not in (None, {}))
        object.__setattr__(self, "worth", {name: _WEIGHT.get(name, 1) for name in given})

    def hears(self, heard: Heard) -> bool:
        """Tell whether `user` holds; it does when it is not given. Raises SlowPattern, as all that look."""
        if self.user is None:
            return True
        if heard.answers_tool and self.tool_output is None:
            return False
        text = heard.latest if self.tool_output is None else heard.said
        return _found("user", self.user, text)

    def holds(self, turn: Turn) -> bool:
        """Tell whether every condition holds."""
        return next(self.failures(turn), None) is None

    def failures(self, turn: Turn, heard: Heard | None = None) -> Iterator[str]:
        """Say of each condition that does not hold why; `heard` is what the turn says, if that is known."""
        request = turn.request
        if request is None:
            yield "the request is not valid"
            return
        yield from self._user(heard or Heard.by(turn))
        yield from self._tool_output(turn, request)
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

    def nearness(self, heard: Heard, *, failed: Iterable[str]) -> int:
        """Say how near the conditions came to holding; `failed` is what `failures` gave.

        What was said counts most, then whether the rule is for this kind of turn at all, then the rest.
        """
        wrong = {reason.partition(":")[0] for reason in failed}
        held = sum(worth for name, worth in self.worth.items() if name not in wrong)
        asked_of = "tool_output" if heard.answers_tool else "user"
        return held + (_FITS if asked_of in self.worth else 0)

    def _user(self, heard: Heard) -> Iterator[str]:
        if self.hears(heard):
            return
        if heard.answers_tool and self.tool_output is None:
            yield "user: the turn answers a tool output, not the user"
            return
        text = heard.latest if self.tool_output is None else heard.said
        yield f"user: {_quoted(text)} has no match for /{self.user}/"

    def _tool_output(self, turn: Turn, request: Request) -> Iterator[str]:
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


CONDITIONS = tuple(each.name for each in fields(When) if each.init)


def outputs_of(turn: Turn) -> tuple[ToolOutput, ...]:
    """Give the tool outputs that close the input, named after the calls in the input or the history."""
    if turn.request is None:
        return ()
    return tool_outputs(turn.request.input, turn.history) if turn.history else turn.request.tool_outputs


def user_text(turn: Turn) -> str:
    """Give the last thing the user said, in this request or before it."""
    items = (*turn.history, *(turn.request.input if turn.request else ()))
    return next((text_of(item.get("content")) for item in reversed(items) if item.get("role") == "user"), "")


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
    short = text if len(text) <= 60 else f"{text[:57]}..."
    return f"'{short}'"
