"""Conversations that share what they have in common: whoever extends one changes no other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai import ApiError
from mock_openai.protocol.conversation import check_conversation
from mock_openai.protocol.history import History
from mock_openai.protocol.request import parse_request

NAMES = st.sampled_from("abc")
CALLS = ("function_call", "custom_tool_call", "shell_call")
ITEM = st.one_of(
    st.builds(lambda name: {"role": "user", "content": name}, NAMES),
    st.builds(lambda kind, name: {"type": kind, "call_id": name}, st.sampled_from(CALLS), NAMES),
    st.builds(lambda kind, name: {"type": f"{kind}_output", "call_id": name}, st.sampled_from(CALLS), NAMES),
    st.builds(lambda name: {"type": "local_shell_call", "call_id": name, "id": f"l{name}"}, NAMES),
    st.builds(lambda name: {"type": "local_shell_call_output", "id": f"l{name}", "output": "x"}, NAMES),
    st.builds(lambda name: {"type": "mcp_approval_request", "id": f"m{name}"}, NAMES),
    st.builds(lambda name: {"type": "mcp_approval_response", "approval_request_id": f"m{name}"}, NAMES),
)
STEPS = st.lists(st.tuples(st.integers(0, 20), st.lists(ITEM, max_size=3), st.booleans()), max_size=8)


def refused(history: Any, items: list[dict[str, Any]]) -> str | None:
    request = parse_request({"model": "gpt-4o", "input": "x"}, transport="http")
    object.__setattr__(request, "input", tuple(items))
    try:
        check_conversation(history, request)
    except ApiError as error:
        return error.message
    return None


@settings(max_examples=200, deadline=None)
@given(STEPS, st.lists(ITEM, max_size=3))
def test_every_view_is_what_it_was_made_of(steps: Any, items: list[dict[str, Any]]) -> None:
    views: list[tuple[History, tuple[Any, ...]]] = [(History(), ())]
    for place, added, looked_at in steps:
        view, model = views[place % len(views)]
        if looked_at:
            refused(view, items)
        views.append((view.extended(added), (*model, *added)))
    for view, model in views:
        assert view == model
        assert tuple(view) == model
        assert tuple(reversed(view)) == model[::-1]
        assert len(view) == len(model)
        assert view[1:] == model[1:]
        assert refused(view, items) == refused(model, items)


def test_items_are_found_by_their_place() -> None:
    history = History([{"a": 1}]).extended([{"b": 2}])
    assert (history[0], history[-1]) == ({"a": 1}, {"b": 2})
    assert history != [{"a": 1}]
    with pytest.raises(IndexError):
        history[2]
