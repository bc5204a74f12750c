"""A request whose settings were found valid before is read as if they were looked at again."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai import ApiError
from mock_openai.protocol.request import Request, parse_request
from mock_openai.protocol.settings_cache import SettingsCache

LOOK = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
INPUTS: list[Any] = [
    "hi",
    "say it in json",
    "",
    [],
    7,
    None,
    "x" * 10_485_761,
    [{"role": "user", "content": "hi"}],
    [
        {"role": "system", "content": "Be"},
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
    ],
    [{"role": "nobody", "content": "hi"}],
    [{"role": "user"}],
    ["hi"],
    [{"type": "additional_tools", "tools": [LOOK]}, {"role": "user", "content": "hi"}],
    [{"type": "function_call_output", "call_id": "call_1", "output": "x"}],
    [{"type": "function_call_output", "output": "x"}],
]
BODY = st.fixed_dictionaries(
    {"model": st.sampled_from(["gpt-4o", "gpt-4o", "gpt-5", "no-model"])},
    optional={
        "input": st.sampled_from(INPUTS),
        "previous_response_id": st.sampled_from([None, "resp_1", "msg_1", 7]),
        "instructions": st.sampled_from(["Be brief.", 7]),
        "tools": st.sampled_from([[LOOK], [{"type": "nothing"}]]),
        "tool_choice": st.sampled_from(["required", "auto", {"type": "function", "name": "look"}]),
        "text": st.just({"format": {"type": "json_object"}}),
        "conversation": st.just("conv_1"),
        "generate": st.just(False),
        "stream": st.sampled_from([True, "yes"]),
        "temperature": st.sampled_from([0.5, 9]),
    },
)


def read(body: dict[str, Any], accepted: SettingsCache | None) -> tuple[Any, ...]:
    try:
        request = None if accepted is None else accepted.read(body)
        if request is None:
            request = parse_request(body, transport="websocket")
            if accepted is not None:
                accepted.keep(request)
    except ApiError as error:
        return error.message, error.param, error.code
    derived = request.settings, request.frame_tokens, request.tokens, request.last_user_text
    return tuple(getattr(request, name) for name in Request.__dataclass_fields__) + derived


@settings(max_examples=200, deadline=None)
@given(st.lists(BODY, max_size=8), st.lists(st.sampled_from(INPUTS), max_size=4))
def test_what_was_accepted_changes_nothing(bodies: list[dict[str, Any]], inputs: list[Any]) -> None:
    accepted = SettingsCache()
    asked = [*bodies, *({**body, "input": given} for body in bodies for given in inputs)]
    for body in asked:
        assert read(body, accepted) == read(body, None)


def test_known_settings_are_not_looked_at_again() -> None:
    accepted = SettingsCache()
    tools = [{**LOOK, "name": f"look_{number}"} for number in range(20)]
    body = {"model": "gpt-4o", "input": "hi", "tools": tools}
    assert accepted.read(body) is None
    accepted.keep(parse_request(body, transport="http"))
    like = accepted.read({**body, "input": "and you?", "previous_response_id": "resp_1"})
    assert like is not None
    assert (like.last_user_text, like.previous_response_id) == ("and you?", "resp_1")
    assert accepted.read({**body, "tools": tools[1:]}) is None
