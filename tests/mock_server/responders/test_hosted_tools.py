"""A forced tool that is no function is called, and what is told of it is of the API's own types."""

from __future__ import annotations

import re
from typing import Any

import openai
import pytest
from mock_openai import MockServer
from openai import AsyncOpenAI

SERVED = {"server_label": "s", "server_url": "https://mcp.example.com"}
DISPLAY = {"display_width": 800, "display_height": 600, "environment": "browser"}


@pytest.mark.parametrize(
    ("tool", "model", "kinds"),
    [
        ({"type": "web_search"}, "gpt-4o", ["web_search_call", "message"]),
        ({"type": "web_search_preview"}, "gpt-4o", ["web_search_call", "message"]),
        ({"type": "file_search", "vector_store_ids": ["vs_1"]}, "gpt-4o", ["file_search_call", "message"]),
        (
            {"type": "code_interpreter", "container": {"type": "auto"}},
            "gpt-4o",
            ["code_interpreter_call", "message"],
        ),
        ({"type": "image_generation"}, "gpt-4o", ["image_generation_call", "message"]),
        (
            {"type": "mcp", "require_approval": "never", **SERVED},
            "gpt-4o",
            ["mcp_list_tools", "mcp_call", "message"],
        ),
        ({"type": "mcp", **SERVED}, "gpt-4o", ["mcp_list_tools", "mcp_approval_request"]),
        ({"type": "computer_use_preview", **DISPLAY}, "computer-use-preview", ["computer_call"]),
        ({"type": "computer"}, "gpt-5.4", ["computer_call"]),
        ({"type": "local_shell"}, "codex-mini-latest", ["local_shell_call"]),
        ({"type": "shell"}, "gpt-5.1", ["shell_call"]),
        (
            {"type": "shell", "environment": {"type": "container_auto"}},
            "gpt-5.1",
            ["shell_call", "shell_call_output", "message"],
        ),
        ({"type": "apply_patch"}, "gpt-5.1", ["apply_patch_call"]),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else None,
)
async def test_a_forced_tool_is_called(tool: dict[str, Any], model: str, kinds: list[str]):
    more: dict[str, Any] = {"truncation": "auto"} if model == "computer-use-preview" else {}
    async with (
        MockServer() as server,
        AsyncOpenAI(
            base_url=server.base_url, api_key="any", _strict_response_validation=True, max_retries=0
        ) as client,
    ):
        said = await client.responses.create(
            model=model, input="Paris", tools=[tool], tool_choice="required", **more
        )
        left = await client.responses.create(model=model, input="Paris", tools=[tool], **more)
    assert [item.type for item in said.output] == kinds
    # The tools of a server are listed whether they are called or not.
    assert [item.type for item in left.output] == [*kinds[: kinds.count("mcp_list_tools")], "message"]
    assert said.output[0].id


async def test_a_choice_names_one_of_several():
    tools: Any = [{"type": "file_search", "vector_store_ids": ["vs_1"]}, {"type": "web_search"}]
    async with (
        MockServer() as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any") as client,
    ):
        said = await client.responses.create(
            model="gpt-4o", input="x", tools=tools, tool_choice={"type": "web_search_preview"}
        )
    assert said.output[0].type == "web_search_call"


async def test_a_servers_tools_are_listed_once_and_what_is_approved_is_called():
    tools: Any = [{"type": "mcp", **SERVED}]
    async with (
        MockServer() as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any", _strict_response_validation=True) as client,
    ):
        asked = await client.responses.create(
            model="gpt-4o", input="x", tools=tools, tool_choice={"type": "mcp", "server_label": "s"}
        )
        request = asked.output[-1]
        assert request.type == "mcp_approval_request"
        yes = {"type": "mcp_approval_response", "approval_request_id": request.id, "approve": True}
        done = await client.responses.create(
            model="gpt-4o", input=[yes], tools=tools, previous_response_id=asked.id
        )
        call = done.output[0]
        assert [item.type for item in done.output] == ["mcp_call", "message"]
        assert (call.name, call.approval_request_id) == (request.name, request.id)
        with pytest.raises(openai.BadRequestError, match="do not have an approval: " + request.id):
            await client.responses.create(model="gpt-4o", input="y", previous_response_id=asked.id)


async def test_a_custom_tool_is_given_what_its_regular_expression_allows():
    form = {"type": "grammar", "syntax": "regex", "definition": r"\d{2}:\d{2}"}
    tools: Any = [{"type": "custom", "name": "clock", "format": form}]
    async with MockServer() as server, AsyncOpenAI(base_url=server.base_url, api_key="any") as client:
        said = await client.responses.create(
            model="gpt-5", input="x", tools=tools, tool_choice={"type": "custom", "name": "clock"}
        )
    assert re.fullmatch(form["definition"], said.output[0].input)


async def test_a_verdict_comes_with_the_finished_response_when_moderation_was_asked_for():
    async with MockServer() as server, AsyncOpenAI(base_url=server.base_url, api_key="any") as client:
        stream = await client.responses.create(
            model="gpt-4o", input="x", moderation={"model": "omni-moderation-latest"}, stream=True
        )
        told = [event.response.moderation async for event in stream if hasattr(event, "response")]
        without = await client.responses.create(model="gpt-4o", input="x")
    assert told[:2] == [None, None]
    assert not told[2].input.flagged
    assert told[2].output.model == "omni-moderation-latest"
    assert without.moderation is None
