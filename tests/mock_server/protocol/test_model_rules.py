"""What one model takes and another does not, and the other refusals whose words others have reported."""

from __future__ import annotations

from typing import Any

import pytest
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.models import snapshot
from mock_openai.protocol.request import parse_request
from mock_openai.protocol.response import open_response


def refusal(**fields: Any) -> dict[str, Any]:
    with pytest.raises(ApiError) as caught:
        parse_request({"model": "gpt-4o", "input": "hi", **fields}, transport="http")
    assert caught.value.status == 400
    return caught.value.body()["error"]


def accepted(**fields: Any) -> None:
    parse_request({"model": "gpt-4o", "input": "hi", **fields}, transport="http")


EFFORTS = {
    "gpt-5": "minimal low medium high",
    "gpt-5-mini-2025-08-07": "minimal low medium high",
    "gpt-5-pro": "high",
    "gpt-5-codex": "low medium high",
    "gpt-5.1": "none low medium high",
    "gpt-5.1-codex": "low medium high",
    "gpt-5.1-codex-max": "low medium high xhigh",
    "gpt-5.2": "none low medium high xhigh",
    "gpt-5.2-codex": "low medium high xhigh",
    "gpt-5.2-pro": "medium high xhigh",
    "gpt-5.2-chat-latest": "medium",
    "gpt-5.3-chat-latest": "medium",
    "gpt-5.3-codex": "none low medium high xhigh",
    "gpt-5.4": "none low medium high xhigh",
    "gpt-5.4-pro": "medium high xhigh",
    "gpt-5.5": "none low medium high xhigh",
    "gpt-5.6": "none low medium high xhigh max",
    "gpt-6": "none low medium high xhigh max",
    "o3": "low medium high",
    "o4-mini": "low medium high",
    "computer-use-preview": "medium",
}


@pytest.mark.parametrize("model", EFFORTS)
def test_each_family_takes_its_own_efforts_and_says_which(model: str) -> None:
    taken = EFFORTS[model].split()
    quoted = [f"'{effort}'" for effort in taken]
    listed = f"{', '.join(quoted[:-1])}, and {quoted[-1]}" if len(quoted) > 2 else " and ".join(quoted)
    for effort in ("none", "minimal", "low", "medium", "high", "xhigh", "max"):
        if effort in taken:
            accepted(model=model, reasoning={"effort": effort})
            continue
        assert refusal(model=model, reasoning={"effort": effort}) == {
            "message": f"Unsupported value: '{effort}' is not supported with the '{model}' model. "
            f"Supported values are: {listed}.",
            "type": "invalid_request_error",
            "param": "reasoning.effort",
            "code": "unsupported_value",
        }


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-4.1", "o3", "gpt-5-codex", "gpt-5.1-codex-max", "gpt-5-chat-latest"]
)
def test_only_medium_verbosity_before_gpt_5_and_for_its_first_codex_models(model: str) -> None:
    accepted(model=model, text={"verbosity": "medium"})
    assert refusal(model=model, text={"verbosity": "low"}) == {
        "message": f"Unsupported value: 'low' is not supported with the '{model}' model. "
        "Supported values are: 'medium'.",
        "type": "invalid_request_error",
        "param": "text.verbosity",
        "code": "unsupported_value",
    }


def test_any_verbosity_from_gpt_5_on() -> None:
    for model in ("gpt-5", "gpt-5-nano", "gpt-5.1", "gpt-5.4", "gpt-5.6-sol", "gpt-6"):
        for verbosity in ("low", "medium", "high"):
            accepted(model=model, text={"verbosity": verbosity})


COMPUTER = {
    "type": "computer_use_preview",
    "display_height": 768,
    "display_width": 1024,
    "environment": "browser",
}
ROWS: list[tuple[dict[str, Any], str, str | None, str | None]] = [
    (
        {"include": ["reasoning.encrypted_content"]},
        "Encrypted content is not supported with this model.",
        "include",
        None,
    ),
    (
        {"reasoning": {"summary": "auto"}},
        "Unsupported parameter: 'reasoning.summary' is not supported with the 'gpt-4o-2024-08-06' model.",
        "reasoning.summary",
        "unsupported_parameter",
    ),
    ({"service_tier": "gold"}, "Invalid service_tier argument", "service_tier", None),
    (
        {"model": "gpt-5.4", "tools": [COMPUTER]},
        "Tool 'computer_use_preview' is not supported with gpt-5.4.",
        "tools",
        None,
    ),
    (
        {"input": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        "Invalid value: 'image_url'. Supported values are: 'input_text', 'input_image', 'input_audio', "
        "'output_text', 'refusal', 'input_file', 'computer_screenshot', 'summary_text', and "
        "'encrypted_content'.",
        "input[0].content[0].type",
        "invalid_value",
    ),
    (
        {"input": [{"role": "user", "content": [{"type": "output_text", "text": "x"}]}]},
        "Invalid value: 'output_text'. Supported values are: 'input_text', 'input_image', 'input_file', "
        "'scoped_content', and 'input_audio'.",
        "input[0].content[0]",
        "invalid_value",
    ),
    (
        {"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}]},
        "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
        "input[0].content[0]",
        "invalid_value",
    ),
    (
        {
            "input": [
                {"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"},
                {
                    "type": "function_call_output",
                    "call_id": "c",
                    "output": [{"type": "output_text", "text": "x"}],
                },
            ]
        },
        "Invalid value: 'output_text'. Supported values are: 'input_text', 'input_image', 'input_file', and "
        "'scoped_content'.",
        "input[1].output[0]",
        "invalid_value",
    ),
    *[
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": url}]}]},
            "Invalid 'input[0].content[0].image_url'. Expected a base64-encoded data URL with an image MIME "
            f"type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got {got}.",
            "input[0].content[0].image_url",
            "invalid_value",
        )
        for url, got in (
            ("iVBORw0KGgo=", "a value without the 'data:' prefix"),
            ("data:image/png;base64,", "empty base64-encoded bytes"),
            ("data:text/plain;base64,aGk=", "unsupported MIME type 'text/plain'"),
        )
    ],
    (
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_data": "aGk="}]}]},
        "Invalid file data: 'input[0].content[0].file_data'. Expected a base64-encoded data URL with a valid "
        "file MIME type (e.g. 'data:text/plain;base64,SGVsbG8sIFdvcmxkIQ=='), but got a value without the "
        "'data:' prefix.",
        "input[0].content[0].file_data",
        "invalid_value",
    ),
]


@pytest.mark.parametrize(("fields", "message", "param", "code"), ROWS)
def test_refusals_in_reported_words(
    fields: dict[str, Any], message: str, param: str | None, code: str | None
) -> None:
    assert refusal(**fields) == {
        "message": message,
        "type": "invalid_request_error",
        "param": param,
        "code": code,
    }


def test_pictures_by_address_and_in_the_request_are_taken() -> None:
    for url in ("https://example.com/a.png", "data:image/jpeg;base64,aGk="):
        accepted(input=[{"role": "user", "content": [{"type": "input_image", "image_url": url}]}])


def test_names_built_like_those_of_the_families_are_known_and_aliases_stand_for_snapshots() -> None:
    for name in (
        "gpt-4-1106-preview",
        "gpt-4.5-preview",
        "gpt-5.3-codex-spark",
        "o1-preview",
        "chatgpt-4o-latest",
    ):
        accepted(model=name)
    assert snapshot("o3") == "o3-2025-04-16"
    assert snapshot("gpt-4-turbo") == "gpt-4-turbo-2024-04-09"
    assert snapshot("gpt-6") == "gpt-6"


MODES = {
    "gpt-4o": "",
    "o3": "standard",
    "o3-pro": "pro",
    "gpt-5": "standard",
    "gpt-5-pro": "pro",
    "gpt-5.4-mini": "standard",
    "gpt-5.4-pro": "pro",
    "gpt-5.5": "standard",
    "gpt-5.5-pro": "pro",
    "gpt-5.6-sol": "standard pro",
    "gpt-6-astra": "standard pro",
}


@pytest.mark.parametrize("model", MODES)
def test_the_mode_says_what_the_model_is_until_it_can_be_chosen(model: str) -> None:
    for mode in ("standard", "pro"):
        if mode in MODES[model].split():
            accepted(model=model, reasoning={"mode": mode})
            continue
        assert refusal(model=model, reasoning={"mode": mode}) == {
            "message": "`reasoning.mode` is not supported with this model.",
            "type": "invalid_request_error",
            "param": "reasoning.mode",
            "code": "unsupported_value",
        }


def test_the_mode_of_a_model_is_told() -> None:
    assert shown("gpt-5.4-pro")["mode"] == "pro"
    assert shown("gpt-5.6")["mode"] == shown("gpt-5.4")["mode"] == "standard"


def shown(model: str) -> dict[str, Any]:
    request = parse_request({"model": model, "input": "hi"}, transport="http")
    reasoning: dict[str, Any] = open_response(request, id="resp_1", created_at=0)["reasoning"]
    return reasoning


def test_models_without_reasoning_take_no_effort_at_all() -> None:
    for effort in ("none", "low"):
        assert refusal(model="gpt-4.1", reasoning={"effort": effort})["code"] == "unsupported_parameter"
    accepted(model="gpt-4.1", reasoning={})
    accepted(model="gpt-4.1", reasoning={"effort": None})


@pytest.mark.parametrize(
    ("model", "named"), [("o1-pro", "o1-pro-2025-03-19"), ("gpt-5.3-codex-spark", "gpt-5.3-codex-spark")]
)
def test_some_models_sum_nothing_up(model: str, named: str) -> None:
    told = refusal(model=model, reasoning={"summary": "auto"})
    where = f"with the '{named}' model"
    assert told["message"] == f"Unsupported parameter: 'reasoning.summary' is not supported {where}."
    assert told["param"] == "reasoning.summary"
    accepted(model="o3-pro", reasoning={"summary": "auto"})


def test_chat_models_reason_and_take_no_sampling_from_gpt_5_2_on() -> None:
    assert refusal(model="gpt-5.3-chat-latest", temperature=0.5)["param"] == "temperature"
    accepted(model="gpt-5.3-codex", temperature=0.5)


@pytest.mark.parametrize(
    "model",
    [
        "gpt-5-search-api", "gpt-4o-search-preview", "gpt-4o-mini-search-preview-2025-03-11", "gpt-audio",
        "gpt-audio-mini", "gpt-4o-audio-preview-2024-12-17", "gpt-4o-realtime-preview", "gpt-realtime",
        "gpt-4o-transcribe", "gpt-4o-mini-tts", "gpt-image-1", "tts-1-hd", "whisper-1",
    ],
)  # fmt: skip
def test_models_of_other_apis(model: str) -> None:
    assert refusal(model=model) == {
        "message": f"The requested model '{model}' is not supported with the Responses API.",
        "type": "invalid_request_error",
        "param": "model",
        "code": "model_not_found",
    }


@pytest.mark.parametrize("model", ["dall-e-3", "davinci-002", "text-embedding-3-small"])
def test_models_that_this_api_has_never_heard_of(model: str) -> None:
    told = refusal(model=model)
    assert told["message"] == f"The requested model, '{model}' was not found."
    assert (told["param"], told["code"]) == ("model", "model_not_found")


def test_any_model_is_any_model() -> None:
    parse_request({"model": "whisper-1", "input": "hi"}, transport="http", any_model=True)


def test_research_needs_something_to_search_in() -> None:
    code = {"type": "code_interpreter", "container": {"type": "auto"}}
    told = refusal(model="o3-deep-research", tools=[code])
    assert told == {
        "message": "Deep research models require at least one of 'web_search_preview', 'mcp', or "
        "'file_search' tools.",
        "type": "invalid_request_error",
        "param": "tools",
        "code": None,
    }
    assert refusal(model="o3-deep-research") == told
    accepted(model="o3-deep-research", tools=[{"type": "web_search_preview"}])
    accepted(model="o3-deep-research", tools=[{"type": "file_search", "vector_store_ids": ["vs_1"]}])
