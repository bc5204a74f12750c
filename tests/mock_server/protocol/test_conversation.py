"""Conversations: no output without its call, no call without its output, no reasoning alone."""

from typing import Any

import pytest
from mock_openai.protocol.conversation import check_conversation
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.request import parse_request

CALL = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "21"}
USER = {"role": "user", "content": "and?"}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": []}


def check(*items: dict[str, Any], history: tuple[dict[str, Any], ...] = (), **fields: Any) -> None:
    body = {"model": "gpt-4o", "input": list(items), **fields}
    check_conversation(history, parse_request(body, transport="websocket"))


def refusal(*items: dict[str, Any], **fields: Any) -> str:
    with pytest.raises(ApiError) as caught:
        check(*items, **fields)
    assert (caught.value.status, caught.value.param, caught.value.code) == (400, "input", None)
    return caught.value.message


def test_a_call_and_its_output_belong_together() -> None:
    check(USER, CALL, OUTPUT)
    check(OUTPUT, history=(USER, CALL))


def test_an_output_needs_a_call() -> None:
    assert refusal(OUTPUT) == "No tool call found for function call output with call_id call_1."


def test_a_call_needs_an_output() -> None:
    assert refusal(CALL, USER) == "No tool output found for function call call_1."
    assert refusal(USER, history=(CALL,)) == "No tool output found for function call call_1."


def test_custom_tools_have_their_own_words() -> None:
    call = {"type": "custom_tool_call", "call_id": "call_2", "name": "run", "input": "ls"}
    assert refusal(call, USER) == "No tool output found for custom tool call call_2."


def test_a_warm_up_may_leave_calls_open() -> None:
    check(CALL, generate=False)


def test_reasoning_needs_what_came_of_it() -> None:
    text = "Item 'rs_1' of type 'reasoning' was provided without its required following item."
    assert refusal(REASONING, USER) == text
    assert refusal(REASONING) == text
    assert refusal(REASONING, {"role": "assistant", "content": "retold"}) == text
    check(REASONING, CALL, OUTPUT)


def test_a_client_that_stores_nothing_sends_reasoning_as_it_likes() -> None:
    check(REASONING, {"role": "assistant", "content": "retold"}, USER, store=False)
    check(USER, REASONING, store=False)
    check(REASONING, REASONING, USER, store=False)
    message = {"type": "message", "id": "msg_1", "role": "user", "content": "hi"}
    assert refusal(message, message, store=False).startswith("Duplicate item found")


def test_a_referenced_item_may_be_the_call() -> None:
    check({"type": "item_reference", "id": "fc_1"}, OUTPUT)
