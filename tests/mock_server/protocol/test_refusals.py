"""What is refused, in which words, and what comes first when several things are wrong.

The words, the lists in them and the order were measured beside the real API by others (August to October
2026) and are reported in public; rows without a source like that stand in `test_request`.
"""

from __future__ import annotations

from typing import Any

import pytest
from mock_openai import Behaviour
from mock_openai.protocol.close_matches import close_matches
from mock_openai.protocol.conversation import check_conversation
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.request import parse_request

Row = tuple[dict[str, Any], str | None, str | None, str]
ABSENT = object()
TOOL = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
MCP = {"type": "mcp", "server_label": "random_source"}
EMPTY = "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be provided."
ROLES = "Supported values are: 'assistant', 'system', 'developer', and 'user'."
EFFORTS = "'none', 'minimal', 'low', 'medium', 'high', 'xhigh',"
ITEMS = (
    "Supported values are: 'additional_tools', 'agent_message', 'apply_patch_call', "
    "'apply_patch_call_output', 'code_interpreter_call', 'compaction', 'compaction_trigger', "
    "'computer_call', 'computer_call_output', 'custom_tool_call', 'custom_tool_call_output', "
    "'file_search_call', 'function_call', 'function_call_output', 'image_generation_call', "
    "'item_reference', 'local_shell_call', "
    "'local_shell_call_output', 'mcp_approval_request', 'mcp_approval_response', 'mcp_call', "
    "'mcp_list_tools', 'message', 'multi_agent_call', 'multi_agent_call_output', 'program', "
    "'program_output', 'reasoning', 'shell_call', 'shell_call_output', 'tool_search_call', "
    "'tool_search_output', and 'web_search_call'."
)


def refusal(model: str = "gpt-5.6", behaviour: Behaviour | None = None, **fields: Any) -> dict[str, Any]:
    body = {"model": model, "input": "hi", "max_output_tokens": 16, **fields}
    body = {name: value for name, value in body.items() if value is not ABSENT}
    with pytest.raises(ApiError) as caught:
        check_conversation((), parse_request(body, transport="http", behaviour=behaviour or Behaviour()))
    assert (caught.value.status, caught.value.type) == (400, "invalid_request_error")
    return caught.value.body()["error"]


def accepted(model: str = "gpt-5.6", **fields: Any) -> None:
    check_conversation((), parse_request({"model": model, "input": "hi", **fields}, transport="http"))


def wrong(name: str, expected: str, got: str) -> tuple[str, str, str]:
    return "invalid_type", name, f"Invalid type for '{name}': expected {expected}, but got {got} instead."


def missing(name: str) -> tuple[str, str, str]:
    return "missing_required_parameter", name, f"Missing required parameter: '{name}'."


def unknown(name: str, guess: str = "") -> tuple[str, str, str]:
    return "unknown_parameter", name, f"Unknown parameter: '{name}'.{guess}"


def user(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts) if parts else "hi", **more}


def picture(**source: Any) -> dict[str, Any]:
    return {"input": [user({"type": "input_image", **source})]}


def file(**source: Any) -> dict[str, Any]:
    return {"input": [user({"type": "input_file", **source})]}


def both(path: str, first: str, second: str) -> tuple[str, str, str]:
    told = f"Mutually exclusive parameters: '{path}'. Ensure you are only providing one of: "
    return "mutually_exclusive_parameters", path, f"{told}'{first}' or '{second}'."


def none_of(path: str, names: str) -> tuple[str, str, str]:
    told = (
        f"Missing mutually exclusive parameters: '{path}'. Ensure you are providing exactly one of: {names}."
    )
    return "missing_mutually_exclusive_parameters", path, told


DATA = "data:application/pdf;base64,JVBERi0="
PART = "input[0].content[0]"

SHAPES: list[Row] = [
    ({"zzz": 1}, *unknown("zzz")),
    ({"stop": ["x"]}, *unknown("stop", " Did you mean 'store'?")),
    ({"stre": 1}, *unknown("stre", " Did you mean 'store' or 'stream'?")),
    ({"strem": 1}, *unknown("strem", " Did you mean 'stream' or 'store'?")),
    ({"st": 1}, *unknown("st")),
    ({"modell": 1}, *unknown("modell")),  # the one that was meant is there already
    (
        {"messages": []},
        "unsupported_parameter",
        None,
        "Unsupported parameter: 'messages'. In the Responses API, this parameter has moved to 'input'. Try "
        "again with the new parameter. See the API documentation for more information: "
        "https://platform.openai.com/docs/api-reference/responses/create.",
    ),
    ({"model": ABSENT}, *missing("model")),
    ({"model": None}, *wrong("model", "a string", "an object")),
    ({"model": ""}, "model_not_found", "model", "The requested model '' does not exist."),
    ({"input": ABSENT}, *missing("input")),
    ({"input": ABSENT, "previous_response_id": "resp_1"}, *missing("input")),
    ({"input": None}, *wrong("input", "a string", "an object")),
    ({"input": {"a": 1}}, *wrong("input", "one of a string or array of input items", "an object")),
    ({"input": [7]}, *wrong("input[0]", "an input item", "an integer")),
    ({"input": [None]}, *wrong("input[0]", "an input item", "null")),
    ({"input": [{"type": "nonsense"}]}, "invalid_value", "input[0]", f"Invalid value: 'nonsense'. {ITEMS}"),
    ({"input": [{"type": 7}]}, "invalid_value", "input[0]", f"Invalid value: ''. {ITEMS}"),
    ({"input": [{}]}, "invalid_value", "input[0]", f"Invalid value: ''. {ROLES}"),
    (
        {"input": [{"role": "assistant", "content": "x", "phase": "musing"}]},
        "invalid_value",
        "input[0].phase",
        "Invalid value: 'musing'. Supported values are: 'commentary' and 'final_answer'.",
    ),
    ({"input": [user({"type": "input_text"})]}, *missing(f"{PART}.text")),
    (
        {"input": [{"type": "function_call", "call_id": "c" * 65, "name": "f", "arguments": "{}"}]},
        "string_above_max_length",
        "input[0].call_id",
        "Invalid 'input[0].call_id': string too long. Expected a string with maximum length 64, but got a "
        "string with length 65 instead.",
    ),
    (
        {"input": [{"type": "function_call", "call_id": "c", "name": "f" * 129, "arguments": "{}"}]},
        "string_above_max_length",
        "input[0].name",
        "Invalid 'input[0].name': string too long. Expected a string with maximum length 128, but got a "
        "string with length 129 instead.",
    ),
    (
        {"input": [user(id="msg_a b")]},
        "invalid_value",
        "input[0].id",
        "Invalid 'input[0].id': 'msg_a b'. Expected an ID that contains letters, numbers, underscores, or "
        "dashes, but this value contained additional characters.",
    ),
    (picture(detail="auto"), *none_of(PART, "'file_id' or 'image_url'")),
    (picture(file_id="file-1", image_url="https://a.b/c.png"), *both(PART, "file_id", "image_url")),
    (file(), *none_of(PART, "'file_id', 'file_data', or 'file_url'")),
    (file(filename="a.pdf"), *none_of(PART, "'file_id', 'file_data', or 'file_url'")),
    (file(file_id="file-1", file_data=DATA), *both(PART, "file_id", "file_data")),
    (file(file_id="file-1", filename="a.pdf"), *both(PART, "file_id", "filename")),
    (file(file_url="https://a.b/c.pdf", filename="a.pdf"), *both(PART, "file_id", "filename")),
    ({"tools": "x"}, *wrong("tools", "an array of tools", "a string")),
    ({"tools": [{}]}, *missing("tools[0].type")),
    ({"tools": [{"type": "function", "function": {"name": "f"}}]}, *missing("tools[0].name")),
    ({"tools": [{**TOOL, "zzz": 1}]}, *unknown("tools[0].zzz")),
    (
        {"tools": [{**TOOL, "name": "f" * 129}]},
        "string_above_max_length",
        "tools[0].name",
        "Invalid 'tools[0].name': string too long. Expected a string with maximum length 128, but got a "
        "string with length 129 instead.",
    ),
    ({"tools": [MCP]}, *none_of("tools[0]", "'server_url', 'connector_id', or 'tunnel_id'")),
    (
        {"tools": [{**MCP, "server_url": "https://a.b", "connector_id": "connector_gmail"}]},
        *both("tools[0]", "server_url", "connector_id"),
    ),
    (
        {"tools": [{**MCP, "connector_id": "connector_gmail"}]},
        None,
        "tools[0]",
        "Must specify 'authorization' parameter with 'connector_id'",
    ),
    (
        {"tool_choice": 7},
        *wrong("tool_choice", "one of an object or 'none', 'auto', or 'required'", "an integer"),
    ),
    ({"tools": [TOOL], "tool_choice": {"type": "function"}}, *missing("tool_choice.name")),
    ({"metadata": "x"}, *wrong("metadata", "a metadata object", "a string")),
    ({"text": {"zzz": 1}}, *unknown("text.zzz")),
    (
        {"text": {"format": {"type": "xml"}}},
        "invalid_value",
        "text.format.type",
        "Invalid value: 'xml'. Supported values are: 'json_object', 'text', and 'json_schema'.",
    ),
    ({"text": {"format": {"type": "json_schema"}}}, *missing("text.format.name")),
    (
        {"include": "x"},
        *wrong(
            "include",
            "an array of one of 'fil...lts', 'web...lts', 'web...ces', 'mes...url', 'com...url', "
            "'cod...uts', 'rea...ent', or 'mes...obs'",
            "a string",
        ),
    ),
    ({"truncation": {}}, *wrong("truncation", "one of 'auto' or 'disabled'", "an object")),
    (
        {"service_tier": {}},
        *wrong("service_tier", "one of 'auto', 'default', 'fast', 'flex', or 'priority'", "an object"),
    ),
    ({"stream_options": {"include_usage": True}}, *unknown("stream_options.include_usage")),
    ({"prompt_cache_options": {"zzz": 1}}, *unknown("prompt_cache_options.zzz")),
    (
        {"reasoning": {"effort": ["low"]}},
        *wrong("reasoning.effort", f"one of one of {EFFORTS} or 'max' or integer", "an array"),
    ),
    (
        {"reasoning": {"effort": 5}},
        *wrong("reasoning.effort", "one of 'minimal', 'low', 'medium', or 'high'", "an integer"),
    ),
    (
        {"reasoning": {"summary": "long"}},
        "invalid_value",
        "reasoning.summary",
        "Invalid value: 'long'. Supported values are: 'concise', 'detailed', and 'auto'.",
    ),
    ({"presence_penalty": "x"}, *wrong("presence_penalty", "a decimal", "a string")),
    (
        {"frequency_penalty": 3},
        "decimal_above_max_value",
        "frequency_penalty",
        "Invalid 'frequency_penalty': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
    ),
]


@pytest.mark.parametrize(("fields", "code", "param", "message"), SHAPES, ids=[row[3][:70] for row in SHAPES])
def test_what_is_misshapen_is_told_in_the_measured_words(
    fields: dict[str, Any], code: str | None, param: str | None, message: str
) -> None:
    told = refusal(**fields)
    assert (told["message"], told["param"], told["code"]) == (message, param, code)


LOGPROBS = "logprobs are not supported with reasoning models."


def unsupported(name: str) -> tuple[None, str, str]:
    return None, name, f"Unsupported parameter: '{name}' is not supported with this model."


LIMITS: list[Row] = [
    ({"presence_penalty": 0.5}, *unsupported("presence_penalty")),
    ({"frequency_penalty": 0.5}, *unsupported("frequency_penalty")),
    ({"top_p": 0.5}, *unsupported("top_p")),
    ({"top_logprobs": 1}, "unsupported_parameter", "top_logprobs", LOGPROBS),
    ({"include": ["message.output_text.logprobs"]}, "unsupported_parameter", "include", LOGPROBS),
    (
        {"prompt_cache_retention": "in_memory"},
        "invalid_parameter",
        "prompt_cache_retention",
        "This model is compatible only with 24h extended prompt caching",
    ),
    (
        {
            "model": "gpt-5",
            "reasoning": {"effort": "minimal"},
            "tools": [{"type": "web_search"}, {"type": "image_generation"}],
        },
        None,
        "tools",
        "The following tools cannot be used with reasoning.effort 'minimal': image_gen, web_search.",
    ),
]


@pytest.mark.parametrize(("fields", "code", "param", "message"), LIMITS, ids=[row[3][:70] for row in LIMITS])
def test_what_the_model_does_not_take_is_told_in_the_measured_words(
    fields: dict[str, Any], code: str | None, param: str | None, message: str
) -> None:
    told = refusal(**fields)
    assert (told["message"], told["param"], told["code"]) == (message, param, code)


def test_a_model_takes_while_it_does_not_reason_what_it_refuses_when_it_does() -> None:
    fields = {"presence_penalty": 0.5, "top_logprobs": 2, "include": ["message.output_text.logprobs"]}
    accepted("gpt-4o", **fields)
    accepted("gpt-5.6", reasoning={"effort": "none"}, **fields)
    accepted("gpt-5.4", prompt_cache_retention="in_memory")


# Each of these is wrong on its own; the first of a pair is told before the second.
ORDER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"model": ABSENT}, {"input": ABSENT}),
    ({"input": ABSENT}, {"zzz": 1}),
    ({"zzz": 1}, {"input": [user(zzz=1)]}),
    ({"input": 7}, {"previous_response_id": 7}),
    ({"previous_response_id": 7}, {"prompt": "x"}),
    ({"prompt": "x"}, {"moderation": "x"}),
    ({"moderation": "x"}, {"include": ["x"]}),
    ({"include": ["x"]}, {"tools": "x"}),
    ({"tools": "x"}, {"tool_choice": 7}),
    ({"tool_choice": 7}, {"metadata": "x"}),
    ({"metadata": "x"}, {"text": "x"}),
    ({"text": "x"}, {"temperature": "x"}),
    ({"temperature": "x"}, {"top_p": "x"}),
    ({"top_p": "x"}, {"presence_penalty": "x"}),
    ({"presence_penalty": "x"}, {"frequency_penalty": "x"}),
    ({"frequency_penalty": "x"}, {"parallel_tool_calls": "x"}),
    ({"parallel_tool_calls": "x"}, {"stream": "x"}),
    ({"stream": "x"}, {"stream_options": "x"}),
    ({"stream_options": "x"}, {"background": "x"}),
    ({"background": "x"}, {"max_output_tokens": "x"}),
    ({"max_output_tokens": "x"}, {"max_tool_calls": "x"}),
    ({"max_tool_calls": "x"}, {"reasoning": "x"}),
    ({"reasoning": "x"}, {"user": 7}),
    ({"user": 7}, {"safety_identifier": 7}),
    ({"safety_identifier": 7}, {"prompt_cache_options": "x"}),
    ({"prompt_cache_options": "x"}, {"prompt_cache_key": 7}),
    ({"prompt_cache_key": 7}, {"prompt_cache_retention": "x"}),
    ({"prompt_cache_retention": "x"}, {"truncation": "x"}),
    ({"truncation": "x"}, {"instructions": 7}),
    ({"instructions": 7}, {"store": "x"}),
    ({"store": "x"}, {"service_tier": "x"}),
    ({"service_tier": "x"}, {"top_logprobs": "x"}),
    ({"top_logprobs": "x"}, {"context_management": "x"}),
    ({"context_management": "x"}, {"temperature": 0.5}),
    ({"input": []}, {"temperature": 0.5}),
    ({"temperature": 0.5}, {"include": ["message.output_text.logprobs"]}),
    ({"include": ["message.output_text.logprobs"]}, {"top_logprobs": 1}),
]


@pytest.mark.parametrize(("first", "second"), ORDER, ids=[f"{[*a]} before {[*b]}" for a, b in ORDER])
def test_of_two_wrong_things_the_first_in_the_apis_order_is_told(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    alone = refusal(**first)
    assert refusal(**second) != alone
    assert refusal(**first, **second) == refusal(**second, **first) == alone


def test_a_stored_prompt_may_bring_the_input_and_the_model() -> None:
    parse_request({"prompt": {"id": "pmpt_1"}}, transport="http")
    assert parse_request({"model": "gpt-4o", "generate": False}, transport="websocket").input == ()


def test_a_name_of_up_to_128_characters_and_two_tools_of_one_name_are_taken() -> None:
    accepted(tools=[{**TOOL, "name": "f" * 128}])
    accepted(tools=[TOOL, TOOL])
    accepted(tools=[{**TOOL, "function": {"name": "g"}}])
    accepted(tools=[{**MCP, "tunnel_id": "tunnel_" + "a" * 32}])
    accepted(tools=[{**MCP, "connector_id": "connector_gmail", "authorization": "secret"}])


def test_two_refusals_have_newer_words_for_who_wants_them() -> None:
    newest = Behaviour(refusals="newest")
    told = refusal(behaviour=newest, previous_response_id="resp_1", conversation="conv_1")
    assert told["message"].endswith("only providing one of: 'pre..._id' or 'conversation'.")
    told = refusal(behaviour=newest, service_tier="gold")
    assert (told["code"], told["param"]) == ("invalid_value", "service_tier")
    assert told["message"].endswith("are: 'auto', 'default', 'fast', 'flex', and 'priority'.")


CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "x"}
ASKED = {**MCP, "type": "mcp_approval_request", "id": "mcpr_1", "arguments": "{}", "name": "roll"}
ALLOWED = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}


def test_an_item_is_told_once() -> None:
    told = refusal(input=[CALL, OUTPUT, CALL])
    message = "Duplicate item found with id fc_1. Remove duplicate items from your input and try again."
    assert (told["message"], told["param"], told["code"]) == (message, "input", None)
    request = parse_request({"model": "gpt-4o", "input": [CALL, OUTPUT]}, transport="http")
    with pytest.raises(ApiError, match="Duplicate item found with id fc_1"):
        check_conversation([CALL], request)
    check_conversation(
        [{**CALL, "id": "fc_2", "call_id": "call_2"}, {**OUTPUT, "call_id": "call_2"}], request
    )


def test_what_a_server_of_tools_may_do_is_asked_and_answered_in_pairs() -> None:
    assert refusal(input=[ASKED])["message"] == (
        "The following MCP approval requests do not have an approval: mcpr_1"
    )
    assert refusal(input=[ALLOWED])["message"] == (
        "The following MCP approval requests have approval responses but weren't passed as input: mcpr_1"
    )
    accepted(input=[ASKED, ALLOWED])


def test_only_near_names_are_guessed_and_a_long_one_costs_nothing() -> None:
    known = ["store", "stream", "text", "tools"]
    assert close_matches("stor", known) == ["store"]
    assert close_matches("tols", known) == ["tools"]
    assert close_matches("x" * 1_000_000, known) == []


def test_what_codex_sends_with_every_item_passes():
    passed = {
        "internal_chat_message_metadata_passthrough": {"turn_id": "t", "content_item_kinds": ["user.text"]}
    }
    call = {"type": "function_call", "call_id": "call_1", "name": "shell", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "call_1", "output": "ok"}
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
    accepted(input=[{**item, **passed} for item in (message, call, output)])
