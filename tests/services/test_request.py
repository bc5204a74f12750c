"""Settings and context on their way to the wire."""

from typing import Any

import pytest
from openai import NOT_GIVEN as OPENAI_NOT_GIVEN
from pipecat_responses import OpenAIResponsesLLMSettings, OpenAIResponsesReasoningConfig
from pipecat_responses.request import build_body, encode, output_text, tool_choice_of
from pipecat_responses.settings import lightest_effort, model_reasons, unsent_settings


def settings(**changes: Any) -> OpenAIResponsesLLMSettings:
    return OpenAIResponsesLLMSettings(
        model="gpt-4.1", reasoning=None, extra=changes.pop("extra", {}), **changes
    )


INVOCATION: dict[str, Any] = {"input": [{"role": "user", "content": "hi"}], "tools": OPENAI_NOT_GIVEN}


def test_a_plain_request_has_nothing_superfluous() -> None:
    body = build_body(settings(), INVOCATION)
    assert body == {"model": "gpt-4.1", "store": False, "input": INVOCATION["input"]}


def test_a_thought_whose_call_was_cut_off_is_not_sent() -> None:
    question, answer = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}
    thoughts = [{"type": "reasoning", "id": f"rs_{n}", "encrypted_content": "gAAAA"} for n in range(4)]
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c", "output": "1"}
    sent = [question, thoughts[0], call, output, thoughts[1], answer, question, thoughts[2], question]
    body = build_body(settings(), {**INVOCATION, "input": [*sent, thoughts[3]]})
    assert body["input"] == [item for item in sent if item is not thoughts[2]]


def test_everything_the_api_knows_is_sent() -> None:
    body = build_body(
        settings(
            temperature=0.5,
            top_p=0.9,
            max_tokens=100,
            parallel_tool_calls=False,
            store=True,
            truncation="auto",
            verbosity="low",
            metadata={"a": "b"},
            prompt_cache_key="k",
            safety_identifier="u",
            extra={"top_logprobs": 2},
        ),
        {**INVOCATION, "tools": [{"type": "function", "name": "f"}], "instructions": "be nice"},
        tool_choice="required",
        service_tier="priority",
    )
    assert body == {
        "model": "gpt-4.1",
        "store": True,
        "input": INVOCATION["input"],
        "instructions": "be nice",
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 100,
        "service_tier": "priority",
        "tools": [{"type": "function", "name": "f"}],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "truncation": "auto",
        "metadata": {"a": "b"},
        "prompt_cache_key": "k",
        "safety_identifier": "u",
        "text": {"verbosity": "low"},
        "top_logprobs": 2,
    }


def test_reasoning_asks_for_its_encrypted_content() -> None:
    body = build_body(settings(max_completion_tokens=5), INVOCATION)
    assert body["max_output_tokens"] == 5
    thinking = OpenAIResponsesLLMSettings(
        model="gpt-5", reasoning=OpenAIResponsesReasoningConfig(effort="low")
    )
    body = build_body(thinking, INVOCATION)
    assert body["reasoning"] == {"effort": "low"}
    assert body["include"] == ["reasoning.encrypted_content"]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("auto", "auto"),
        ({"type": "function", "function": {"name": "f"}}, {"type": "function", "name": "f"}),
        ({"type": "function", "name": "f"}, {"type": "function", "name": "f"}),
        (OPENAI_NOT_GIVEN, None),
        (None, None),
    ],
)
def test_a_tool_choice_takes_the_shape_of_this_api(given: object, sent: object) -> None:
    assert tool_choice_of(given) == sent


def test_models() -> None:
    assert lightest_effort("gpt-5-2025-08-07") == "minimal"
    assert lightest_effort("gpt-4.1") is None
    assert [model_reasons(name) for name in ("gpt-5.1", "o3", "gpt-4.1", "gpt-5-chat-latest", "llama")] == [
        True,
        True,
        False,
        False,
        None,
    ]
    assert unsent_settings(settings(seed=3, top_k=None)) == ["seed"]


def test_odd_text_is_encoded_all_the_same() -> None:
    assert encode({"a": "\ud800é"}) == '{"a":"\ufffdé"}'.encode()
    assert (
        encode({"\udfff": ["\ud83d\ude00", {"b": "\ud83d"}]})
        == '{"\ufffd":["\U0001f600",{"b":"\ufffd"}]}'.encode()
    )
    assert encode({"a": "é"}) == '{"a":"é"}'.encode()


def test_the_text_of_a_finished_response() -> None:
    response = {
        "output": [
            {"type": "reasoning"},
            {
                "type": "message",
                "content": [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "x"}],
            },
            {"type": "message", "content": [{"type": "output_text", "text": "b"}]},
        ]
    }
    assert output_text(response) == "ab"
