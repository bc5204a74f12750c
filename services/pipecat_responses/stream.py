"""From the events of one response to what the pipeline must be told.

``ResponseStream`` is a state machine without I/O: it takes response events as dicts, from a WebSocket or from
server-sent events alike, and answers with steps. It decides what may be said and which calls may be run: only
what surely belongs to this response, once, in order, and only calls that were finished. Whatever does not add
up becomes ``Broken`` instead of wrong words.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from .errors import Failure, failure_of_error, failure_of_response

__all__ = [
    "Broken",
    "Call",
    "CallStarted",
    "Failed",
    "Finished",
    "FirstOutput",
    "Incomplete",
    "ReasoningItem",
    "ResponseStream",
    "Say",
    "Step",
    "ThoughtEnd",
    "ThoughtStart",
    "ThoughtText",
    "Usage",
]

# Steps are made once per event on the hot path; msgspec's structs cost a tenth of a frozen dataclass.


class FirstOutput(msgspec.Struct, frozen=True):
    """The model began to answer (an item, a thought or text)."""


class Say(msgspec.Struct, frozen=True):
    """Text to be spoken next."""

    text: str


class ThoughtStart(msgspec.Struct, frozen=True):
    """A summary of the model's reasoning begins."""


class ThoughtText(msgspec.Struct, frozen=True):
    """A piece of that summary."""

    text: str


class ThoughtEnd(msgspec.Struct, frozen=True):
    """The summary is over; always follows a ``ThoughtStart``."""


class CallStarted(msgspec.Struct, frozen=True):
    """The model began to write a tool call; it may not be run yet."""


class ReasoningItem(msgspec.Struct, frozen=True):
    """Encrypted reasoning for later turns; told once what it led to begins, so that it never stands alone."""

    id: str | None
    summary: list[dict[str, Any]]
    encrypted_content: str


class Usage(msgspec.Struct, frozen=True):
    """Tokens billed for a response that ended, however it ended."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    service_tier: str | None = None


class Call(msgspec.Struct, frozen=True):
    """A finished tool call with parsed arguments."""

    call_id: str
    name: str
    arguments: dict[str, Any]


class Finished(msgspec.Struct, frozen=True):
    """The response is complete."""

    response_id: str | None
    model: str | None
    output: list[dict[str, Any]]
    calls: list[Call]
    unusable_calls: list[str]
    """Names of finished calls whose arguments are no JSON object."""
    silent: bool
    """Neither text nor call came."""


class Incomplete(msgspec.Struct, frozen=True):
    """The response was cut short by a limit or a filter; calls that were finished before may run."""

    failure: Failure
    calls: list[Call]


class Failed(msgspec.Struct, frozen=True):
    """The API ended or refused the response. Nothing more may come of it."""

    failure: Failure


class Broken(msgspec.Struct, frozen=True):
    """What arrived cannot be one whole answer."""

    failure: Failure


Step = (
    FirstOutput
    | Say
    | ThoughtStart
    | ThoughtText
    | ThoughtEnd
    | CallStarted
    | ReasoningItem
    | Usage
    | Finished
    | Incomplete
    | Failed
    | Broken
)
Steps = tuple[Step, ...]
_NOTHING: Steps = ()
_FIRST_OUTPUT = FirstOutput()
_THOUGHT_START = ThoughtStart()
_THOUGHT_END = ThoughtEnd()
_CALL_STARTED = CallStarted()

# After so many events numbered one after the other we trust the numbers: then a gap means that an event was
# lost.
_NUMBERS_TRUSTED_AFTER = 3


@dataclass(slots=True)
class _Writing:
    """A call that the model is writing."""

    name: str
    call_id: str
    arguments: str = ""
    finished: bool = False


@dataclass(slots=True)
class ResponseStream:
    """One response as its events arrive. Feed it events; it never needs to be asked twice about one."""

    speak_refusals: bool = True
    response_id: str | None = None
    ended: bool = False
    has_output: bool = False
    doubtful: bool = False
    """Something unreadable arrived, and it is not yet known whether it was an event of this response."""

    _thinking: bool = False
    _held_reasoning: list[ReasoningItem] = field(default_factory=list)
    _text_parts: dict[tuple[object, object], bool] = field(default_factory=dict)
    _has_text: bool = False
    _calls: dict[object, _Writing] = field(default_factory=dict)
    _next_number: int | None = None
    _in_sequence: int = 0
    _numbers_off: bool = False
    _last_type: str | None = None
    _takers: dict[str, Callable[[Mapping[str, Any]], Steps]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._takers = {
            "response.output_text.delta": self._text_delta,
            "response.output_text.done": self._text_done,
            "response.refusal.delta": self._refusal_delta,
            "response.refusal.done": self._refusal_done,
            "response.created": self._created,
            "response.output_item.added": self._item_added,
            "response.output_item.done": self._item_done,
            "response.function_call_arguments.delta": self._arguments_delta,
            "response.function_call_arguments.done": self._arguments_done,
            "response.reasoning_summary_text.delta": self._thought_delta,
            "response.completed": self._completed,
            "response.incomplete": self._incomplete,
            "response.failed": self._failed,
            "error": self._error,
        }

    # -- what may happen ---------------------------------------------------------------------------

    def feed(self, event: Mapping[str, Any]) -> Steps:
        """Take the next event and say what follows from it. Unknown events are mere signs of life."""
        if self.ended:
            return _NOTHING
        kind = event.get("type")
        number = event.get("sequence_number")
        if number is not None and not self._numbers_off:
            if number == self._next_number and self._next_number is not None:
                self._next_number += 1
                self._in_sequence += 1
                self.doubtful = False
            elif (judged := self._out_of_sequence(kind, number)) is not None:
                return judged
        self._last_type = kind
        taker = self._takers.get(kind) if isinstance(kind, str) else None
        return taker(event) if taker is not None else _NOTHING

    def feed_unreadable(self) -> Steps:
        """Something that is no event arrived. If events are numbered, the next tells whether one was lost."""
        if self.ended:
            return _NOTHING
        if self._trusts_numbers():
            self.doubtful = True
            return _NOTHING
        return self._break("an event could not be read")

    def end_of_stream(self) -> Steps:
        """The stream ended. Without a terminal event before it the answer is not whole."""
        return _NOTHING if self.ended else self._break("the stream ended before the response was complete")

    # -- numbers -----------------------------------------------------------------------------------

    def _trusts_numbers(self) -> bool:
        return not self._numbers_off and self._in_sequence >= _NUMBERS_TRUSTED_AFTER

    def _out_of_sequence(self, kind: object, number: object) -> Steps | None:
        """None: go on with the event. Anything else is the answer to it."""
        if not isinstance(number, int):
            return None
        expected = self._next_number
        if expected is None:
            if number == 0:
                self._next_number, self._in_sequence = 1, 1
            else:
                self._numbers_off = True
            return None
        if not self._trusts_numbers():
            # A server that numbers in its own way; the numbers then say nothing about losses.
            self._numbers_off = True
            return None
        if number < expected:
            return _NOTHING  # already seen
        return self._break(f"{number - expected} of its events got lost")

    # -- text --------------------------------------------------------------------------------------

    def _text_delta(self, event: Mapping[str, Any]) -> Steps:
        text = event.get("delta")
        if not isinstance(text, str):
            return _NOTHING
        part = (event.get("output_index"), event.get("content_index"))
        if part in self._text_parts:
            # The hot path: text that goes on.
            if not self._has_text:
                self._has_text = bool(text.strip())
            return (Say(text),)
        self._text_parts[part] = True
        return self._say(text)

    def _text_done(self, event: Mapping[str, Any]) -> Steps:
        """Servers that send no deltas say their text here; for all others it has been said."""
        part = (event.get("output_index"), event.get("content_index"))
        text = event.get("text")
        if part in self._text_parts or not isinstance(text, str) or not text:
            return _NOTHING
        self._text_parts[part] = True
        return self._say(text)

    def _refusal_delta(self, event: Mapping[str, Any]) -> Steps:
        return self._text_delta(event) if self.speak_refusals else _NOTHING

    def _refusal_done(self, event: Mapping[str, Any]) -> Steps:
        return self._text_done({**event, "text": event.get("refusal")}) if self.speak_refusals else _NOTHING

    def _say(self, text: str) -> Steps:
        self._has_text = self._has_text or bool(text.strip())
        return (*self._begin_output(), *self._end_thought(), *self._release_reasoning(), Say(text))

    # -- thoughts ----------------------------------------------------------------------------------

    def _thought_delta(self, event: Mapping[str, Any]) -> Steps:
        text = event.get("delta")
        if not isinstance(text, str):
            return _NOTHING
        if self._thinking:
            return (ThoughtText(text),)
        self._thinking = True
        return (*self._begin_output(), *self._release_reasoning(), _THOUGHT_START, ThoughtText(text))

    def _end_thought(self) -> Steps:
        if not self._thinking:
            return _NOTHING
        self._thinking = False
        return (_THOUGHT_END,)

    def _release_reasoning(self) -> Steps:
        if not self._held_reasoning:
            return _NOTHING
        held = tuple(self._held_reasoning)
        self._held_reasoning.clear()
        return held

    # -- items and calls ---------------------------------------------------------------------------

    def _created(self, event: Mapping[str, Any]) -> Steps:
        response_id = (event.get("response") or {}).get("id")
        if self.response_id is not None and response_id != self.response_id:
            return self._break("another response began in its place")
        self.response_id = response_id
        return _NOTHING

    def _begin_output(self) -> Steps:
        if self.has_output:
            return _NOTHING
        self.has_output = True
        return (_FIRST_OUTPUT,)

    def _item_added(self, event: Mapping[str, Any]) -> Steps:
        item = event.get("item") or {}
        if item.get("type") != "function_call":
            return self._begin_output()
        self._calls[_call_key(event, item)] = _Writing(item.get("name") or "", item.get("call_id") or "")
        return (*self._begin_output(), *self._end_thought(), *self._release_reasoning(), _CALL_STARTED)

    def _arguments_delta(self, event: Mapping[str, Any]) -> Steps:
        writing = self._find_call(event)
        if writing is not None and not writing.finished:
            writing.arguments += event.get("delta") or ""
        return _NOTHING

    def _arguments_done(self, event: Mapping[str, Any]) -> Steps:
        writing = self._find_call(event)
        arguments = event.get("arguments")
        if writing is not None and isinstance(arguments, str):
            writing.arguments, writing.finished = arguments, True
        return _NOTHING

    def _item_done(self, event: Mapping[str, Any]) -> Steps:
        item = event.get("item") or {}
        match item.get("type"):
            case "function_call":
                return self._call_done(event, item)
            case "reasoning":
                if encrypted := item.get("encrypted_content"):
                    summary = [
                        {"type": "summary_text", "text": part.get("text") or ""}
                        for part in item.get("summary") or ()
                    ]
                    self._held_reasoning.append(ReasoningItem(item.get("id"), summary, encrypted))
                return (*self._begin_output(), *self._end_thought())
        return self._begin_output()

    def _call_done(self, event: Mapping[str, Any], item: Mapping[str, Any]) -> Steps:
        steps: Steps = _NOTHING
        if (writing := self._find_call(event, item)) is None:
            # Never announced: some servers send only the finished item.
            writing = self._calls[_call_key(event, item)] = _Writing("", "")
            steps = (*self._begin_output(), *self._end_thought(), *self._release_reasoning(), _CALL_STARTED)
        if item.get("status") == "incomplete":
            writing.finished = False
            return steps
        writing.name = item.get("name") or writing.name
        writing.call_id = item.get("call_id") or writing.call_id
        if isinstance(arguments := item.get("arguments"), str):
            writing.arguments = arguments
        writing.finished = True
        return steps

    def _find_call(self, event: Mapping[str, Any], item: Mapping[str, Any] | None = None) -> _Writing | None:
        """The call an event speaks of: by place in the output, else by ids, else the one written last."""
        key = _call_key(event, item or {})
        if (writing := self._calls.get(key)) is not None:
            return writing
        if item is not None and (call_id := item.get("call_id")):
            return next((w for w in self._calls.values() if w.call_id == call_id), None)
        return next(reversed(self._calls.values()), None) if key is None else None

    # -- ends --------------------------------------------------------------------------------------

    def _completed(self, event: Mapping[str, Any]) -> Steps:
        response = event.get("response") or {}
        if self._is_of_another(response):
            return _NOTHING
        output: list[dict[str, Any]] = [
            item for item in response.get("output") or () if isinstance(item, dict)
        ]
        late = (*self._unsaid_text(output), *self._unsaid_calls(output))
        self.ended = True
        calls, unusable = self._finished_calls()
        silent = not self._has_text and not calls and not unusable
        return (
            *late,
            *self._end_thought(),
            *(_NOTHING if silent else self._release_reasoning()),
            *_usage_of(response),
            Finished(
                response_id=response.get("id") or self.response_id,
                model=response.get("model"),
                output=output,
                calls=calls,
                unusable_calls=unusable,
                silent=silent,
            ),
        )

    def _incomplete(self, event: Mapping[str, Any]) -> Steps:
        response = event.get("response") or {}
        if self._is_of_another(response):
            return _NOTHING
        self.ended = True
        failure = failure_of_response(response, incomplete=True)
        calls, _ = self._finished_calls()
        return (*self._end_thought(), *_usage_of(response), Incomplete(failure, calls))

    def _failed(self, event: Mapping[str, Any]) -> Steps:
        response = event.get("response") or {}
        if self._is_of_another(response):
            return _NOTHING
        self.ended = True
        return (
            *self._end_thought(),
            *_usage_of(response),
            Failed(failure_of_response(response, incomplete=False)),
        )

    def _error(self, event: Mapping[str, Any]) -> Steps:
        """An error event. The API nests the error; its documentation shows it flat; both occur."""
        self.ended = True
        error = event.get("error")
        nested = isinstance(error, Mapping | str) and bool(error)
        status = event.get("status", event.get("status_code"))
        failure = failure_of_error(
            error if nested else {name: event.get(name) for name in ("message", "code", "param")},
            "websocket" if status is not None or event.get("stream_id") else "http",
            status=status if isinstance(status, int) else None,
            headers=event.get("headers"),
        )
        return (*self._end_thought(), Failed(failure))

    def _break(self, why: str) -> Steps:
        self.ended = True
        about = f"Response {self.response_id}" if self.response_id else "The response"
        return (
            *self._end_thought(),
            Broken(Failure("stream", f"{about}: {why}", response_id=self.response_id)),
        )

    def _is_of_another(self, response: Mapping[str, Any]) -> bool:
        found = response.get("id")
        return self.response_id is not None and found is not None and found != self.response_id

    def _unsaid_text(self, output: Sequence[Mapping[str, Any]]) -> Steps:
        """Text that stands only in the finished response, from a server that streams none."""
        if self._text_parts:
            return _NOTHING
        spoken = ("output_text", "refusal") if self.speak_refusals else ("output_text",)
        texts = [
            part.get("text") or part.get("refusal") or ""
            for item in output
            if item.get("type") == "message"
            for part in item.get("content") or ()
            if part.get("type") in spoken
        ]
        return tuple(step for text in texts if text for step in self._say(text))

    def _unsaid_calls(self, output: Sequence[Mapping[str, Any]]) -> Steps:
        """Calls that only the finished response tells whole."""
        steps: Steps = _NOTHING
        for index, item in enumerate(output):
            if item.get("type") != "function_call":
                continue
            known = [w for w in self._calls.values() if w.call_id == item.get("call_id")]
            if not known or not known[0].finished:
                steps = (
                    *steps,
                    *self._call_done(
                        {"output_index": index if not known else _key_of(self._calls, known[0])}, item
                    ),
                )
        return steps

    def _finished_calls(self) -> tuple[list[Call], list[str]]:
        calls: dict[str, Call] = {}
        unusable: list[str] = []
        for writing in self._calls.values():
            if not writing.finished:
                continue
            arguments = _parse_arguments(writing.arguments)
            if arguments is None or not writing.name:
                unusable.append(writing.name or "?")
            else:
                calls.setdefault(writing.call_id, Call(writing.call_id, writing.name, arguments))
        return list(calls.values()), unusable


def _call_key(event: Mapping[str, Any], item: Mapping[str, Any]) -> object:
    if (index := event.get("output_index")) is not None:
        return index
    return event.get("item_id") or item.get("id") or item.get("call_id")


def _key_of(calls: Mapping[object, _Writing], writing: _Writing) -> object:
    return next(key for key, value in calls.items() if value is writing)


def _parse_arguments(text: str) -> dict[str, Any] | None:
    """Arguments of a call; servers write none for a function without parameters."""
    if not text.strip():
        return {}
    try:
        arguments = json.loads(text)
    except ValueError:
        return None
    return arguments if isinstance(arguments, dict) else None


def _usage_of(response: Mapping[str, Any]) -> Steps:
    """What was billed. Compatible servers leave fields out or null; whatever is missing counts as zero."""
    usage = response.get("usage")
    if not usage:
        return _NOTHING
    read = usage.get("input_tokens_details") or {}
    written = usage.get("output_tokens_details") or {}
    return (
        Usage(
            input_tokens=usage.get("input_tokens") or 0,
            output_tokens=usage.get("output_tokens") or 0,
            total_tokens=usage.get("total_tokens") or 0,
            cached_tokens=read.get("cached_tokens") or 0,
            cache_write_tokens=read.get("cache_write_tokens") or 0,
            reasoning_tokens=written.get("reasoning_tokens") or 0,
            service_tier=response.get("service_tier"),
        ),
    )
