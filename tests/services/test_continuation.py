"""What the server remembers plus what is sent is always the whole conversation, and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat_responses.continuation import Memory

Item = dict[str, Any]


def user(text: str) -> Item:
    return {"role": "user", "content": text}


def assistant(text: str) -> Item:
    return {"role": "assistant", "content": text}


def message(*texts: str) -> Item:
    parts = [{"type": "output_text", "text": text} for text in texts]
    return {"type": "message", "role": "assistant", "id": "msg_1", "content": parts}


def call(call_id: str, arguments: str = "{}", name: str = "look") -> Item:
    return {
        "type": "function_call",
        "id": f"fc_{call_id}",
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }


def kept_call(call_id: str, arguments: str = "{}", name: str = "look") -> Item:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def result(call_id: str, output: str = "ok") -> Item:
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def thought(item_id: str) -> Item:
    return {"type": "reasoning", "id": item_id, "summary": [], "encrypted_content": "gAAA"}


ASKED = [user("hello")]
NEXT = user("and now?")


def remembering(
    *output: Item, asked: list[Item] = ASKED, model: str = "m", lane: str = "a", id: str = "r1"
) -> Memory:
    memory = Memory()
    memory.remember(lane, id, model, asked, output)
    return memory


INCREMENTAL = {
    "plain text": ([message("Hi.")], [assistant("Hi."), NEXT], [NEXT]),
    "white space at the edges": ([message("  Hi there.\n")], [assistant("Hi there."), NEXT], [NEXT]),
    "two messages": ([message("One."), message("Two.")], [assistant("One.Two."), NEXT], [NEXT]),
    "one call": ([call("c1")], [kept_call("c1"), result("c1")], [result("c1")]),
    "two calls": (
        [call("c1"), call("c2")],
        [kept_call("c1"), result("c1"), kept_call("c2"), result("c2")],
        [result("c1"), result("c2")],
    ),
    "arguments written differently": (
        [call("c1", '{"a":1,"b":"é"}')],
        [kept_call("c1", '{"a": 1, "b": "\\u00e9"}'), result("c1")],
        [result("c1")],
    ),
    "text and a call": (
        [message("Wait."), call("c1")],
        [assistant("Wait."), kept_call("c1"), result("c1"), NEXT],
        [result("c1"), NEXT],
    ),
    "reasoning that is kept": (
        [thought("rs"), message("Hi.")],
        [thought("rs"), assistant("Hi."), NEXT],
        [NEXT],
    ),
    "reasoning that is not kept": ([thought("rs"), message("Hi.")], [assistant("Hi."), NEXT], [NEXT]),
    "reasoning put first by the aggregator": (
        [message("Hm."), thought("rs"), call("c1")],
        [thought("rs"), assistant("Hm."), kept_call("c1"), result("c1")],
        [result("c1")],
    ),
    "a tool of the server": (
        [{"type": "web_search_call", "id": "ws", "status": "completed"}, message("Found.")],
        [assistant("Found."), NEXT],
        [NEXT],
    ),
    "nothing but a warm-up": ([], [NEXT], [NEXT]),
    "several new messages": (
        [message("Hi.")],
        [assistant("Hi."), {"role": "developer", "content": "be brief"}, NEXT],
        [{"role": "developer", "content": "be brief"}, NEXT],
    ),
}


@pytest.mark.parametrize(("output", "since", "sent"), INCREMENTAL.values(), ids=INCREMENTAL.keys())
def test_only_what_is_new_is_sent(output: list[Item], since: list[Item], sent: list[Item]) -> None:
    plan = remembering(*output).plan("m", [*ASKED, *since])
    assert (plan.previous_response_id, plan.lane, plan.send) == ("r1", "a", sent)
    assert plan.known + len(plan.send) == len(ASKED) + len(since)


FULL = {
    "the user's words were edited": ([message("Hi.")], [user("hallo"), assistant("Hi."), NEXT], "m"),
    "an item was removed": ([message("Hi.")], [assistant("Hi."), NEXT], "m"),
    "the reply was cut off by the user": (
        [message("Hi there, friend.")],
        [*ASKED, assistant("Hi there,"), NEXT],
        "m",
    ),
    "the reply was edited": ([message("Hi.")], [*ASKED, assistant("Ho."), NEXT], "m"),
    "words were joined": ([message("no where")], [*ASKED, assistant("nowhere"), NEXT], "m"),
    "the reply is not kept": ([message("Hi.")], [*ASKED, NEXT], "m"),
    "a call is not kept": ([call("c1"), call("c2")], [*ASKED, kept_call("c1"), result("c1"), NEXT], "m"),
    "a call has no result": ([call("c1")], [*ASKED, kept_call("c1"), NEXT], "m"),
    "a call has other arguments": ([call("c1")], [*ASKED, kept_call("c1", '{"x": 1}'), result("c1")], "m"),
    "a call has another name": ([call("c1")], [*ASKED, kept_call("c1", name="touch"), result("c1")], "m"),
    "a call that only the application answers": (
        [{"type": "custom_tool_call", "call_id": "c1", "input": ""}],
        [*ASKED, NEXT],
        "m",
    ),
    "nothing is new": ([message("Hi.")], [*ASKED], "m"),
    "nothing is new but the reply": ([message("Hi.")], [*ASKED, assistant("Hi.")], "m"),
    "another model": ([message("Hi.")], [*ASKED, assistant("Hi."), NEXT], "other"),
}


@pytest.mark.parametrize(("output", "items", "model"), FULL.values(), ids=FULL.keys())
def test_everything_is_sent_when_the_server_might_remember_something_else(
    output: list[Item], items: list[Item], model: str
) -> None:
    plan = remembering(*output).plan(model, items)
    assert (plan.previous_response_id, plan.send, plan.known) == (None, items, 0)


def test_after_a_barge_in_the_turn_before_is_continued_from() -> None:
    memory = Memory()
    memory.remember("a", "r1", "m", ASKED, [message("Hi.")])
    second = [*ASKED, assistant("Hi."), user("tell a story")]
    memory.remember("b", "r2", "m", second, [message("Once upon a time there was a bot.")])
    plan = memory.plan("m", [*second, assistant("Once upon"), user("stop")])
    assert (plan.previous_response_id, plan.lane) == ("r1", "a")
    assert plan.send == [user("tell a story"), assistant("Once upon"), user("stop")]


def test_the_longest_memory_wins() -> None:
    memory = Memory()
    memory.remember("a", "r1", "m", ASKED, [message("Hi.")])
    memory.remember("b", "r2", "m", [*ASKED, assistant("Hi."), NEXT], [message("Now.")])
    plan = memory.plan("m", [*ASKED, assistant("Hi."), NEXT, assistant("Now."), user("later?")])
    assert (plan.previous_response_id, plan.send) == ("r2", [user("later?")])


def test_forgotten_is_forgotten() -> None:
    memory = remembering(message("Hi."))
    memory.forget_response("r1")
    assert memory.plan("m", [*ASKED, assistant("Hi."), NEXT]).previous_response_id is None


WORDS = st.text(st.sampled_from("ab "), max_size=6)
OUTPUT = st.lists(
    st.one_of(
        WORDS.map(message),
        st.sampled_from(["c1", "c2", "c3"]).map(call),
        st.sampled_from(["t1", "t2"]).map(thought),
    ),
    max_size=4,
    unique_by=lambda item: item.get("call_id") or json.dumps(item),
)
REST = st.lists(
    st.one_of(
        WORDS.map(assistant),
        WORDS.map(user),
        st.sampled_from(["c1", "c2", "c3"]).map(kept_call),
        st.sampled_from(["c1", "c2", "c3"]).map(result),
        st.sampled_from(["t1", "t2"]).map(thought),
    ),
    max_size=7,
)


def meaning(items: list[Item]) -> dict[str, Any]:
    """A conversation without its form: what is said, in order, and which calls and results stand in it."""
    said = [
        (
            item["role"],
            "".join(p["text"] for p in item["content"])
            if isinstance(item["content"], list)
            else item["content"],
        )
        for item in items
        if "role" in item
    ]
    words = [(role, text.split()) for role, text in said if text.split()]
    merged: list[tuple[str, list[str]]] = []
    for role, text in words:
        if merged and merged[-1][0] == role == "assistant":
            merged[-1] = (role, ["".join(merged[-1][1]) + "".join(text)])
        else:
            merged.append((role, ["".join(text)] if role == "assistant" else text))
    calls = sorted(item["call_id"] for item in items if item.get("type") == "function_call")
    results = sorted(item["call_id"] for item in items if item.get("type") == "function_call_output")
    return {"said": merged, "calls": calls, "results": results}


@settings(max_examples=400)
@given(output=OUTPUT, rest=REST, edited=st.booleans())
def test_memory_and_request_together_mean_the_conversation(
    output: list[Item], rest: list[Item], edited: bool
) -> None:
    items = [user("hallo") if edited else ASKED[0], *rest]
    plan = remembering(*output).plan("m", items)
    if plan.previous_response_id is None:
        assert plan.send == items
    else:
        assert not edited
        assert meaning([*ASKED, *output, *plan.send]) == meaning(items)
        open_calls = {i["call_id"] for i in output if i["type"] == "function_call"}
        assert open_calls <= {i.get("call_id") for i in plan.send if i.get("type") == "function_call_output"}
