"""The response object, as it echoes a request."""

import json
from typing import Any

import pytest
from mock_openai.protocol.request import parse_request
from mock_openai.protocol.response import open_response, with_billing

ORDER = [
    "id",
    "object",
    "created_at",
    "status",
    "access_programs",
    "background",
    "completed_at",
    "error",
    "frequency_penalty",
    "incomplete_details",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "model",
    "moderation",
    "output",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tool_usage",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "usage",
    "user",
    "metadata",
]


def echo(transport: Any = "http", **fields: Any) -> dict[str, Any]:
    request = parse_request({"model": "gpt-4o", "input": "hi", **fields}, transport=transport)
    return open_response(request, id="resp_1", created_at=1_787_150_229)


def test_keys_come_in_the_observed_order() -> None:
    assert list(echo()) == ORDER


def test_plain_bodies_show_billing_between_the_others() -> None:
    body = with_billing({**echo(), "status": "completed"})
    assert body["billing"] == {"payer": "developer"}
    assert list(body) == [*ORDER[:6], "billing", *ORDER[6:]]


def test_defaults_of_an_older_model() -> None:
    shown = echo()
    assert shown["model"] == "gpt-4o-2024-08-06"
    assert (shown["temperature"], shown["top_p"], shown["frequency_penalty"]) == (1.0, 1.0, 0.0)
    assert (shown["status"], shown["service_tier"], shown["store"]) == ("in_progress", "auto", True)
    assert shown["text"] == {"format": {"type": "text"}, "verbosity": "medium"}
    assert shown["reasoning"] == {"context": None, "effort": None, "summary": None}
    assert shown["prompt_cache_retention"] == "in_memory"
    assert shown["tool_usage"]["web_search"] == {"num_requests": 0}


@pytest.mark.parametrize(
    ("model", "snapshot", "top_p", "retention", "effort", "context"),
    [
        ("gpt-5-nano", "gpt-5-nano-2025-08-07", 1.0, "in_memory", "medium", "current_turn"),
        ("gpt-5.1", "gpt-5.1-2025-11-13", 1.0, "in_memory", "none", "current_turn"),
        ("gpt-5.2", "gpt-5.2-2025-12-11", 0.98, "24h", "none", "current_turn"),
        ("gpt-5.4", "gpt-5.4-2026-03-05", 0.98, "24h", "none", "current_turn"),
        ("gpt-5.5", "gpt-5.5-2026-04-23", 0.98, "24h", "medium", "current_turn"),
        ("gpt-5.6", "gpt-5.6-sol", 0.98, "24h", "medium", "all_turns"),
        ("o4-mini", "o4-mini-2025-04-16", 1.0, "in_memory", "medium", "current_turn"),
    ],
)
def test_defaults_by_model(
    model: str, snapshot: str, top_p: float, retention: str, effort: str, context: str
) -> None:
    shown = echo(model=model)
    assert (shown["model"], shown["top_p"], shown["prompt_cache_retention"]) == (snapshot, top_p, retention)
    assert shown["reasoning"] == {"context": context, "effort": effort, "mode": "standard", "summary": None}


def test_an_automatic_summary_is_a_detailed_one() -> None:
    assert echo(model="gpt-5.4", reasoning={"effort": "low", "summary": "auto"})["reasoning"] == {
        "context": "current_turn",
        "effort": "low",
        "mode": "standard",
        "summary": "detailed",
    }


def test_whole_numbers_are_given_back_as_decimals() -> None:
    assert json.dumps(echo(temperature=1)["temperature"]) == "1.0"


def test_conversation_and_prompt_appear_only_when_used() -> None:
    assert "conversation" not in echo()
    shown = echo(conversation="conv_1")
    assert shown["conversation"] == {"id": "conv_1"}
    assert list(shown).index("conversation") == list(shown).index("completed_at") + 1
    assert echo(prompt={"id": "pmpt_1"})["prompt"] == {"id": "pmpt_1", "variables": {}, "version": "1"}


def test_a_background_response_is_queued() -> None:
    assert echo(background=True)["status"] == "queued"


@pytest.mark.parametrize(("asked", "shown"), [("fast", "priority"), ("flex", "flex"), ("auto", "auto")])
def test_service_tiers(asked: str, shown: str) -> None:
    assert echo(service_tier=asked)["service_tier"] == shown


def test_a_response_of_the_background_shows_no_billing_until_it_is_done() -> None:
    assert "billing" not in with_billing({**echo(), "status": "queued"})
