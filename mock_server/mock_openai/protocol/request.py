"""A create request: parsed, validated, and with its defaults filled in.

Shape is checked against the table in `fields`; the rules that join several fields (exclusive parameters, a
tool choice that names no tool, a model that does not take a parameter) stand here. What needs the history
is in `conversation`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from mock_openai.protocol import errors, json, models
from mock_openai.protocol.behaviour import DEFAULT, Behaviour
from mock_openai.protocol.fields import CREATE, CREATE_ON_SOCKET
from mock_openai.protocol.metaschema import root_problem
from mock_openai.protocol.schema import describe
from mock_openai.protocol.tokens import count_input, count_items
from mock_openai.protocol.tools import family, strict_problem

_OF_THE_TURN = frozenset({"input", "previous_response_id", "stream", "type"})
_STREAM_ID = re.compile(r"[A-Za-z0-9_.-]{1,256}")


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
    """A validated create request. `body` is it as received; the rest is what it means. What is derived from
    it is found out once.
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

    @cached_property
    def last_user_text(self) -> str:
        """The text of the last user message, its parts joined by newlines; empty when there is none."""
        for item in reversed(self.input):
            if item.get("role") == "user":
                return text_of(item.get("content"))
        return ""

    @cached_property
    def tool_outputs(self) -> tuple[ToolOutput, ...]:
        """The tool outputs that close the input, in order: those after the last message."""
        return tool_outputs(self.input)

    @cached_property
    def frame_tokens(self) -> int:
        """Tokens of its instructions and tools, which hold for this turn only: the next brings its own."""
        return count_input((), instructions=self.instructions, tools=self.tools)

    @cached_property
    def tokens(self) -> int:
        """Tokens of its frame and its own input, without what it continues from."""
        return self.frame_tokens + count_items(self.input)

    @cached_property
    def settings(self) -> bytes:
        """All of its body but what differs from turn to turn, as JSON."""
        return json.compact({name: self.body[name] for name in self.body if name not in _OF_THE_TURN})

    @property
    def compact_threshold(self) -> int | None:
        """Tokens from which the server compacts the conversation by itself; None when not asked to."""
        for managed in self.body.get("context_management") or ():
            threshold = managed.get("compact_threshold")
            return None if threshold is None else int(threshold)
        return None

    @property
    def wants_summary(self) -> bool:
        """Whether reasoning summaries were asked for."""
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
    `type`.

    `any_model` takes every model for an existing one. Raises ApiError for the first thing that is wrong.
    """
    if not isinstance(body, dict | Mapping):
        raise (
            errors.invalid_json()
            if transport == "http"
            else errors.invalid_type("", "an object", describe(body))
        )
    if body.get("stream_id") is not None and transport == "websocket":
        check_stream_id(body["stream_id"])
    (CREATE if transport == "http" else CREATE_ON_SOCKET).check(body, "")
    if transport == "websocket":
        _check_on_socket(body, behaviour)
    _check_together(body, any_model, behaviour)
    return _read(body, transport)


def check_stream_id(stream_id: object) -> None:
    """Raise ApiError when a lane's name is malformed."""
    if not isinstance(stream_id, str) or not _STREAM_ID.fullmatch(stream_id):
        raise errors.invalid_stream_id()


def text_of(content: object) -> str:
    """Give the text of a message's content or a tool's output, whatever its form."""
    if isinstance(content, str):
        return content
    if isinstance(content, list | tuple):
        return "\n".join(part["text"] for part in content if isinstance(part, Mapping) and "text" in part)
    return ""


def tool_outputs(
    items: tuple[dict[str, Any], ...], history: tuple[dict[str, Any], ...] = ()
) -> tuple[ToolOutput, ...]:
    """Give the tool outputs that close `items`; their calls may stand in `items` or in `history`."""
    names = {item["call_id"]: item.get("name") for item in (*history, *items) if _is_call(item)}
    closing = list(_closing_outputs(items))[::-1]
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


def _check_on_socket(body: Mapping[str, Any], behaviour: Behaviour) -> None:
    if body.get("background") and behaviour.background_on_socket == "reject":
        raise errors.unsupported_parameter(
            "background", code="unsupported_parameter", where="in WebSocket mode"
        )
    if "stream" in body and behaviour.stream_on_socket == "reject":
        raise errors.unknown_parameter("stream")


def _check_together(body: Mapping[str, Any], any_model: bool, behaviour: Behaviour) -> None:
    if body.get("previous_response_id") and body.get("conversation"):
        raise errors.mutually_exclusive("previous_response_id", "conversation")
    if "model" not in body and not body.get("prompt"):
        raise errors.missing_parameter("model")
    if not any_model and not models.is_known(_model(body)):
        raise errors.model_not_found(_model(body), as_chat=behaviour.model_not_found == "chat")
    if not body.get("input") and not _may_lack_input(body, behaviour):
        raise errors.missing_input()
    named = body.get("safety_identifier") or ""
    if len(named) > behaviour.safety_identifier_max:
        raise errors.string_too_long("safety_identifier", behaviour.safety_identifier_max, len(named))
    _check_model_takes(body, behaviour)
    _check_tool_choice(body)
    _check_schemas(body)
    if (body.get("text") or {}).get("format", {"type": ""})["type"] == "json_object" and not _says_json(body):
        raise errors.json_word_missing()


def _model(body: Mapping[str, Any]) -> str:
    name: str = body.get("model", models.OF_A_PROMPT)
    return name


def _may_lack_input(body: Mapping[str, Any], behaviour: Behaviour) -> bool:
    warms_up = body.get("generate") is False or (body.get("prompt_cache_options") or {}).get("prewarm")
    return bool(
        (warms_up and behaviour.warm_up_input == "optional")
        or body.get("prompt")
        or body.get("previous_response_id")
        or body.get("conversation")
    )


def _check_model_takes(body: Mapping[str, Any], behaviour: Behaviour) -> None:
    name = _model(body)
    model = models.facts(name)
    code = None if behaviour.unsupported_parameter == "null" else "unsupported_parameter"
    effort = (body.get("reasoning") or {}).get("effort") or model.effort
    # Models that can do without reasoning take these while they do (documented for gpt-5.1 and later).
    sampling = model.sampling or (model.may_skip_reasoning and effort == "none")
    for field, default in (("temperature", 1), ("top_p", model.top_p), ("top_logprobs", 0)):
        given = body.get(field)
        if given is not None and given != default and not sampling:
            if behaviour.unsupported_parameter == "value":
                only = f"Only the default ({default}) value is supported."
                raise errors.unsupported_value(field, given, only)
            raise errors.unsupported_parameter(field, code=code)
    if not model.reasons:
        _check_no_reasoning(body, code)
    elif effort not in model.efforts:
        raise errors.unsupported_choice("reasoning.effort", effort, name, model.efforts)
    verbosity = (body.get("text") or {}).get("verbosity")
    if verbosity is not None and verbosity not in model.verbosities:
        raise errors.unsupported_choice("text.verbosity", verbosity, name, model.verbosities)
    for tool in body.get("tools") or ():
        if tool["type"] == "computer_use_preview" and not name.startswith("computer-use"):
            raise errors.unsupported_tool(tool["type"], name)


def _check_no_reasoning(body: Mapping[str, Any], code: str | None) -> None:
    """Refuse what only models that reason can give."""
    asked = body.get("reasoning") or {}
    if asked.get("effort") not in (None, "none"):
        raise errors.unsupported_parameter("reasoning.effort", code=code)
    if asked.get("summary") or asked.get("generate_summary"):
        raise errors.unsupported_parameter("reasoning.summary", code=code)
    if "reasoning.encrypted_content" in (body.get("include") or ()):
        raise errors.encrypted_content_unsupported()


def _check_tool_choice(body: Mapping[str, Any]) -> None:
    choice, tools = body.get("tool_choice"), body.get("tools") or ()
    if choice == "required" and not tools and not body.get("prompt"):
        raise errors.tool_choice_without_tools("required")
    if isinstance(choice, Mapping) and choice["type"] != "allowed_tools":
        by_name = choice["type"] in ("function", "custom")
        wanted = (family(choice["type"]), choice.get("name") if by_name else None)
        if wanted not in {(family(tool["type"]), tool.get("name") if by_name else None) for tool in tools}:
            raise errors.tool_choice_not_found(wanted[1] or choice["type"])


def _check_schemas(body: Mapping[str, Any]) -> None:
    for path, tool in _functions(body.get("tools") or (), "tools"):
        schema = tool.get("parameters")
        problem = root_problem(schema) if schema is not None else None
        if problem is None and tool.get("strict") is True:
            problem = strict_problem(schema)
        if problem:
            raise errors.invalid_function_schema(tool["name"], problem, f"{path}.parameters")
    form = (body.get("text") or {}).get("format") or {}
    if form.get("type") == "json_schema":
        problem = root_problem(form["schema"])
        if problem is None and form.get("strict") is True:
            problem = strict_problem(form["schema"])
        if problem:
            raise errors.invalid_format_schema(form["name"], problem)


def _functions(tools: Sequence[Mapping[str, Any]], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, tool in enumerate(tools):
        here = f"{path}[{index}]"
        if tool["type"] == "function":
            yield here, tool
        elif tool["type"] == "namespace":
            yield from _functions(tool.get("tools") or (), f"{here}.tools")


def _says_json(body: Mapping[str, Any]) -> bool:
    given = body.get("input")
    texts = [given] if isinstance(given, str) else [text_of(item.get("content")) for item in given or ()]
    return any("json" in text.lower() for text in [*texts, body.get("instructions") or ""]) or bool(
        body.get("previous_response_id") or body.get("conversation") or body.get("prompt")
    )


def _read(body: Mapping[str, Any], transport: str) -> Request:
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else list(given or ())
    conversation = body.get("conversation")
    prewarm = (body.get("prompt_cache_options") or {}).get("prewarm") is True
    choice = body.get("tool_choice")
    return Request(
        body=body,
        model=_model(body),
        input=tuple(items),
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
