"""What one model takes and another does not, and the other refusals whose words others have reported."""

from __future__ import annotations

from typing import Any

import pytest
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.models import snapshot
from mock_openai.protocol.request import parse_request


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
    "gpt-5.3-codex": "low medium high xhigh",
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
        "Unsupported parameter: 'reasoning.summary' is not supported with this model.",
        "reasoning.summary",
        None,
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
