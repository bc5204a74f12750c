"""What a response gives back of its request, in every way that it can be asked for (all from recordings)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mock_openai import MockServer

from .asking import WAYS, ask, response

SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
CLOSED = {name: value for name, value in SCHEMA.items() if name != "$schema"}

pytestmark = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
async def server() -> AsyncIterator[MockServer]:
    async with MockServer() as server:
        yield server


def function(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "function", "name": name, "description": f"Do {name}.", "parameters": CLOSED, **more}


def names(tools: list[dict[str, Any]]) -> list[str]:
    return [tool.get("name") or tool["type"] for tool in tools]


async def test_functions_come_first_then_hosted_tools_then_the_others(server: MockServer, way: str) -> None:
    sent = [
        {"type": "tool_search"},
        {"type": "custom", "name": "patch"},
        {"type": "web_search"},
        function("early"),
        {"type": "namespace", "name": "crm", "description": "c", "tools": [function("inner")]},
        {"type": "mcp", "server_label": "m", "server_url": "https://m.test"},
        function("late", defer_loading=True),
        {"type": "image_generation"},
    ]
    shown = (await response(server, way, tools=sent))["tools"]
    wanted = ["early", "late", "web_search", "mcp", "image_generation", "patch", "tool_search", "crm"]
    assert names(shown) == wanted


CALL = {"type": "tool_search_call", "call_id": "call_1", "execution": "client", "arguments": {"query": "x"}}
FOUND = {"type": "tool_search_output", "call_id": "call_1", "execution": "client"}
BY_SERVER = [
    {**CALL, "call_id": None, "execution": "server"},
    {**FOUND, "call_id": None, "execution": "server"},
]


@pytest.mark.parametrize("model", ["gpt-5.4", "gpt-5.6"])
@pytest.mark.parametrize("how", ["client", "server", "additional_tools"])
async def test_tools_that_the_input_loads_are_listed(
    server: MockServer, way: str, model: str, how: str
) -> None:
    loaded = {"tools": [function("rate", strict=False, defer_loading=True)]}
    call, output = (CALL, FOUND) if how == "client" else BY_SERVER
    items = [call, {**output, **loaded}]
    if how == "additional_tools":
        items = [{"type": "additional_tools", "role": "developer", **loaded}]
    asked = {
        "model": model,
        "input": [{"role": "user", "content": "hi"}, *items],
        "tools": [
            {"type": "tool_search"},
            function("rate", defer_loading=True, strict=True),
            function("stock", defer_loading=True),
            function("plain"),
        ],
    }
    shown = (await response(server, way, **asked))["tools"]
    [rate] = [tool for tool in shown if tool.get("name") == "rate"]
    if model == "gpt-5.6" and how != "server":
        assert names(shown) == ["stock", "plain", "rate", "tool_search"]
        assert rate["type"] == "function"
    else:
        assert names(shown) == ["stock", "plain", "tool_search", "rate"]
        assert (rate["type"], rate["description"]) == ("namespace", "Do rate.")
        [rate] = rate["tools"]
    assert "defer_loading" not in rate
    assert rate["strict"] is True, "what the request says of it counts"


async def test_a_loaded_tool_may_be_unknown_to_the_request_and_be_chosen(
    server: MockServer, way: str
) -> None:
    loaded = {"type": "additional_tools", "role": "developer", "tools": [function("rate")]}
    twice = [{"role": "user", "content": "hi"}, loaded, loaded]
    choice = {"type": "function", "name": "rate"}
    told = await response(server, way, input=twice, tools=[function("plain")], tool_choice=choice)
    assert names(told["tools"]) == ["plain", "rate"]
    assert (told["output"][-1]["type"], told["output"][-1]["name"]) == ("function_call", "rate")


async def test_a_turn_that_loads_tools_is_like_the_one_before_but_for_them(
    server: MockServer, way: str
) -> None:
    for number in range(4):  # from the third on, a reply may come from a template
        loaded = {"type": "additional_tools", "role": "developer", "tools": [function(f"tool{number}")]}
        told = await response(server, way, input=[{"role": "user", "content": "hi"}, loaded])
        assert names(told["tools"]) == [f"tool{number}"]


@pytest.mark.parametrize(
    ("sent", "strict", "parameters"),
    [
        ({"strict": False, "parameters": SCHEMA}, False, SCHEMA),
        ({"strict": None, "parameters": {"type": "object", "properties": {"a": {}}}}, False, ...),
        ({"strict": None, "parameters": SCHEMA}, False, SCHEMA),
        ({"strict": True, "parameters": SCHEMA}, True, SCHEMA),
        ({"parameters": SCHEMA}, True, SCHEMA),
        ({"strict": False, "parameters": {}}, False, {"type": "object", "properties": {}}),
    ],
)
async def test_a_functions_schema_keeps_its_name_and_null_is_not_strict(
    server: MockServer, way: str, sent: dict[str, Any], strict: bool, parameters: Any
) -> None:
    tool = {"type": "function", "name": "f", **sent}
    [shown] = (await response(server, way, tools=[tool]))["tools"]
    assert shown["strict"] is strict
    assert json.dumps(shown["parameters"]) == json.dumps(
        sent["parameters"] if parameters is ... else parameters
    )


@pytest.mark.parametrize(("given", "shown"), [("", None), (None, None), ("Do it.", "Do it."), (" ", " ")])
async def test_an_empty_description_is_none(server: MockServer, way: str, given: Any, shown: Any) -> None:
    tool = {**function("f"), "description": given}
    outer = {"type": "namespace", "name": "n", "description": "d", "tools": [tool]}
    told = (await response(server, way, tools=[tool, outer]))["tools"]
    assert [told[0]["description"], told[1]["tools"][0]["description"]] == [shown, shown]


async def test_a_formats_schema_loses_its_name(server: MockServer, way: str) -> None:
    form = {"type": "json_schema", "name": "f", "strict": True, "schema": SCHEMA}
    told = (await response(server, way, text={"format": form}))["text"]["format"]
    assert json.dumps(told["schema"]) == json.dumps(CLOSED)


async def test_some_fields_of_hosted_tools_never_come_back(server: MockServer, way: str) -> None:
    sent = [
        {"type": "web_search", "external_web_access": True},
        {"type": "image_generation", "action": "edit", "input_fidelity": "high", "partial_images": 2},
        {"type": "image_generation", "model": "gpt-image-2", "input_image_mask": {"file_id": "file_1"}},
    ]
    search, picture, other = (await response(server, way, tools=sent))["tools"]
    assert "external_web_access" not in search
    assert not {"action", "input_fidelity", "partial_images", "input_image_mask"} & {*picture, *other}
    assert (picture["model"], other["model"]) == ("gpt-image-1", "gpt-image-2")


async def test_an_mcp_server_comes_back_without_credentials_and_with_whole_filters(
    server: MockServer, way: str
) -> None:
    sent = [
        {"type": "mcp", "server_label": "a", "server_url": "https://a.test", "authorization": "secret"},
        {"type": "mcp", "server_label": "b", "connector_id": "connector_gmail", "authorization": "secret"},
        {
            "type": "mcp",
            "server_label": "c",
            "server_url": "https://c.test",
            "allowed_tools": {"tool_names": ["roll"]},
            "require_approval": {"never": {"tool_names": ["roll"]}},
        },
        {
            "type": "mcp",
            "server_label": "d",
            "server_url": "https://d.test",
            "allowed_tools": ["roll"],
            "require_approval": {"always": {"read_only": False}},
        },
    ]
    keyed, connector, named, listed = (await response(server, way, tools=sent))["tools"]
    assert (keyed["authorization"], connector["authorization"]) == ("<redacted>", "<redacted>")
    assert "authorization" not in named
    assert (connector["connector_id"], connector["server_url"]) == ("connector_gmail", None)
    roll = {"read_only": None, "tool_names": ["roll"]}
    assert named["allowed_tools"] == roll
    assert json.dumps(named["require_approval"]) == json.dumps({"always": None, "never": roll})
    assert listed["allowed_tools"] == ["roll"]
    assert listed["require_approval"] == {"always": {"read_only": False, "tool_names": None}, "never": None}


PICTURE = "https://x.test/a.png"


@pytest.mark.parametrize("include", [[], ["message.input_image.image_url"]])
async def test_a_prompts_pictures_and_files_come_back_without_their_content(
    server: MockServer, way: str, include: list[str]
) -> None:
    variables = {
        "who": "Ann",
        "seen": {"type": "input_image", "image_url": PICTURE},
        "kept": {"type": "input_image", "file_id": "file_1", "detail": "low"},
        "read": {"type": "input_file", "file_data": "data:application/pdf;base64,QQ==", "filename": "a.pdf"},
    }
    prompt = {"id": "pmpt_1", "variables": variables}
    told = (await response(server, way, prompt=prompt, include=include))["prompt"]["variables"]
    url = PICTURE if include else None
    assert told["who"] == {"type": "input_text", "text": "Ann"}
    assert told["seen"] == {"type": "input_image", "detail": "auto", "file_id": None, "image_url": url}
    assert told["kept"] == {"type": "input_image", "detail": "low", "file_id": "file_1", "image_url": None}
    assert told["read"] == {"type": "input_file", "file_id": None, "filename": "a.pdf"}


PASSED = "internal_chat_message_metadata_passthrough"


async def test_items_for_codex_name_its_turn(server: MockServer, way: str) -> None:
    for turn in ("turn-1", "turn-2", "turn-3"):  # from the third on, a reply may come from a template
        events = await ask(server, way, client_metadata={"turn_id": turn, "session_id": "s"})
        items = events[-1]["response"]["output"]
        opened = [event["item"] for event in events if event["type"] == "response.output_item.added"]
        assert items
        for item in [*items, *opened]:
            assert item["metadata"] == {"turn_id": turn}
            assert list(item)[-1] == "metadata"
            assert item[PASSED]["turn_id"] == turn
        message = items[-1]
        assert list(message) == ["id", "type", "status", "content", PASSED, "phase", "role", "metadata"]
        assert isinstance(message[PASSED]["create_time"], float)
        assert all("create_time" not in item[PASSED] for item in opened)
    plain = await response(server, way, client_metadata={"session_id": "s"})
    assert PASSED not in plain["output"][-1]
