"""The official SDK as the yardstick: what its newest release knows, this server has.

A release that adds an event, a required field, an item, a tool or a parameter fails here until the server has
it. The checks take the SDK's types as arguments, and are proved with types that have something new.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event, Opened, stream_events
from mock_openai.protocol.fields import CREATE, CREATE_ON_SOCKET, INCLUDE
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.item_streams import COURSES
from mock_openai.protocol.items import INPUT
from mock_openai.protocol.models import is_known
from mock_openai.protocol.random_source import RandomSource
from mock_openai.protocol.reply import (
    Call,
    Failed,
    Incomplete,
    Item,
    Reasoning,
    Refusal,
    Reply,
    ReplyItem,
    Text,
)
from mock_openai.protocol.request import parse_request
from mock_openai.protocol.response import open_response
from mock_openai.protocol.steering import Steer, SteerRefused, accepted, failed, pending
from mock_openai.protocol.tools import TOOL_CHOICE, TOOLS
from ninelives.cassette.sdk import UNKNOWN_TYPES, validation_errors
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseInputItem,
    ResponseOutputItem,
    ResponseStreamEvent,
    Tool,
    response_create_params,
    responses_client_event_param,
)
from openai.types.responses.response_includable import ResponseIncludable
from openai.types.responses.responses_server_event import ResponsesServerEvent
from openai.types.shared import ResponsesModel
from pydantic import BaseModel, ValidationError

NOW = 1_790_000_000.0
NOTE = {"type": "url_citation", "url": "https://a.b", "title": "a", "start_index": 0, "end_index": 2}
REMOTE = {"server_label": "d", "name": "roll", "arguments": "{}"}
SHOWN = {"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
DOWN = {"type": "http_error", "code": 503, "message": "down"}
LISTING = {"type": "exec", "command": ["ls"], "env": {}}
PATCH = {"type": "update_file", "path": "a", "diff": "+x\n"}
REPLY: tuple[ReplyItem, ...] = (
    Reasoning(("Hm.",)),
    Text("Hi", annotations=(NOTE,)),
    Refusal("No."),
    Call("f", "{}"),
    Item({"type": "custom_tool_call", "input": "4+4", "name": "math"}),
    Item({"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "So."}]}),
    Item({"type": "web_search_call", "action": {"type": "search", "query": "x"}}),
    Item({"type": "file_search_call", "queries": ["x"], "results": None}),
    Item({"type": "code_interpreter_call", "code": "1", "container_id": "cntr_1", "outputs": []}),
    Item({"type": "image_generation_call", "result": "aGk="}),
    Item({"type": "mcp_list_tools", "server_label": "d", "tools": []}),
    Item({"type": "mcp_call", **REMOTE}),
    Item({"type": "mcp_list_tools", "server_label": "d", "tools": [], "error": "down"}),
    Item({"type": "mcp_call", "error": DOWN, **REMOTE}),
    Item({"type": "mcp_approval_request", **REMOTE}),
    Item({"type": "apply_patch_call", "operation": PATCH}),
    Item(
        {"type": "local_shell_call", "call_id": "c", "action": {"type": "exec", "command": ["ls"], "env": {}}}
    ),
    Item({"type": "shell_call", "action": {"commands": ["ls"]}}),
    Item({"type": "shell_call_output", "call_id": "c", "output": [SHOWN], "max_output_length": None}),
    Item({"type": "computer_call", "call_id": "c", "pending_safety_checks": []}),
    Item({"type": "tool_search_call", "arguments": {}, "execution": "server"}),
    Item({"type": "tool_search_output", "execution": "server", "tools": []}),
    Item({"type": "program", "call_id": "c", "code": "x", "fingerprint": "y"}),
    Item({"type": "program_output", "call_id": "c", "result": "x"}),
    Item({"type": "compaction", "encrypted_content": "x"}),
)
WRITTEN_BY_CLIENTS = {
    "additional_tools",
    "apply_patch_call_output",
    "computer_call_output",
    "custom_tool_call_output",
    "function_call_output",
    "local_shell_call_output",
    "mcp_approval_response",
}
"""Items that the SDK lists as output too, because a conversation's items are read back."""


def events() -> list[Event]:
    """Every kind of event that this server makes."""
    made: list[Event] = []
    ways: list[tuple[Reply, bool]] = [
        (Reply(REPLY), True),
        (Reply(REPLY), False),
        (Reply(finish=Failed()), False),
        (Reply(finish=Incomplete()), False),
    ]
    for reply, in_background in ways:
        body = {
            "model": "gpt-5.4",
            "input": [{"role": "user", "content": "hi"}, {"type": "compaction_trigger"}],
            "reasoning": {"summary": "auto"},
            "background": in_background,
            "tools": [{"type": "image_generation", "partial_images": 1}],
        }
        request = parse_request(body, transport="http")
        random_source = RandomSource("7")
        ids = Ids(random_source, lambda: NOW)
        response = open_response(request, id=ids.response(), created_at=int(NOW))
        opened = Opened(
            request=request, response=response, ids=ids, random_source=random_source, clock=lambda: NOW
        )
        made += stream_events(reply, opened)
    steer = Steer("resp_1", "x", "steer_1")
    needed = [{"type": "function_call_output", "call_id": "c", "name": "f"}]
    made += [accepted(steer, None, 4), pending(steer, "lane", needed, 5)]
    made.append(failed(steer, None, SteerRefused("response_not_found", "Not found."), 6))
    return made


# What the SDK knows


def members(union: Any) -> list[Any]:
    origin = get_origin(union)
    if origin is Annotated:
        return members(get_args(union)[0])
    if origin in (Union, types.UnionType):
        return [one for part in get_args(union) for one in members(part)]
    return [union]


def words(annotation: Any) -> set[str]:
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    return {word for part in get_args(annotation) for word in words(part)}


def kinds(union: Any) -> set[str]:
    return {kind for member in members(union) for kind in words(member.model_fields["type"].annotation)}


def missing_events(union: Any) -> set[str]:
    """Kinds of event in the SDK's union that this server never sends."""
    of_speech = {kind for kind in kinds(union) if kind.startswith("response.audio.")}  # not of this endpoint
    return kinds(union) - of_speech - {event.type for event in events()}


def unknown_parameters(params: type, known: Any) -> set[str]:
    return set(typing.get_type_hints(params)) - set(known)


def refused_kinds(union: Any, rule: Any, wrap: Callable[[dict[str, Any]], Any]) -> set[str]:
    """Kinds in the SDK's union that a request may not even name."""
    refused = set()
    for kind in kinds(union):
        try:
            # A message is told by its role as much as by its type.
            rule.check(wrap({"type": kind, **({"role": "user"} if kind == "message" else {})}), "x")
        except ApiError as error:
            if error.code == "invalid_value":
                refused.add(kind)
    return refused


def unheard_of_fields(union: Any, rule: Any, wrap: Callable[[dict[str, Any]], Any]) -> set[str]:
    """Fields of the kinds in the SDK's union that a request is told do not exist."""
    unheard_of = set()
    for member in members(union):
        names = {field.alias or name for name, field in member.model_fields.items()}
        kind = words(member.model_fields["type"].annotation).pop()
        role = {"role": "assistant"} if "role" in names else {}
        try:
            rule.check(wrap({**dict.fromkeys(names), "type": kind, **role}), "x")
        except ApiError as error:
            if error.code == "unknown_parameter":
                unheard_of.add(f"{kind}: {error.param}")
    return unheard_of


# What must hold


@pytest.mark.parametrize("union", [ResponseStreamEvent, ResponsesServerEvent], ids=["SSE", "WebSocket"])
def test_no_event_of_the_sdk_is_missing(union: Any) -> None:
    assert missing_events(union) == set()


def test_every_event_is_strictly_valid() -> None:
    steering = {event.type for event in events() if event.type.startswith("response.steer.")}
    models = {words(one.model_fields["type"].annotation).pop(): one for one in members(ResponsesServerEvent)}
    for event in events():
        if event.type in steering:
            models[event.type].model_validate_json(event.data, strict=True)
        elif event.type not in UNKNOWN_TYPES:
            assert validation_errors(event.data) == [], event.data


def test_every_item_of_the_sdk_can_be_sent_and_read() -> None:
    assert kinds(ResponseOutputItem) - {*COURSES, "message", "reasoning"} == WRITTEN_BY_CLIENTS
    streamed = {item.item["type"] for item in REPLY if isinstance(item, Item)}
    assert kinds(ResponseOutputItem) - streamed - WRITTEN_BY_CLIENTS == {"message", "function_call"}
    assert refused_kinds(ResponseInputItem, INPUT.rules[1], lambda item: [item]) == set()
    assert unheard_of_fields(ResponseInputItem, INPUT.rules[1], lambda item: [item]) == set()


def test_every_parameter_tool_and_choice_of_the_sdk_is_known() -> None:
    create = response_create_params.ResponseCreateParamsBase
    assert unknown_parameters(create, CREATE.fields) == set()
    assert unknown_parameters(responses_client_event_param.ResponseCreate, CREATE_ON_SOCKET.fields) == set()
    assert refused_kinds(Tool, TOOLS, lambda tool: [tool]) == set()
    assert unheard_of_fields(Tool, TOOLS, lambda tool: [tool]) == set()
    choices = [
        one
        for one in members(Response.model_fields["tool_choice"].annotation)
        if hasattr(one, "model_fields")
    ]
    assert refused_kinds(Union[tuple(choices)], TOOL_CHOICE, lambda choice: choice) == set()  # noqa: UP007
    assert words(ResponseIncludable) == set(INCLUDE.words)


def test_every_model_of_the_sdk_is_known() -> None:
    assert {name for name in words(ResponsesModel) if not is_known(name)} == set()


# That these checks would notice


def test_a_new_event_a_new_required_field_and_a_new_parameter_are_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class NewEvent(BaseModel):
        type: Literal["response.unheard_of.delta"]

    assert missing_events(Union[ResponseStreamEvent, NewEvent]) == {"response.unheard_of.delta"}  # noqa: UP007

    class NewItem(BaseModel):
        type: Literal["unheard_of_call"]

    assert refused_kinds(NewItem, INPUT.rules[1], lambda item: [item]) == {"unheard_of_call"}
    assert refused_kinds(NewItem, TOOLS, lambda tool: [tool]) == {"unheard_of_call"}

    class NewField(BaseModel):
        type: Literal["function"]
        name: str
        unheard_of: str

    assert unheard_of_fields(NewField, TOOLS, lambda tool: [tool]) == {"function: x[0].unheard_of"}

    class NewParams(typing.TypedDict):
        unheard_of: str

    assert unknown_parameters(NewParams, CREATE.fields) == {"unheard_of"}

    class StricterResponse(Response):
        unheard_of: str

    class StricterEvent(ResponseCompletedEvent):
        response: StricterResponse

    completed = next(event for event in events() if event.type == "response.completed")
    ResponseCompletedEvent.model_validate_json(completed.data, strict=True)
    with pytest.raises(ValidationError, match="unheard_of"):
        StricterEvent.model_validate_json(completed.data, strict=True)
