"""Whatever a context holds, the API takes the request, and the bot goes on."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai import MockServer, call, reply
from mock_openai.protocol.errors import ApiError
from mock_openai.responders import Reply, Text
from ninelives import Bot
from openai import AsyncOpenAI, BadRequestError
from pipecat.adapters.llm.services.open_ai_responses_adapter import OpenAIResponsesLLMAdapter
from pipecat.processors.aggregators.llm_context import LLMContext, LLMSpecificMessage
from pipecat_responses import OpenAIResponsesHttpLLMService
from pipecat_responses.base import ResponsesService
from pipecat_responses.items import Names, valid_input
from pipecat_responses.messages import carried

Make = Callable[..., ResponsesService]

TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "found"}


def text_item(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": text}


def parts_item(role: str, *texts: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"role": role, "content": [{"type": kind, "text": text} for text in texts]}


def call_item(call_id: str = "call_1", name: str = "look_up", arguments: str = "{}") -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def output_item(output: Any, call_id: str = "call_1") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def part(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


LONG = "call_" + "x" * 80

TABLE: dict[str, tuple[list[Any], list[dict[str, Any]]]] = {
    "text parts of an assistant": (
        [{"role": "assistant", "content": [part("One."), part("Two.")]}],
        [parts_item("assistant", "One.", "Two.")],
    ),
    "text parts of others": (
        [{"role": role, "content": [part("Hi.")]} for role in ("user", "developer", "system")],
        [parts_item("user", "Hi."), parts_item("developer", "Hi."), parts_item("developer", "Hi.")],
    ),
    "no content": (
        [{"role": role, "content": None} for role in ("user", "assistant", "developer")] + [{"role": "user"}],
        [],
    ),
    "an empty list": ([{"role": "user", "content": []}, {"role": "assistant", "content": []}], []),
    "text beside calls": (
        [{"role": "assistant", "content": "One moment.", "tool_calls": [TOOL_CALL]}, RESULT],
        [text_item("assistant", "One moment."), call_item(), output_item("found")],
    ),
    "text parts beside calls": (
        [{"role": "assistant", "content": [part("One moment.")], "tool_calls": [TOOL_CALL]}, RESULT],
        [parts_item("assistant", "One moment."), call_item(), output_item("found")],
    ),
    "a result that is a dict": (
        [{"role": "assistant", "tool_calls": [TOOL_CALL]}, {**RESULT, "content": {"ok": True, "n": None}}],
        [call_item(), output_item('{"ok":true,"n":null}')],
    ),
    "a result that is a list": (
        [{"role": "assistant", "tool_calls": [TOOL_CALL]}, {**RESULT, "content": [1, "two"]}],
        [call_item(), output_item('[1,"two"]')],
    ),
    "a result that is None": (
        [{"role": "assistant", "tool_calls": [TOOL_CALL]}, {**RESULT, "content": None}],
        [call_item(), output_item("null")],
    ),
    "a result as text parts": (
        [{"role": "assistant", "tool_calls": [TOOL_CALL]}, {**RESULT, "content": [part("found")]}],
        [call_item(), output_item([{"type": "input_text", "text": "found"}])],
    ),
    "arguments that are a dict": (
        [
            {
                "role": "assistant",
                "tool_calls": [{"id": "call_1", "function": {"name": "f", "arguments": {"a": 1}}}],
            },
            RESULT,
        ],
        [call_item(name="f", arguments='{"a":1}'), output_item("found")],
    ),
    "the oldest form of a call, beside a text": (
        [
            {
                "role": "assistant",
                "content": "One moment.",
                "function_call": {"name": "look", "arguments": "{}"},
            },
            {"role": "function", "name": "look", "content": "found"},
        ],
        [text_item("assistant", "One moment."), call_item("look", "look"), output_item("found", "look")],
    ),
    "both forms of a call": (
        [
            {
                "role": "assistant",
                "function_call": {"name": "look", "arguments": "{}"},
                "tool_calls": [TOOL_CALL],
            },
            RESULT,
            {"role": "function", "name": "look", "content": "seen"},
        ],
        [call_item(), call_item("look", "look"), output_item("found"), output_item("seen", "look")],
    ),
    "a result without its call": ([text_item("user", "hi"), RESULT], [text_item("user", "hi")]),
    "a second result": (
        [{"role": "assistant", "tool_calls": [TOOL_CALL]}, RESULT, {**RESULT, "content": "again"}],
        [call_item(), output_item("found")],
    ),
    "a result before its call": (
        [RESULT, {"role": "assistant", "tool_calls": [TOOL_CALL]}],
        [call_item(), output_item("found")],
    ),
    "a call without a result": (
        [{"role": "assistant", "tool_calls": [TOOL_CALL]}, text_item("user", "well?")],
        [call_item(), output_item("No result."), text_item("user", "well?")],
    ),
    "empty ids": (
        [
            {"role": "assistant", "tool_calls": [{**TOOL_CALL, "id": ""}, {**TOOL_CALL, "id": ""}]},
            {**RESULT, "tool_call_id": "", "content": "one"},
            {**RESULT, "tool_call_id": "", "content": "two"},
        ],
        [
            call_item("call_without_id_1"),
            call_item("call_without_id_2"),
            output_item("one", "call_without_id_1"),
            output_item("two", "call_without_id_2"),
        ],
    ),
    "a name with a dot": (
        [
            {
                "role": "assistant",
                "tool_calls": [{**TOOL_CALL, "function": {"name": "crm.look up", "arguments": "{}"}}],
            },
            RESULT,
        ],
        [call_item(name="crm_look_up"), output_item("found")],
    ),
    "parts that are plain texts": ([{"role": "user", "content": ["Hi."]}], [parts_item("user", "Hi.")]),
    "an unknown role": (
        [{"role": "narrator", "content": "Meanwhile"}, text_item("user", "hi")],
        [text_item("user", "hi")],
    ),
    "a thought without its ciphertext": (
        [
            LLMSpecificMessage("openai_responses", {"type": "reasoning", "id": "rs_1", "summary": []}),
            text_item("assistant", "So."),
        ],
        [text_item("assistant", "So.")],
    ),
    "a picture of the assistant": (
        [
            {
                "role": "assistant",
                "content": [
                    part("Look."),
                    {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
                ],
            }
        ],
        [parts_item("assistant", "Look.")],
    ),
    "half a surrogate pair": (
        [
            text_item("user", "a\ud83d"),
            text_item("developer", "\ude00b"),
            text_item("assistant", "\ud83d\ude00"),
        ],
        [
            text_item("user", "a\ufffd"),
            text_item("developer", "\ufffdb"),
            text_item("assistant", "\U0001f600"),
        ],
    ),
}


async def sent(messages: list[Any], server: MockServer, make: Make, **arguments: Any) -> list[dict[str, Any]]:
    """The input of the request that a context makes, as the server received it."""
    server.script.add(reply("Yes."))
    service = make(server, **arguments)
    try:
        assert await service.run_inference(LLMContext(messages)) == "Yes."
    finally:
        await service.cleanup()
    return list(server.journal.requests[-1]["input"])


@pytest.mark.parametrize(("messages", "wire"), TABLE.values(), ids=TABLE.keys())
async def test_each_shape_has_its_form_on_the_wire(
    messages: list[Any], wire: list[dict[str, Any]], make_http: Make
) -> None:
    end = text_item("user", "and?")
    async with MockServer() as server:
        assert await sent([*messages, end], server, make_http) == [*wire, end]


async def test_an_id_that_is_too_long_is_another_one_on_both_sides(make_http: Make) -> None:
    messages = [
        {"role": "assistant", "tool_calls": [{**TOOL_CALL, "id": LONG}]},
        {**RESULT, "tool_call_id": LONG},
    ]
    async with MockServer() as server:
        made, output = await sent(messages, server, make_http)
        again, _ = await sent(messages, server, make_http)
    assert made["call_id"] == output["call_id"] == again["call_id"]
    assert 0 < len(made["call_id"]) <= 64


@pytest.mark.virtual_time
async def test_a_function_whose_name_the_api_does_not_take_is_called_under_its_own(make: Make) -> None:
    called: list[str] = []

    def look_up(name: str) -> str:
        """Look somebody up."""
        called.append(name)
        return "found"

    look_up.__name__ = "crm.look.up"
    async with MockServer(
        script=[
            reply(call("crm_look_up", name="Ann"), user="look"),
            reply("Found.", tool_output="crm_look_up"),
        ]
    ) as server:
        async with Bot(make(server), tools=[look_up]) as bot:
            turn = await bot.say("look")
            after = await bot.say("look again")
        names = {tool["name"] for body in server.journal.requests for tool in body.get("tools", ())}
    assert (called, turn.text, turn.errors, after.errors) == (["Ann", "Ann"], "Found.", [], [])
    assert names == {"crm_look_up"}


@pytest.mark.virtual_time
async def test_a_picture_that_the_api_refuses_is_dropped_once_and_said(make: Make) -> None:
    """Every later turn would be refused for it as well."""

    def answer(turn: Any) -> Any:
        if "no-picture" in str(turn.history) + str(turn.body["input"]):
            return ApiError("Invalid image.", param="input", code="invalid_image_format")
        return Reply((Text("I see."),))

    picture = {
        "role": "user",
        "content": [{"type": "image_url", "image_url": {"url": "https://x.test/no-picture"}}],
    }
    context = LLMContext([picture])  # type: ignore[list-item]
    async with MockServer(script=[reply(answer)]) as server, Bot(make(server), context=context) as bot:
        first = await bot.say("what is this?")
        second = await bot.say("and now?")
        usable = bot.service.is_usable
    assert (first.text, [error.category for error in first.errors]) == ("", ["application"])
    assert "removed from the context" in first.errors[0].message
    assert (second.text, second.errors, usable) == ("I see.", [], True)


def test_no_two_functions_share_a_name_on_the_wire() -> None:
    names = Names([{"name": name} for name in ("a.b", "a b", "a_b", "x" * 200, "x" * 201)])
    wire = [names.valid(name) for name in ("a.b", "a b", "a_b", "x" * 200, "x" * 201)]
    assert len(set(wire)) == 5
    assert wire[2] == "a_b"
    assert [names.own(name) for name in wire] == ["a.b", "a b", "a_b", "x" * 200, "x" * 201]


# Any context at all -----------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(), max_size=8) | st.sampled_from(["a\ud83d", "\udc00", "", " ", LONG])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
IMAGE = {"url": "data:image/png;base64,iVBORw0KGgo="}
PARTS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, TEXTS),
    st.builds(lambda text: {"type": "input_text", "text": text}, TEXTS),
    st.builds(lambda text: {"type": "output_text", "text": text}, TEXTS),
    st.just({"type": "image_url", "image_url": IMAGE}),
    st.just({"type": "image_url", "image_url": IMAGE["url"]}),
    st.just({"type": "image_url"}),
    st.just({"type": "file_base64", "file": {}}),
    st.sampled_from([{"role": "user"}, {"type": None, "text": 1}, {"type": ["text"], "text": "hi"}, {}]),
    TEXTS,
)
CONTENTS = st.one_of(st.none(), TEXTS, st.lists(PARTS, max_size=3))
IDS = st.sampled_from(["call_1", "call_2", "", LONG, None])
CALLS = st.builds(
    lambda call_id, name, arguments: {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    },
    IDS,
    st.sampled_from(["f", "a.b", "a b", "x" * 140, ""]),
    st.none() | st.sampled_from(["{}", '{"a": 1}', "no json"]) | st.dictionaries(st.text(max_size=3), VALUES),
)
MESSAGES = st.one_of(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["user", "assistant", "developer", "system", "narrator", None]),
        CONTENTS,
    ),
    st.builds(
        lambda content, calls: {"role": "assistant", "content": content, "tool_calls": calls},
        CONTENTS,
        st.lists(CALLS, max_size=2),
    ),
    st.builds(
        lambda call_id, content: {"role": "tool", "tool_call_id": call_id, "content": content},
        IDS,
        VALUES | st.lists(PARTS, max_size=2),
    ),
    st.builds(
        lambda cipher: LLMSpecificMessage(
            "openai_responses",
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": cipher},
        ),
        st.none() | st.just("gAAAA"),
    ),
)


@settings(max_examples=150, deadline=None)
@given(messages=st.lists(MESSAGES, max_size=6))
async def test_whatever_a_context_holds_the_request_is_accepted(messages: list[Any]) -> None:
    async with MockServer(script=[reply("Yes.")]) as server:
        service = OpenAIResponsesHttpLLMService(api_key="any", base_url=server.base_url)
        try:
            context = LLMContext([*messages, text_item("user", "and?")])
            assert await service.run_inference(context) == "Yes."
        finally:
            await service.cleanup()


async def input_of(messages: list[Any], *, bundles: bool) -> list[Any]:
    adapter = OpenAIResponsesLLMAdapter()
    context = carried(
        LLMContext(messages),
        bundles=bundles,
        specific=adapter.create_llm_specific_message,
        warn=lambda _: None,
    )
    invocation = await adapter.get_llm_invocation_params(context, system_instruction="Be kind.")
    return valid_input(invocation["input"])


@settings(max_examples=300, deadline=None)
@given(messages=st.lists(MESSAGES, max_size=8))
async def test_messages_in_bundles_become_what_each_of_them_becomes(messages: list[Any]) -> None:
    """An adapter of the user's own sees each message, Pipecat's sees bundles of the plain ones."""
    each = await input_of(copy.deepcopy(messages), bundles=False)
    assert await input_of(messages, bundles=True) == each


def scramble(value: Any) -> None:
    """Change everything within a value in place."""
    if isinstance(value, LLMSpecificMessage):
        scramble(value.message)
    elif isinstance(value, dict):
        for inner in value.values():
            scramble(inner)
        value.clear()
        value["role"] = "user"
    elif isinstance(value, list):
        for inner in value:
            scramble(inner)
        value.append("changed")


@settings(max_examples=300, deadline=None)
@given(messages=st.lists(MESSAGES, max_size=8), bundles=st.booleans())
async def test_a_context_that_changes_in_place_changes_no_request_that_was_made(
    messages: list[Any], bundles: bool
) -> None:
    """What the server remembers is compared with this request, as it was sent."""
    messages = copy.deepcopy(messages)  # what is drawn as it stands is drawn again
    made = await input_of(messages, bundles=bundles)
    before = copy.deepcopy(made)
    scramble(messages)
    assert made == before


@pytest.mark.virtual_time
@pytest.mark.parametrize("when", ["during the answer", "between turns"])
async def test_a_context_changed_in_place_is_sent_again(make_websocket: Make, when: str) -> None:
    image = {"type": "input_image", "image_url": "https://x.test/1.png"}
    context = LLMContext([{"role": "user", "content": [image]}])
    server = MockServer(script=[reply(Text("A cat on a mat.", deltas=4))], pace="fixed:0.1")
    async with server, Bot(make_websocket(server), context=context) as bot:
        if when == "during the answer":
            asyncio.get_running_loop().call_later(0.3, image.update, {"image_url": "https://x.test/2.png"})
        await bot.say("what is this?")
        image["image_url"] = "https://x.test/2.png"
        turn = await bot.say("and now?")
        requests = [body for body in server.journal.requests if body.get("generate") is not False]
    assert (turn.text, turn.errors) == ("A cat on a mat.", [])
    assert "previous_response_id" not in requests[-1]
    assert "https://x.test/2.png" in str(requests[-1]["input"])


async def test_the_server_would_have_refused_them() -> None:
    """The check above can fail: what Pipecat's adapter makes of such a context is refused."""
    async with (
        MockServer(script=[reply("Yes.")]) as server,
        AsyncOpenAI(api_key="any", base_url=server.base_url, max_retries=0) as client,
    ):
        for item in (
            {"role": "assistant", "content": [{"type": "input_text", "text": "One."}]},
            {"role": "user", "content": None},
            output_item("found"),
            call_item("x" * 80),
            call_item(name="a.b"),
        ):
            with pytest.raises(BadRequestError):
                await client.responses.create(model="gpt-4.1", input=[item])  # type: ignore[list-item]
