"""A client whose connection broke asks the model to go on: what the mocked model says then."""

from __future__ import annotations

from typing import Any

import pytest
from mock_openai import MockServer, Script, call, reply
from mock_openai.protocol.reply import Reasoning, Refusal, Text
from mock_openai.source import ScriptError
from openai import AsyncOpenAI

ANSWER = "Good evening. It is 21 degrees and sunny, very very sunny."
ASKS = {"role": "developer", "content": "Continue exactly where it stops."}


def asked(spoken: str, *behind: dict[str, Any], user: str = "weather") -> list[dict[str, Any]]:
    return [{"role": "user", "content": user}, {"role": "assistant", "content": spoken}, *behind]


async def said(server: MockServer, items: Any, **more: Any) -> str:
    async with AsyncOpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
        response = await client.responses.create(model="gpt-4.1", input=items, **more)
    return "".join(
        getattr(part, "text", None) or getattr(part, "refusal", "")
        for item in response.output
        if item.type == "message"
        for part in item.content
    )


@pytest.mark.parametrize("behind", [(ASKS,), (), (ASKS, {"role": "system", "content": "Be brief."})])
@pytest.mark.parametrize("spoken", ["Good", "Good evening. It is 21 deg", "Good evening. It is", ANSWER[:-7]])
async def test_a_model_goes_on_with_the_rest(spoken: str, behind: tuple[dict[str, Any], ...]) -> None:
    async with MockServer(script=[reply(ANSWER, user="weather")]) as server:
        assert await said(server, asked(spoken, *behind)) == ANSWER.removeprefix(spoken)


@pytest.mark.parametrize(
    ("spoken", "rest"),
    [("Good  evening.\nIt is", " 21 degrees"), ("Good evening. ", "It is 21 degrees"), (" Good", " evening")],
)
async def test_white_space_makes_no_other_beginning(spoken: str, rest: str) -> None:
    async with MockServer(script=[reply(ANSWER, user="weather")]) as server:
        assert (await said(server, asked(spoken, ASKS))).startswith(rest)


async def test_it_repeats_rephrases_or_refuses_as_its_rule_says() -> None:
    script = [
        reply(ANSWER, user="repeat", continuation="repeat"),
        reply(ANSWER, user="rephrase", continuation="rephrase"),
        reply(ANSWER, user="refuse", continuation="refuse"),
    ]
    spoken = "Good evening. It is 21"
    async with MockServer(script=script) as server:
        assert await said(server, asked(spoken, ASKS, user="repeat")) == ANSWER
        assert (
            await said(server, asked(spoken, ASKS, user="rephrase"))
            == "Put another way, it is 21 degrees and sunny, very very sunny."
        )
        assert "can't" in await said(server, asked(spoken, ASKS, user="refuse"))
        assert await said(server, "refuse") == ANSWER


@pytest.mark.parametrize(
    "items",
    [
        asked("Something else.", ASKS),
        asked(ANSWER, ASKS),
        asked(" ", ASKS),
        [*asked("Good", ASKS), {"role": "user", "content": "weather"}],
        [{"role": "assistant", "content": "Good"}, ASKS],
    ],
    ids=["other words", "the whole answer", "nothing", "the user spoke again", "nobody asked"],
)
async def test_what_is_no_beginning_is_answered_as_ever(items: Any) -> None:
    async with MockServer(script=[reply(ANSWER, user="weather"), reply("Else.")]) as server:
        assert await said(server, items) in (ANSWER, "Else.")


async def test_a_rule_about_the_message_that_asks_comes_first() -> None:
    script = [reply(ANSWER, user="weather"), reply("As I said.", developer="(?i)continue")]
    async with MockServer(script=script) as server:
        assert await said(server, asked("Good", ASKS)) == "As I said."


async def test_an_answer_to_a_tool_is_gone_on_with_and_not_the_call() -> None:
    script = [reply(ANSWER, tool_output="look"), reply(call("look"), user="weather")]
    items = [
        {"role": "user", "content": "weather"},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "21"},
        {"role": "assistant", "content": "Good evening."},
        ASKS,
    ]
    async with MockServer(script=script) as server:
        assert await said(server, items) == ANSWER.removeprefix("Good evening.")


async def test_it_counts_but_not_as_another_answer() -> None:
    script = [reply(ANSWER, user="weather", times=1), reply("Second.", user="weather")]
    async with MockServer(script=script) as server:
        assert await said(server, "weather") == ANSWER
        assert await said(server, asked("Good", ASKS)) == ANSWER.removeprefix("Good")
        assert await said(server, "weather") == "Second."
        assert server.script[0].answered == 2
        assert server.script[0].requests[1]["input"][-1] == ASKS


async def test_a_continued_response_is_gone_on_with_as_well() -> None:
    async with (
        MockServer(script=[reply("Hello.", user="hello"), reply(ANSWER, user="weather")]) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any") as client,
    ):
        first = await client.responses.create(model="gpt-4.1", input="hello")
        rest = await said(server, asked("Good", ASKS), previous_response_id=first.id)
    assert rest == ANSWER.removeprefix("Good")


async def test_what_a_function_says_is_gone_on_with() -> None:
    calls: list[object] = []

    def answer(turn: Any) -> str:
        calls.append(turn)
        return ANSWER

    async with MockServer(script=[reply(answer, user="weather", continuation="repeat")]) as server:
        assert await said(server, asked("Good", ASKS)) == ANSWER
    async with MockServer(script=[answer]) as server:
        assert await said(server, asked("Good", ASKS)) == ANSWER.removeprefix("Good")
    assert len(calls) == 2


async def test_improvised_answers_are_gone_on_with() -> None:
    async with MockServer() as server:
        whole = await said(server, "What is new?")
        assert await said(server, asked(whole[:9], ASKS, user="What is new?")) == whole[9:]


async def test_items_behind_the_text_still_come_and_those_before_it_do_not() -> None:
    rule = reply(Reasoning(("Hm.",)), Text("Let me look."), call("look"), user="weather")
    refusing = reply(Refusal("I cannot say."), user="secret")
    async with (
        MockServer(script=[rule, refusing]) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="any") as client,
    ):
        for spoken, kinds in [("Let me", ["message", "function_call"]), ("Let me look.", ["function_call"])]:
            response = await client.responses.create(model="gpt-4.1", input=asked(spoken, ASKS))
            assert [item.type for item in response.output] == kinds
        assert await said(server, asked("I cannot", ASKS, user="secret")) == " say."


def test_deltas_that_a_script_fixes_go_on_where_they_were_cut() -> None:
    from mock_openai.protocol.reply import Reply
    from mock_openai.responders.continuation import going_on

    fixed = Reply((Text("One two three", ("One ", "two ", "three")),))
    continued = going_on(fixed, "One t", "rest")
    assert continued is not None
    assert continued.items == (Text("wo three", ("wo ", "three")),)


def test_a_mistake_is_told() -> None:
    with pytest.raises(
        ScriptError, match=r"a\.yaml:4: found the text 'again'; expected rest, repeat, rephrase or refuse"
    ):
        Script.loads("replies:\n- when: {user: a}\n  reply: b\n  continuation: again\n", name="a.yaml")
    with pytest.raises(ScriptError, match="continuation in a rule that answers with an error"):
        Script.loads("replies:\n- error: 503\n  continuation: rest\n", name="a.yaml")
    with pytest.raises(ScriptError, match="expected rest, repeat"):
        reply("Hi.", continuation="again")  # type: ignore[arg-type]
    loaded = Script.loads("replies:\n- reply: b\n  continuation: refuse\n", name="a.yaml")
    assert loaded.rules[0].rule.continuation == "refuse"
