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
SAYING = st.none() | st.lists(
    st.builds(lambda text: {"type": "message", "role": "assistant", "content": text}, NAMES),
    min_size=1,
    max_size=2,
)
STEPS = st.lists(
    st.tuples(st.integers(0, 20), st.lists(ITEM, max_size=3), SAYING, st.integers(0, 3)), max_size=8
)


class Answer:
    """An answer that notes whether somebody has read it."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self.items = items
        self.read = 0

    def output(self) -> list[dict[str, Any]]:
        self.read += 1
        return list(self.items)


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
    for place, added, said, looked_at in steps:
        view, model = views[place % len(views)]
        if looked_at & 1:
            refused(view, items)
        if looked_at & 2:
            assert tuple(view) == model
        answer = None if said is None else Answer(said)
        views.append((view.extended(tuple(added), answer), (*model, *added, *(said or ()))))
    for view, model in views:
        assert bool(view) is bool(model)
        assert not view.is_answered() or model[-1]["role"] == "assistant"
        assert refused(view, items) == refused(model, items)
        assert [view[at] for at in range(-len(model), len(model))] == [*model, *model]
        assert view == model
        assert tuple(view) == model
        assert tuple(reversed(view)) == model[::-1]
        assert len(view) == len(model)
        assert view[1:] == model[1:]
        assert refused(view, items) == refused(model, items)


def test_items_are_found_by_their_place() -> None:
    history = History([{"a": 1}]).extended(({"b": 2},))
    assert (history[0], history[-1]) == ({"a": 1}, {"b": 2})
    assert history != [{"a": 1}]
    with pytest.raises(IndexError):
        history[2]
    with pytest.raises(IndexError):
        history[-3]


def test_an_answer_is_decoded_once_and_only_for_whoever_reads_it() -> None:
    first, second = Answer([{"role": "assistant", "content": "a"}]), Answer([{"role": "assistant"}])
    history = History([{"role": "user"}]).extended((), first).extended(({"role": "user"},), second)
    fork = history.extended(({"role": "user"},))
    assert refused(history, []) is None
    assert [bool(history), history.is_answered(), fork.is_answered()] == [True, True, False]
    assert (first.read, second.read) == (0, 0)
    assert history[-1] == {"role": "assistant"}
    assert next(reversed(fork)) == {"role": "user"}
    assert (first.read, second.read) == (0, 1), "only what is read is decoded"
    assert len(history) == len(tuple(fork)) - 1 == 4
    assert (first.read, second.read) == (1, 1)


def test_a_call_is_still_open_behind_any_number_of_messages() -> None:
    call, output = {"type": "function_call", "call_id": "a"}, {"type": "function_call_output", "call_id": "a"}
    said = Answer([{"role": "assistant", "content": "x"}])
    before = History().extended(({"role": "user", "content": "x"},), said)
    for asked in (before.extended((call,)), History([call])):
        later = asked.extended(({"role": "user", "content": "y"},), said)
        assert refused(later, []) == "No tool output found for function call a."
        assert refused(later.extended((output,), said), []) is None
    assert refused(before, []) is None, "what others append to the same list is not its own"
