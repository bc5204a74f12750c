"""A request finds its recording however the client words the same conversation, and a miss says what
differs.
"""

from __future__ import annotations

import json
from typing import Any

from ninelives.cassette import Cassette, Exchange
from ninelives.cassette.builder import CassetteBuilder
from ninelives.cassette.matching import Matching, Wanted

WEATHER = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "status": "completed",
    "arguments": '{"city": "Paris"}',
    "call_id": "call_1",
    "name": "get_weather",
}
SAID = {
    "id": "msg_1",
    "type": "message",
    "status": "completed",
    "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": "It is 21 degrees."}],
    "role": "assistant",
}


def conversation() -> list[Exchange]:
    builder = CassetteBuilder()
    turns: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        (
            {
                "model": "gpt-5.4",
                "input": [{"role": "user", "content": "Weather in Paris?"}],
                "tools": [WEATHER],
            },
            [{"type": "reasoning", "id": "rs_1", "summary": []}, CALL],
        ),
        (
            {
                "model": "gpt-5.4",
                "previous_response_id": "resp_1",
                "input": [{"type": "function_call_output", "call_id": "call_1", "output": '{"c": 21}'}],
                "tools": [WEATHER],
            },
            [SAID],
        ),
        (
            {
                "model": "gpt-5.4",
                "previous_response_id": "resp_2",
                "input": "And tomorrow?",
                "tools": [WEATHER],
            },
            [],
        ),
    ]
    for number, (body, output) in enumerate(turns, 1):
        writer = builder.line_writer()
        writer.request("POST", "/v1/responses", {}, json.dumps({**body, "stream": True}).encode())
        writer.response(200, {"content-type": "text/event-stream"})
        done = {"type": "response.completed", "response": {"id": f"resp_{number}", "output": output}}
        writer.read(b"event: response.completed\ndata: " + json.dumps(done).encode() + b"\n\n")
        writer.end()
    return Cassette.parse(builder.bytes()).exchanges


def ask(body: dict[str, Any], *, streamed: bool = True) -> Wanted:
    return Wanted("POST", "/v1/responses", body, streamed)


USER = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Weather in Paris?"}]}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": '{"c":21}'}


def test_a_full_resend_and_an_incremental_send_are_the_same_request() -> None:
    matching = Matching(conversation())
    incremental = {
        "model": "gpt-5.4",
        "previous_response_id": "resp_2",
        "input": "And tomorrow?",
        "tools": [WEATHER],
    }
    resent = {
        "model": "gpt-5.4",
        "tools": [WEATHER],
        "input": [
            USER,
            {
                "type": "function_call",
                "call_id": "call_1",
                "name": "get_weather",
                "arguments": '{"city":"Paris"}',
            },
            RESULT,
            {"role": "assistant", "content": "It is 21 degrees."},
            {"role": "user", "content": "And tomorrow?"},
        ],
    }
    half = {
        "model": "gpt-5.4",
        "tools": [WEATHER],
        "previous_response_id": "resp_1",
        "input": [RESULT, SAID, {"role": "user", "content": "And tomorrow?"}],
    }
    referenced = {
        **half,
        "input": [
            RESULT,
            {"type": "item_reference", "id": "msg_1"},
            {"role": "user", "content": "And tomorrow?"},
        ],
    }
    for body in (incremental, resent, half, referenced):
        assert matching.places(ask(body)) == [2]


def test_fields_that_do_not_change_the_answer_are_not_compared() -> None:
    matching = Matching(conversation())
    body = {
        "model": "gpt-5.4",
        "input": [USER],
        "tools": [WEATHER],
        "stream": True,
        "store": False,
        "user": "me",
        "metadata": {"a": "b"},
        "prompt_cache_key": "k",
        "temperature": None,
        "type": "response.create",
    }
    assert matching.places(ask(body)) == [0]
    assert matching.places(ask({**body, "model": "gpt-4o"})) == []
    assert matching.places(ask({**body, "tools": []})) == []
    assert matching.places(ask(body, streamed=False)) == []


def test_what_is_compared_can_be_chosen() -> None:
    body = {"model": "gpt-4o", "input": [USER], "tools": [WEATHER]}
    assert Matching(conversation(), ignore=["model"]).places(ask(body)) == [0]
    assert (
        Matching(conversation(), compare=["user"]).places(ask({**body, "model": "gpt-5.4", "user": "me"}))
        == []
    )


def test_a_matcher_of_ones_own_may_return_or_assert() -> None:
    body = {"model": "gpt-5.4", "input": [USER], "tools": [WEATHER]}

    def strict(request: Wanted, exchange: Exchange) -> bool:
        assert request.body["model"] == exchange.body["model"]
        return exchange.number != 1

    matching = Matching(conversation(), matchers=[strict])
    assert matching.places(ask(body)) == []
    assert "custom matcher" in matching.explain(ask(body), {})


def test_what_a_matcher_does_to_a_request_changes_nothing_outside_of_it() -> None:
    body = {"model": "gpt-5.4", "input": [USER], "tools": [WEATHER]}
    seen: list[Any] = []

    def spoils(request: Wanted, exchange: Exchange) -> bool:
        seen.append(request.body["input"][:])
        request.body["input"].clear()
        return True

    assert Matching(conversation(), matchers=[spoils, spoils]).places(ask(body))
    assert body["input"] == [USER]
    assert all(given == [USER] for given in seen)


def test_the_host_and_version_of_a_path_do_not_matter() -> None:
    builder = CassetteBuilder()
    for path in (
        "/openai/v1/conversations/c1?api-version=2026-01",
        "https://elsewhere/v1/conversations/c2?b=2&a=1",
    ):
        writer = builder.line_writer()
        writer.request("GET", path)
        writer.response(200)
        writer.end()
    matching = Matching(Cassette.parse(builder.bytes()).exchanges)
    assert matching.places(Wanted("GET", "/v1/conversations/c1", None, False)) == [0]
    assert matching.places(Wanted("GET", "/v1/conversations/c2?a=1&b=2", None, False)) == [1]
    assert matching.places(Wanted("DELETE", "/v1/conversations/c1", None, False)) == []


def test_a_secret_in_a_request_matches_its_fake_in_the_recording() -> None:
    builder = CassetteBuilder()
    writer = builder.line_writer()
    tool = {"type": "mcp", "server_url": "https://x", "authorization": "token-of-the-recorder"}
    writer.request(
        "POST", "/v1/responses", {}, json.dumps({"model": "m", "input": "x", "tools": [tool]}).encode()
    )
    writer.response(200, {"content-type": "application/json"})
    writer.end()
    matching = Matching(Cassette.parse(builder.bytes()).exchanges)
    live = {"model": "m", "input": "x", "tools": [{**tool, "authorization": "tok"}]}
    assert matching.places(ask(live, streamed=False)) == [0]


def test_a_miss_names_the_nearest_recording_and_what_differs() -> None:
    matching = Matching(conversation())
    wanted = ask(
        {"model": "gpt-5.4", "input": [{"role": "user", "content": "Weather in Rome?"}], "tools": [WEATHER]}
    )
    why = matching.explain(wanted, {})
    assert "recording 1 (POST /v1/responses, line 2)" in why
    assert '-   "content": "Weather in Paris?"' in why
    assert '+   "content": "Weather in Rome?"' in why
    assert len(why.splitlines()) < 20


def test_a_miss_of_another_kind_says_what_there_is() -> None:
    why = Matching(conversation()).explain(Wanted("GET", "/v1/models", None, False), {})
    assert why == "no GET models was recorded; the cassette holds POST responses streamed"


def test_a_second_use_is_told_from_a_miss() -> None:
    matching = Matching(conversation())
    body = {"model": "gpt-5.4", "input": [USER], "tools": [WEATHER]}
    assert "recorded once" in matching.explain(ask(body), {0: 1})
