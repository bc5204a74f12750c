"""Requests: what is accepted, what it means, and how the API words what is wrong."""

from typing import Any

import pytest
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.request import Request, parse_request


def parse(transport: Any = "http", **fields: Any) -> Request:
    return parse_request({"model": "gpt-4o", "input": "hello", **fields}, transport=transport)


def refused(transport: Any = "http", **fields: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        parse(transport, **fields)
    return caught.value


def test_text_input_is_one_user_message() -> None:
    request = parse(input="What's up?")
    assert request.input == ({"role": "user", "content": "What's up?"},)
    assert request.last_user_text == "What's up?"


def test_defaults() -> None:
    request = parse()
    assert (request.store, request.stream, request.generate, request.background) == (True, False, True, False)
    assert request.tool_choice == "auto"
    assert request.text_format == {"type": "text"}
    assert request.include_obfuscation
    assert parse("websocket").stream


def test_explicit_nulls_mean_nothing_was_said() -> None:
    names = [
        "instructions",
        "previous_response_id",
        "conversation",
        "tools",
        "tool_choice",
        "max_output_tokens",
        "metadata",
        "reasoning",
        "temperature",
        "top_p",
        "include",
        "store",
        "stream",
        "stream_options",
        "text",
        "truncation",
        "user",
        "service_tier",
        "parallel_tool_calls",
        "prompt",
        "prompt_cache_key",
        "safety_identifier",
        "background",
        "max_tool_calls",
        "top_logprobs",
    ]
    request = parse(**dict.fromkeys(names))
    assert request.store
    assert request.tools == ()


def test_what_clients_are_known_to_send_is_accepted() -> None:
    request = parse(
        "websocket",
        type="response.create",
        stream=True,
        client_metadata={"session": "1"},
        stream_id="agent_1",
        generate=False,
        prompt_cache_options={"mode": "implicit"},
        service_tier="priority",
    )
    assert (request.stream_id, request.generate) == ("agent_1", False)


def test_prewarming_generates_nothing() -> None:
    assert not parse(prompt_cache_options={"prewarm": True}).generate


def test_a_warm_up_needs_no_input() -> None:
    body = {"model": "gpt-4o", "generate": False, "instructions": "Be brief."}
    assert parse_request(body, transport="websocket").input == ()


def test_the_last_user_text_is_the_last_message_of_the_user() -> None:
    items = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "yes?"},
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "one"}, {"type": "input_text", "text": "two"}],
        },
        {"role": "developer", "content": "hurry"},
    ]
    assert parse(input=items).last_user_text == "one\ntwo"


def test_tool_outputs_are_those_that_close_the_input() -> None:
    items = [
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "21 degrees"},
        {
            "type": "function_call_output",
            "call_id": "call_2",
            "output": [{"type": "input_text", "text": "noon"}],
        },
    ]
    outputs = parse(input=items).tool_outputs
    assert [(each.call_id, each.name, each.output) for each in outputs] == [
        ("call_1", "weather", "21 degrees"),
        ("call_2", None, "noon"),
    ]
    assert parse(input=[*items, {"role": "user", "content": "and?"}]).tool_outputs == ()


@pytest.mark.parametrize(
    "item",
    [
        {
            "type": "web_search_call",
            "id": "ws_1",
            "status": "completed",
            "action": {"type": "search", "query": "x"},
        },
        {
            "type": "mcp_call",
            "id": "mcp_1",
            "arguments": "{}",
            "name": "roll",
            "server_label": "random_source",
        },
        {"type": "compaction", "encrypted_content": "gAAAAAB"},
        {"type": "item_reference", "id": "msg_1"},
        {"id": "msg_1"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [], "encrypted_content": None},
        {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True},
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "phase": "final_answer",
            "content": [{"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}],
        },
    ],
)
def test_every_kind_of_item_is_accepted(item: dict[str, Any]) -> None:
    assert parse(input=[item]).input == (item,)


UNION = "expected one of an array of objects or string, but got {} instead."
CASES: list[tuple[dict[str, Any], str | None, str | None, str]] = [
    ({"frobnicate": 1}, "unknown_parameter", "frobnicate", "Unknown parameter: 'frobnicate'."),
    ({"generate": False}, "unknown_parameter", "generate", "Unknown parameter: 'generate'."),
    (
        {"model": "llama"},
        "model_not_found",
        "model",
        "The requested model 'llama' does not exist.",
    ),
    (
        {"model": 4},
        "invalid_type",
        "model",
        "Invalid type for 'model': expected a string, but got an integer instead.",
    ),
    (
        {"temperature": -1},
        "decimal_below_min_value",
        "temperature",
        "Invalid 'temperature': decimal below minimum value. Expected a value >= 0, but got -1 instead.",
    ),
    (
        {"temperature": 2.5},
        "decimal_above_max_value",
        "temperature",
        "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 2.5 instead.",
    ),
    (
        {"temperature": "hot"},
        "invalid_type",
        "temperature",
        "Invalid type for 'temperature': expected a decimal, but got a string instead.",
    ),
    (
        {"top_p": 1.5},
        "decimal_above_max_value",
        "top_p",
        "Invalid 'top_p': decimal above maximum value. Expected a value <= 1, but got 1.5 instead.",
    ),
    (
        {"max_output_tokens": 1},
        "integer_below_min_value",
        "max_output_tokens",
        "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 1 "
        "instead.",
    ),
    (
        {"max_output_tokens": 20.5},
        "invalid_type",
        "max_output_tokens",
        "Invalid type for 'max_output_tokens': expected an integer, but got a decimal number instead.",
    ),
    (
        {"top_logprobs": 50},
        "integer_above_max_value",
        "top_logprobs",
        "Invalid 'top_logprobs': integer above maximum value. Expected a value <= 20, but got 50 instead.",
    ),
    (
        {"stream": "yes"},
        "invalid_type",
        "stream",
        "Invalid type for 'stream': expected a boolean, but got a string instead.",
    ),
    (
        {"metadata": {str(number): "x" for number in range(17)}},
        "object_above_max_properties",
        "metadata",
        "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, "
        "but got an object with 17 properties instead.",
    ),
    (
        {"metadata": {"k": "v" * 600}},
        "string_above_max_length",
        "metadata.k",
        "Invalid 'metadata.k': string too long. Expected a string with maximum length 512, "
        "but got a string with length 600 instead.",
    ),
    (
        {"metadata": {"k" * 65: "v"}},
        "property_name_above_max_length",
        "metadata." + "k" * 65,
        "Invalid property name in 'metadata': 'kkk...kkk' is too long. Expected a string with maximum "
        "length 64, but got a string with length 65 instead.",
    ),
    (
        {"metadata": {"k": 1}},
        "invalid_type",
        "metadata.k",
        "Invalid type for 'metadata.k': expected a string, but got an integer instead.",
    ),
    (
        {"truncation": "maybe"},
        "invalid_value",
        "truncation",
        "Invalid value: 'maybe'. Supported values are: 'auto' and 'disabled'.",
    ),
    (
        {"reasoning": {"mode": None}, "model": "gpt-5.6"},
        "invalid_type",
        "reasoning.mode",
        "Invalid type for 'reasoning.mode': expected one of 'standard' or 'pro', but got null instead.",
    ),
    (
        {"reasoning": {"effort": "heroic"}, "model": "gpt-5"},
        "invalid_value",
        "reasoning.effort",
        "Invalid value: 'heroic'. Supported values are: 'none', 'minimal', 'low', 'medium', 'high', "
        "'xhigh', and 'max'.",
    ),
    (
        {"previous_response_id": "resp_1", "conversation": "conv_1"},
        "mutually_exclusive_parameters",
        None,
        "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'previous_response_id' or "
        "'conversation'.",
    ),
    (
        {"input": []},
        "missing_required_parameter",
        None,
        "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be provided.",
    ),
    (
        {"input": 5},
        "invalid_type",
        "input",
        "Invalid type for 'input': expected one of a string or array of input items, but got an integer "
        "instead.",
    ),
    (
        {"input": [{"role": "user", "content": None}]},
        "invalid_type",
        "input[0].content",
        "Invalid type for 'input[0].content': " + UNION.format("null"),
    ),
    (
        {"input": [{"role": "user"}]},
        "missing_required_parameter",
        "input[0].content",
        "Missing required parameter: 'input[0].content'.",
    ),
    (
        {"input": [{"role": "tool", "content": "x"}]},
        "invalid_value",
        "input[0]",
        "Invalid value: 'tool'. Supported values are: 'assistant', 'system', 'developer', and 'user'.",
    ),
    (
        {"input": [{"role": "user", "content": "x", "name": "Bob"}]},
        "unknown_parameter",
        "input[0].name",
        "Unknown parameter: 'input[0].name'.",
    ),
    (
        {"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}]},
        "invalid_value",
        "input[0].content[0]",
        "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
    ),
    (
        {"input": [{"type": "function_call_output", "call_id": "", "output": "x"}]},
        "empty_string",
        "input[0].call_id",
        "Invalid 'input[0].call_id': empty string. Expected a string with minimum length 1, "
        "but got an empty string instead.",
    ),
    (
        {"input": [{"type": "function_call_output", "call_id": "call_1"}]},
        "missing_required_parameter",
        "input[0].output",
        "Missing required parameter: 'input[0].output'.",
    ),
    (
        {
            "input": [
                {"type": "function_call", "id": "call_9", "call_id": "c", "name": "n", "arguments": "{}"}
            ]
        },
        "invalid_value",
        "input[0].id",
        "Invalid 'input[0].id': 'call_9'. Expected an ID that begins with 'fc'.",
    ),
    (
        {"tools": [{"type": "function"}]},
        "missing_required_parameter",
        "tools[0].name",
        "Missing required parameter: 'tools[0].name'.",
    ),
    (
        {"tools": [{"type": "function", "name": "get weather"}]},
        "invalid_value",
        "tools[0].name",
        "Invalid 'tools[0].name': string does not match pattern. Expected a string that matches the pattern "
        "'^[a-zA-Z0-9_-]+$'.",
    ),
    (
        {"tool_choice": "required"},
        None,
        "tool_choice",
        "Tool choice 'required' must be specified with 'tools' parameter.",
    ),
    (
        {"tool_choice": {"type": "function", "name": "nope"}, "tools": [{"type": "function", "name": "yes"}]},
        None,
        "tool_choice",
        "Tool choice 'nope' not found in 'tools' parameter.",
    ),
    (
        {
            "tools": [
                {
                    "type": "function",
                    "name": "f",
                    "strict": True,
                    "parameters": {"type": "object", "properties": {}},
                }
            ]
        },
        "invalid_function_parameters",
        "tools[0].parameters",
        "Invalid schema for function 'f': In context=(), 'additionalProperties' is required to be "
        "supplied and to be "
        "false.",
    ),
    (
        {"text": {"format": {"type": "json_schema", "schema": {}}}},
        "missing_required_parameter",
        "text.format.name",
        "Missing required parameter: 'text.format.name'.",
    ),
    (
        {"text": {"format": {"type": "json_object"}}},
        None,
        "input",
        "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
        "'json_object'.",
    ),
    (
        {"model": "gpt-5", "temperature": 0.2},
        None,
        "temperature",
        "Unsupported parameter: 'temperature' is not supported with this model.",
    ),
    (
        {"reasoning": {"effort": "high"}},
        "unsupported_parameter",
        "reasoning.effort",
        "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
    ),
    (
        {"include": ["everything"]},
        "invalid_value",
        "include[0]",
        "Invalid value: 'everything'. Supported values are: 'file_search_call.results', "
        "'web_search_call.results', 'web_search_call.action.sources', 'message.input_image.image_url', "
        "'computer_call_output.output.image_url', 'code_interpreter_call.outputs', "
        "'reasoning.encrypted_content', and 'message.output_text.logprobs'.",
    ),
]


@pytest.mark.parametrize(("fields", "code", "param", "message"), CASES, ids=[f"{c[2]}-{c[1]}" for c in CASES])
def test_what_is_wrong_is_said_in_the_apis_words(
    fields: dict[str, Any], code: str | None, param: str | None, message: str
) -> None:
    error = refused(**fields)
    assert (error.status, error.type) == (400, "invalid_request_error")
    assert (error.message, error.param, error.code) == (message, param, code)


def test_a_request_needs_a_model() -> None:
    with pytest.raises(ApiError) as caught:
        parse_request({"input": "hello"}, transport="http")
    assert caught.value.message == "Missing required parameter: 'model'."


@pytest.mark.parametrize("lane", ["", "a b", "x" * 257, 5])
def test_a_lanes_name_has_a_form(lane: Any) -> None:
    assert refused("websocket", stream_id=lane).code == "invalid_stream_id"


def test_lanes_are_for_sockets_only() -> None:
    assert refused("http", stream_id="a").message == "Unknown parameter: 'stream_id'."


def test_models_of_known_families_are_let_through() -> None:
    for model in (
        "gpt-9",
        "gpt-6.1-mini",
        "o7",
        "chatgpt-4o-latest",
        "codex-mini-latest",
        "computer-use-preview",
    ):
        assert parse(model=model).model == model


def test_sound_is_no_file() -> None:
    data = {"type": "input_file", "filename": "a.mp3", "file_data": "data:audio/mpeg;base64,SUQz"}
    url = {"type": "input_file", "file_url": "https://example.com/a.mp3"}
    assert (
        refused("http", input=[{"role": "user", "content": [data]}]).param == "input[0].content[0].file_data"
    )
    assert refused("http", input=[{"role": "user", "content": [url]}]).code == "unsupported_file"


@pytest.mark.parametrize(
    ("model", "effort", "accepted"),
    [("gpt-4o", None, True), ("gpt-5", None, False), ("gpt-5.4", None, True), ("gpt-5.4", "high", False)],
)
def test_sampling_is_for_models_that_do_not_reason(model: str, effort: str | None, accepted: bool) -> None:
    fields = {"model": model, "temperature": 0.3, **({"reasoning": {"effort": effort}} if effort else {})}
    if accepted:
        assert parse(**fields).temperature == 0.3
    else:
        assert refused("http", **fields).param == "temperature"
