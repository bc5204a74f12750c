"""A create request: parsed, validated, and with its defaults filled in.

The shape is checked against the table in `fields`, rules between fields in `cross_field`, and the abilities
of the model in `capabilities`. `conversation` has the checks that need the history.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, Literal, TypeVar

from mock_openai.protocol import errors, json, models
from mock_openai.protocol.behaviour import DEFAULT, Behaviour
from mock_openai.protocol.capabilities import check_model_takes
from mock_openai.protocol.cross_field import check_cross_field, check_on_socket, check_required
from mock_openai.protocol.fields import CREATE, CREATE_ON_SOCKET
from mock_openai.protocol.parts import text_of
from mock_openai.protocol.schema import describe
from mock_openai.protocol.tokens import count_input, count_items

_OF_THE_TURN = frozenset({"input", "previous_response_id", "stream", "type"})
_STREAM_ID = re.compile(r"[A-Za-z0-9_.-]{1,256}")


Value = TypeVar("Value")


class _Once(Generic[Value]):
    """A property that is computed once: `functools.cached_property` without the lock of Python 3.11, which
    costs more than most of these values.
    """

    def __init__(self, find: Callable[[Any], Value]) -> None:
        self._find = find
        self._name = find.__name__
        self.__doc__ = find.__doc__

    def __get__(self, request: object, owner: type) -> Value:
        value = request.__dict__[self._name] = self._find(request)
        return value


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """A tool's output in the conversation: which call it answers, the tool's name when known, and its
    text.
    """

    call_id: str
    name: str | None
    output: str


@dataclass(frozen=True)
class Request:
    """A validated create request: its body as received, and its fields with their defaults. Derived values
    are computed once.
    """

    body: Mapping[str, Any]
    model: str
    input: tuple[dict[str, Any], ...]
    instructions: str | None
    stream: bool
    store: bool
    generate: bool
    background: bool
    previous_response_id: str | None
    conversation: str | None
    stream_id: str | None
    tools: tuple[dict[str, Any], ...]
    tool_choice: Any
    parallel_tool_calls: bool
    max_output_tokens: int | None
    max_tool_calls: int | None
    include: frozenset[str]
    include_obfuscation: bool
    metadata: dict[str, str]
    text_format: dict[str, Any]
    reasoning: dict[str, Any] | None
    temperature: float | None
    top_p: float | None

    @_Once
    def last_user_text(self) -> str:
        """The text of the last user message, its parts joined by newlines; empty when there is none."""
        for item in reversed(self.input):
            if item.get("role") == "user":
                return text_of(item.get("content"))
        return ""

    @_Once
    def tool_outputs(self) -> tuple[ToolOutput, ...]:
        """The tool outputs that close the input, in order: those after the last message."""
        return tool_outputs(self.input)

    @_Once
    def only_messages(self) -> bool:
        """Whether the input has only messages without ids, so that no item can refer to another."""
        for item in self.input:  # noqa: SIM110 (a generator costs more than all the rest)
            if item.get("type", "message") != "message" or "id" in item:
                return False
        return True

    @_Once
    def frame_tokens(self) -> int:
        """Tokens of the instructions and tools, which apply to this turn only."""
        return count_input((), instructions=self.instructions, tools=self.tools)

    @_Once
    def tokens(self) -> int:
        """Tokens of instructions, tools and input, without the conversation that the request continues."""
        return self.frame_tokens + count_items(self.input)

    @_Once
    def settings(self) -> bytes:
        """The body as JSON, without the fields that differ from turn to turn."""
        return json.compact({name: self.body[name] for name in self.body if name not in _OF_THE_TURN})

    @property
    def compact_threshold(self) -> int | None:
        """Tokens from which the server compacts the conversation by itself; None if not requested."""
        for managed in self.body.get("context_management") or ():
            threshold = managed.get("compact_threshold")
            return None if threshold is None else int(threshold)
        return None

    @property
    def wants_summary(self) -> bool:
        """Whether the request includes reasoning summaries."""
        asked = self.reasoning or {}
        return bool(asked.get("summary") or asked.get("generate_summary"))

    @property
    def wants_ciphertext(self) -> bool:
        """Whether reasoning items carry their encrypted content."""
        return "reasoning.encrypted_content" in self.include


def parse_request(
    body: object,
    *,
    transport: Literal["http", "websocket"],
    any_model: bool = False,
    behaviour: Behaviour = DEFAULT,
) -> Request:
    """Parse and validate the body of `POST /v1/responses`, or a `response.create` frame with or without its
    `type`. `any_model` accepts every model name. Raises ApiError for the first thing that is wrong.
    """
    if not isinstance(body, dict | Mapping):
        raise (
            errors.invalid_json()
            if transport == "http"
            else errors.invalid_type("", "an object", describe(body))
        )
    if body.get("stream_id") is not None and transport == "websocket":
        check_stream_id(body["stream_id"])
    check_required(body, behaviour)
    try:
        (CREATE if transport == "http" else CREATE_ON_SOCKET).check(body, "")
    except errors.ApiError as wrong:
        raise _in_the_chosen_wording(wrong, behaviour) from None
    if transport == "websocket":
        check_on_socket(body, behaviour)
    check_cross_field(body, any_model, behaviour)
    check_model_takes(body, behaviour)
    return _read(body, transport)


def _in_the_chosen_wording(wrong: errors.ApiError, behaviour: Behaviour) -> errors.ApiError:
    if wrong.param == "service_tier" and wrong.code == "invalid_value" and behaviour.refusals == "earlier":
        return errors.invalid_service_tier()
    return wrong


def check_stream_id(stream_id: object) -> None:
    """Raise ApiError if a lane's name is malformed."""
    if not isinstance(stream_id, str) or not _STREAM_ID.fullmatch(stream_id):
        raise errors.invalid_stream_id()


def tool_outputs(
    items: tuple[dict[str, Any], ...], history: Sequence[dict[str, Any]] = ()
) -> tuple[ToolOutput, ...]:
    """Return the tool outputs that close `items`; their calls may stand in `items` or in `history`."""
    closing = list(_closing_outputs(items))[::-1]
    unknown = {item["call_id"] for item in closing}
    names: dict[str, Any] = {}
    # The calls stand near the end, and a conversation may be long.
    for item in chain(reversed(items), reversed(history)):
        if not unknown:
            break
        if _is_call(item) and item["call_id"] in unknown:
            unknown.discard(item["call_id"])
            names[item["call_id"]] = item.get("name")
    return tuple(
        ToolOutput(item["call_id"], names.get(item["call_id"]), text_of(item.get("output")))
        for item in closing
    )


def _is_call(item: Mapping[str, Any]) -> bool:
    # Items that a client does not answer may carry anything under this name.
    return str(item.get("type", "")).endswith("_call") and isinstance(item.get("call_id"), str)


def _closing_outputs(items: tuple[dict[str, Any], ...]) -> Iterator[dict[str, Any]]:
    for item in reversed(items):
        if not str(item.get("type", "")).endswith("_call_output"):
            return
        if "call_id" in item:
            yield item


def input_items(given: str | Sequence[dict[str, Any]] | None) -> tuple[dict[str, Any], ...]:
    """Return an input as items: a text is a message of the user."""
    return ({"role": "user", "content": given},) if isinstance(given, str) else tuple(given or ())


def _read(body: Mapping[str, Any], transport: str) -> Request:
    conversation = body.get("conversation")
    prewarm = (body.get("prompt_cache_options") or {}).get("prewarm") is True
    choice = body.get("tool_choice")
    return Request(
        body=body,
        model=body.get("model", models.OF_A_PROMPT),
        input=input_items(body.get("input")),
        instructions=body.get("instructions"),
        stream=transport == "websocket" or body.get("stream") is True,
        store=body.get("store") is not False,
        generate=body.get("generate") is not False and not prewarm,
        background=body.get("background") is True,
        previous_response_id=body.get("previous_response_id"),
        conversation=conversation["id"] if isinstance(conversation, Mapping) else conversation,
        stream_id=body.get("stream_id") if transport == "websocket" else None,
        tools=tuple(body.get("tools") or ()),
        tool_choice="auto" if choice is None else choice,
        parallel_tool_calls=body.get("parallel_tool_calls") is not False,
        max_output_tokens=body.get("max_output_tokens"),
        max_tool_calls=body.get("max_tool_calls"),
        include=frozenset(body.get("include") or ()),
        include_obfuscation=(body.get("stream_options") or {}).get("include_obfuscation") is not False,
        metadata=dict(body.get("metadata") or {}),
        text_format=dict((body.get("text") or {}).get("format") or {"type": "text"}),
        reasoning=body.get("reasoning"),
        temperature=body.get("temperature"),
        top_p=body.get("top_p"),
    )
