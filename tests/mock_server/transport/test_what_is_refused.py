"""What the real API refuses although it looks right, and what it takes although it looks wrong, in every way
that it can be asked (from public reports and recordings).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mock_openai import MockServer, Reasoning, reply

from .asking import WAYS, refusal, response

USER = {"role": "user", "content": "And now?"}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}
ANSWER = {"type": "message", "role": "assistant", "content": "Hm."}
NOT_KEPT = (
    "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false. Try again with "
    "`store` set to true, or remove this item from your input."
)

pytestmark = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
async def server() -> AsyncIterator[MockServer]:
    async with MockServer(script=[reply(Reasoning(("Hm.",)), "Well.")]) as server:
        yield server


@pytest.mark.parametrize(
    "thought", [THOUGHT, {**THOUGHT, "encrypted_content": None}, {**THOUGHT, "content": []}]
)
@pytest.mark.parametrize("after", [[ANSWER, USER], [USER], []])
async def test_reasoning_that_nobody_kept_is_not_found(
    server: MockServer, way: str, thought: dict[str, Any], after: list[dict[str, Any]]
) -> None:
    status, error = await refusal(server, way, store=False, input=[USER, thought, *after])
    assert (status, error["message"]) == (404, NOT_KEPT)
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", "input", None)


async def test_reasoning_with_its_ciphertext_or_kept_by_the_server_passes(
    server: MockServer, way: str
) -> None:
    sealed = {**THOUGHT, "encrypted_content": "gAAAAABx"}
    assert await response(server, way, store=False, input=[USER, sealed, ANSWER, USER])
    nameless = {**sealed}
    del nameless["id"]
    assert await response(server, way, store=False, input=[USER, nameless, ANSWER, USER])
    kept, said = (await response(server, way))["output"]
    bare = {**kept, "encrypted_content": None}
    assert await response(server, way, store=False, input=[USER, bare, said, USER])


async def test_what_was_not_stored_is_gone_for_the_next_request(server: MockServer, way: str) -> None:
    thought, said = (await response(server, way, store=False))["output"]
    again = {"store": False, "input": [USER, {**thought, "encrypted_content": None}, said, USER]}
    status, error = await refusal(server, way, **again)
    assert (status, error["message"]) == (404, NOT_KEPT.replace("rs_1", thought["id"]))
    assert await response(server, way, store=False, input=[USER, thought, said, USER])


def duplicate(name: str) -> str:
    return f"Duplicate item found with id {name}. Remove duplicate items from your input and try again."


@pytest.mark.parametrize("short", [False, True])
async def test_an_item_is_referred_to_once_and_only_if_it_is_not_there(
    server: MockServer, way: str, short: bool
) -> None:
    first = await response(server, way)
    thought, said = first["output"]

    def named(item: dict[str, Any]) -> dict[str, Any]:
        return {"id": item["id"]} if short else {"type": "item_reference", "id": item["id"]}

    for twice in ([named(said), named(said)], [said, named(said)], [named(said), said]):
        status, error = await refusal(server, way, input=[*twice, USER])
        assert (status, error["message"], error["param"]) == (400, duplicate(said["id"]), "input")
    chained = {"previous_response_id": first["id"]}
    for known in (thought, said):
        status, error = await refusal(server, way, **chained, input=[named(known), USER])
        assert (status, error["message"]) == (400, duplicate(known["id"]))
    assert await response(server, way, input=[named(said), USER])
    status, error = await refusal(server, way, input=[{"type": "item_reference", "id": "msg_gone"}])
    assert status == 404


CALLS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"type": "function_call", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "output": "x"},
    ),
    (
        {"type": "custom_tool_call", "name": "f", "input": ""},
        {"type": "custom_tool_call_output", "output": "x"},
    ),
    (
        {"type": "tool_search_call", "execution": "client", "arguments": {}},
        {"type": "tool_search_output", "execution": "client", "tools": []},
    ),
    ({"type": "shell_call", "action": {"commands": ["ls"]}}, {"type": "shell_call_output", "output": []}),
    (
        {"type": "apply_patch_call", "operation": {"type": "delete_file", "path": "a"}},
        {"type": "apply_patch_call_output", "status": "completed"},
    ),
    ({"type": "local_shell_call", "action": {}}, {"type": "local_shell_call_output", "output": "x"}),
    (
        {"type": "computer_call", "action": {}, "pending_safety_checks": []},
        {"type": "computer_call_output", "output": {"type": "computer_screenshot", "file_id": "file_1"}},
    ),
]


@pytest.mark.parametrize(("call", "output"), CALLS, ids=[call["type"] for call, _ in CALLS])
async def test_every_output_needs_its_call_and_every_call_its_output(
    server: MockServer, way: str, call: dict[str, Any], output: dict[str, Any]
) -> None:
    call, output = {**call, "call_id": "call_1"}, {**output, "call_id": "call_1"}
    assert await response(server, way, input=[USER, call, output])
    status, error = await refusal(server, way, input=[USER, output])
    words = output["type"].replace("_", " ")
    assert (status, error["message"]) == (400, f"No tool call found for {words} with call_id call_1.")
    status, error = await refusal(server, way, input=[USER, {**call, "call_id": "call_2"}, output])
    assert (status, error["param"], error["code"]) == (400, "input", None)
    status, error = await refusal(server, way, input=[call, USER])
    words = call["type"].replace("_", " ")
    assert (status, error["message"]) == (400, f"No tool output found for {words} call_1.")


async def test_a_search_for_tools_may_be_answered_as_a_function_is_and_one_of_the_server_needs_no_answer(
    server: MockServer, way: str
) -> None:
    search = {"type": "tool_search_call", "execution": "client", "call_id": "call_1", "arguments": {}}
    output = {"type": "function_call_output", "call_id": "call_1", "output": "one tool"}
    assert await response(server, way, input=[USER, search, output])
    for call_id in (None, "call_1"):
        own = {**search, "execution": "server", "call_id": call_id}
        found = {"type": "tool_search_output", "execution": "server", "call_id": call_id, "tools": []}
        assert await response(server, way, input=[USER, own, found])
        assert await response(server, way, input=[USER, own])


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1-mini", "gpt-5-chat-latest", "gpt-3.5-turbo"])
async def test_a_model_that_does_not_reason_encrypts_nothing(
    server: MockServer, way: str, model: str
) -> None:
    asked = {"model": model, "include": ["reasoning.encrypted_content"]}
    status, error = await refusal(server, way, **asked)
    assert (status, error["message"]) == (400, "Encrypted content is not supported with this model.")


@pytest.mark.parametrize("model", ["gpt-5", "gpt-5-pro", "gpt-5.2", "gpt-5.3-codex", "o4-mini", "gpt-4o"])
async def test_all_turns_are_reasoned_over_by_newer_models_only(
    server: MockServer, way: str, model: str
) -> None:
    status, error = await refusal(server, way, model=model, reasoning={"context": "all_turns"})
    assert (status, error["param"], error["code"]) == (400, "reasoning.context", "unsupported_value")
    assert error["message"] == (
        f"Unsupported value: 'all_turns' is not supported with the '{model}' model. "
        "Supported values are: 'auto' and 'current_turn'."
    )
    for context in ("auto", "current_turn", None):
        assert await response(server, way, model=model, reasoning={"context": context})


@pytest.mark.parametrize("model", ["gpt-5.4", "gpt-5.4-pro", "gpt-5.5", "gpt-5.6", "gpt-6"])
async def test_newer_models_take_every_context(server: MockServer, way: str, model: str) -> None:
    shown = [
        (await response(server, way, model=model, reasoning={"context": context}))["reasoning"]["context"]
        for context in ("all_turns", "current_turn", None)
    ]
    assert shown[:2] == ["all_turns", "current_turn"]
    assert shown[2] in shown[:2]


@pytest.mark.parametrize("role", ["user", "assistant", "system", "developer"])
@pytest.mark.parametrize("phase", ["commentary", "final_answer", None])
async def test_a_message_of_any_role_may_name_its_phase(
    server: MockServer, way: str, role: str, phase: str | None
) -> None:
    for kind in ({}, {"type": "message"}):
        assert await response(
            server, way, input=[{**kind, "role": role, "content": "x", "phase": phase}, USER]
        )
    status, _ = await refusal(server, way, input=[{"role": role, "content": "x", "phase": "last"}])
    assert status == 400


async def test_what_a_prompts_model_takes_is_not_known_here(server: MockServer, way: str) -> None:
    asked = {"model": ..., "prompt": {"id": "pmpt_1"}, "reasoning": {"effort": "low"}}
    assert await response(server, way, **asked, include=["reasoning.encrypted_content"])


BAD_TOOLS = [
    ([{"type": "namespace", "name": "n", "tools": [{}]}], "[0].tools[0].type"),
    ([{"type": "namespace", "name": "n", "tools": [{"type": "function"}]}], "[0].tools[0].name"),
    ([{"type": "function"}], "[0].name"),
    ([{}], "[0].type"),
]


@pytest.mark.parametrize(("tools", "where"), BAD_TOOLS, ids=[where for _, where in BAD_TOOLS])
async def test_tools_are_looked_at_wherever_they_stand(
    server: MockServer, way: str, tools: list[dict[str, Any]], where: str
) -> None:
    status, error = await refusal(server, way, tools=tools)
    assert (status, error["param"]) == (400, f"tools{where}")
    for kind in ("additional_tools", "tool_search_output"):
        item = {"type": kind, "call_id": None, "tools": tools}
        status, error = await refusal(server, way, input=[USER, item])
        assert (status, error["param"]) == (400, f"input[1].tools{where}")
    for missing in ({"type": "additional_tools"}, {"type": "tool_search_output", "tools": None}):
        status, error = await refusal(server, way, input=[USER, missing])
        assert (status, error["param"]) == (400, "input[1].tools")
