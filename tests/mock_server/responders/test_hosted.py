"""A forced tool that is no function is called, and what is told of it is of the API's own types."""

from __future__ import annotations

from typing import Any

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
    assert [item.type for item in left.output] == ["message"]
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
