"""Scripts: which rule answers, how often, and what they say about a miss."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from mock_openai import MockServer
from mock_openai.responders import (
    ApiError,
    Call,
    Failed,
    Incomplete,
    Item,
    Reasoning,
    Refusal,
    Reply,
    Script,
    Text,
    Turn,
    Usage,
    call,
    reply,
)

Make = Callable[..., Turn]

CALL = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"}
USER = {"role": "user", "content": "hello"}
ASSISTANT = {"role": "assistant", "content": "Ahoy."}
SYSTEM = {"role": "system", "content": "You are a pirate."}
DEVELOPER = {
    "type": "message",
    "role": "developer",
    "content": [{"type": "input_text", "text": "Please introduce yourself."}],
}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "21 degrees"}

EXAMPLE = """
replies:
  - when: {user: "(?i)weather"}
    reply: [{call: get_weather, arguments: {city: Paris}}]
  - when: {tool_output: get_weather}
    reply: [{text: "It is 21 degrees in Paris."}]
  - when: {user: "bench200"}
    reply: [{text: "...", deltas: 200}]
  - when: {user: "overloaded"}
    error: {status: 503, code: server_is_overloaded}
"""


@pytest.fixture
def example(tmp_path: Path) -> Script:
    path = tmp_path / "script.yaml"
    path.write_text(EXAMPLE)
    return Script.load(path)


async def test_the_first_rule_that_holds_answers(example: Script, turn: Make) -> None:
    assert await example.answer(turn("What's the Weather?")) == Reply(
        (Call("get_weather", '{"city":"Paris"}'),)
    )
    assert await example.answer(turn("bench200")) == Reply((Text("...", deltas=200),))


async def test_a_tool_output_is_answered_even_though_the_user_asked_for_the_weather(
    example: Script, turn: Make
) -> None:
    items = [{"role": "user", "content": "weather?"}, CALL, OUTPUT]
    expected = Reply((Text("It is 21 degrees in Paris."),))
    assert await example.answer(turn(items)) == expected
    # On a socket only the output is sent; the call is in the history.
    assert await example.answer(turn([OUTPUT], history=(items[0], CALL))) == expected
    # The next question is a question again.
    again = turn(
        [*items, {"role": "assistant", "content": "21"}, {"role": "user", "content": "weather tomorrow?"}]
    )
    assert await example.answer(again) == Reply((Call("get_weather", '{"city":"Paris"}'),))


async def test_an_error_can_be_the_answer(example: Script, turn: Make) -> None:
    error = await example.answer(turn("overloaded"))
    assert isinstance(error, ApiError)
    assert (error.status, error.code) == (503, "server_is_overloaded")


async def test_without_a_match_it_passes_and_remembers_why(example: Script, turn: Make) -> None:
    assert await example.answer(turn("Tell me a joke")) is None
    assert "No rule for 'Tell me a joke'." in example.misses[-1]
    assert "/(?i)weather/" in example.misses[-1]
    assert "script.yaml:3" in example.misses[-1]


async def test_python_says_the_same_as_yaml(example: Script) -> None:
    script = Script(
        [
            reply(call("get_weather", city="Paris"), user="(?i)weather"),
            reply("It is 21 degrees in Paris.", tool_output="get_weather"),
            reply(Text("...", deltas=200), user="bench200"),
            reply(error={"status": 503, "code": "server_is_overloaded"}, user="overloaded"),
        ]
    )
    for mine, yours in zip(script.rules[:3], example.rules[:3], strict=True):
        assert (mine.rule.answer, mine.rule.when) == (yours.rule.answer, yours.rule.when)


async def test_rules_may_be_written_as_mappings_or_plain_text(turn: Make) -> None:
    script = Script([{"when": {"user": "hi"}, "reply": [{"text": "Hi!"}]}, "Anything else?"])
    assert await script.answer(turn("hi")) == Reply((Text("Hi!"),))
    assert await script.answer(turn("bye")) == Reply((Text("Anything else?"),))


async def test_a_rule_with_times_answers_so_often_and_steps_aside(turn: Make) -> None:
    script = Script([reply("first", times=1), reply("second", times=2), reply("then")])
    said = [await script.answer(turn()) for _ in range(4)]
    assert said == [Reply((Text(text),)) for text in ("first", "second", "second", "then")]


async def test_functions_answer_too_plain_or_async(turn: Make) -> None:
    async def echo(turn: Turn) -> str | None:
        assert turn.request is not None
        return turn.request.last_user_text.upper() or None

    script = Script([lambda turn: None, reply(echo, user="^echo"), lambda turn: [Text("a"), "b"]])
    assert await script.answer(turn("echo this")) == Reply((Text("ECHO THIS"),))
    assert await script.answer(turn("else")) == Reply((Text("a"), Text("b")))


async def test_a_function_that_gives_nonsense_is_named(turn: Make) -> None:
    with pytest.raises(TypeError, match="returned 42; expected a reply"):
        await Script([lambda turn: 42]).answer(turn())


async def test_everything_a_reply_can_say(turn: Make, tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(
        """
replies:
  - when: {user: all}
    reply:
      - reasoning: [First I think., Then I speak.]
        tokens: 128
      - {text: "Hello ", phase: commentary}
      - {text: "there.", same_message: true, deltas: ["the", "re."]}
      - {refusal: "Not that."}
      - {call: f, arguments: '{"broken', call_id: call_9}
      - item: {type: web_search_call, status: completed}
    delay: 250ms
    usage: {input_tokens: 1, output_tokens: 2}
    incomplete: content_filter
  - when: {user: fail}
    failed: {code: rate_limit_exceeded, mid_item: true}
    reply: "Half an ans"
  - when: {user: quota}
    failed: insufficient_quota
"""
    )
    script = Script.load(path)
    assert await script.answer(turn("all")) == Reply(
        (
            Reasoning(("First I think.", "Then I speak."), tokens=128),
            Text("Hello ", phase="commentary"),
            Text("there.", deltas=("the", "re."), same_message=True),
            Refusal("Not that."),
            Call("f", '{"broken', "call_9"),
            Item({"type": "web_search_call", "status": "completed"}),
        ),
        usage=Usage(input_tokens=1, output_tokens=2),
        finish=Incomplete("content_filter"),
        delay=0.25,
    )
    assert await script.answer(turn("fail")) == Reply(
        (Text("Half an ans"),), finish=Failed("rate_limit_exceeded", mid_item=True)
    )
    assert await script.answer(turn("quota")) == Reply(finish=Failed("insufficient_quota"))


CONDITIONS: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"model": "gpt-4o"}, {}, True),
    ({"model": "gpt-5.*"}, {}, False),
    ({"model": "gpt-4"}, {}, False),
    ({"instructions": "(?i)brief"}, {"instructions": "Be brief."}, True),
    ({"instructions": "brief"}, {}, False),
    ({"metadata": {"room": "1"}}, {"metadata": {"room": "1", "more": "x"}}, True),
    ({"metadata": {"room": "1"}}, {"metadata": {"room": "2"}}, False),
    ({"previous": True}, {"previous_response_id": "resp_1"}, True),
    ({"previous": False}, {"previous_response_id": "resp_1"}, False),
    ({"tool": "f"}, {"tools": [{"type": "function", "name": "f"}]}, True),
    ({"tool": "g"}, {"tools": [{"type": "function", "name": "f"}]}, False),
    ({"transport": "websocket"}, {}, True),
    ({"transport": "http"}, {}, False),
    ({"stream_id": "a"}, {"stream_id": "a"}, True),
    ({"stream_id": "a"}, {}, False),
    ({"body": {"store": False}}, {"store": False}, True),
    ({"body": {"store": False}}, {}, False),
    ({"tool_output": True}, {"said": [CALL, OUTPUT]}, True),
    ({"tool_output": True}, {}, False),
    ({"tool_output": False}, {}, True),
    ({"tool_output": "call_1"}, {"said": [CALL, OUTPUT]}, True),
    ({"tool_output": "other"}, {"said": [CALL, OUTPUT]}, False),
    ({"output": "21"}, {"said": [CALL, OUTPUT]}, True),
    ({"output": "22"}, {"said": [CALL, OUTPUT]}, False),
    (
        {"user": "hello", "tool_output": True},
        {"said": [{"role": "user", "content": "hello"}, CALL, OUTPUT]},
        True,
    ),
    ({"user": "hello"}, {"said": [{"role": "user", "content": "hello"}, CALL, OUTPUT]}, False),
    # A bot that greets sends a developer message and no user's.
    ({"developer": "introduce"}, {"said": [DEVELOPER]}, True),
    ({"developer": "farewell"}, {"said": [DEVELOPER]}, False),
    ({"developer": "introduce"}, {"said": [SYSTEM]}, False),
    ({"developer": "introduce"}, {}, False),
    ({"system": "pirate"}, {"said": [SYSTEM, USER]}, True),
    ({"system": "pirate"}, {"said": [DEVELOPER]}, False),
    # Once answered, it is no longer what the turn answers, however much the client repeats.
    ({"developer": "introduce"}, {"said": [DEVELOPER, ASSISTANT, USER]}, False),
    ({"developer": "introduce"}, {"said": [USER], "history": (DEVELOPER, ASSISTANT)}, False),
    ({"developer": "introduce"}, {"said": [DEVELOPER], "history": (USER, ASSISTANT)}, True),
    # Beside a condition on the turn it looks at the whole conversation.
    ({"developer": "introduce", "user": "hello"}, {"said": [DEVELOPER, ASSISTANT, USER]}, True),
    ({"system": "pirate", "user": "hello"}, {"said": [USER], "history": (SYSTEM, USER, ASSISTANT)}, True),
    ({"system": "pirate", "last": "hello"}, {"said": [USER], "history": (SYSTEM, USER, ASSISTANT)}, True),
    ({"system": "pirate", "user": "hello"}, {"said": [DEVELOPER, ASSISTANT, USER]}, False),
    (
        {"system": "pirate", "tool_output": True},
        {"said": [OUTPUT], "history": (SYSTEM, USER, CALL)},
        True,
    ),
    ({"last": "introduce"}, {"said": [DEVELOPER]}, True),
    ({"last": "introduce"}, {"said": [DEVELOPER, USER]}, False),
    ({"last": "hello"}, {"said": [DEVELOPER, USER]}, True),
    ({"last": "hello"}, {"said": [USER, ASSISTANT]}, True),
    ({"last": "21 degrees"}, {"said": [OUTPUT], "history": (USER, CALL)}, True),
    ({"last": "hello"}, {"said": [OUTPUT], "history": (USER, CALL)}, False),
    ({"last": ""}, {"said": [], "previous_response_id": "resp_1"}, True),
    ({"last": "."}, {"said": [], "previous_response_id": "resp_1"}, False),
    # What the user said before the assistant spoke is not what a developer's message asks for.
    ({"user": "hello"}, {"said": [USER, ASSISTANT, DEVELOPER]}, False),
    ({"user": "hello"}, {"said": [DEVELOPER], "history": (USER, ASSISTANT)}, False),
    ({"user": "hello"}, {"said": [USER, DEVELOPER]}, True),
]


@pytest.mark.parametrize(("conditions", "request_fields", "holds"), CONDITIONS)
async def test_conditions(
    conditions: dict[str, Any], request_fields: dict[str, Any], holds: bool, turn: Make
) -> None:
    script = Script([reply("yes", when=conditions)])
    asked = turn(**request_fields)
    assert (await script.answer(asked) is not None) == holds
    explained = script.explain(asked)
    assert explained.startswith("rule 1 (test_script.py:" if holds else "No rule for")


def test_the_nearest_rule_is_the_one_with_the_most_that_holds(turn: Make) -> None:
    script = Script(
        [reply("a", user="joke"), reply("b", user="hello", model="gpt-4o", metadata={"room": "7"})]
    )
    told = script.explain(turn("hello"))
    assert re.sub(r" \(.*?\)", "", told) == (
        "No rule for 'hello'. Nearest of 2 was rule 2: metadata: room is nothing, not '7'."
    )


NEAREST: list[tuple[Any, str]] = [
    # What was said counts more than conditions that hold for everybody.
    ("bye", "rule 3 (x): instructions: nothing has no match for /polite/"),
    ([{"role": "user", "content": "hi"}, CALL, OUTPUT], "rule 2 (x): tool_output: the input ends with the"),
    ("hello", "rule 1 (x): user: 'hello' has no match for /weather/"),
    ([DEVELOPER], "rule 4 (x): developer: 'Please introduce yourself.' has no match for /goodbye/"),
    ([SYSTEM], "rule 5 (x): last: 'You are a pirate.' has no match for /goodbye/"),
]


@pytest.mark.parametrize(("said", "nearest"), NEAREST)
def test_the_nearest_rule_is_one_for_what_was_said(said: Any, nearest: str, turn: Make) -> None:
    script = Script(
        [
            reply("a", user="weather", model="gpt-4o", transport="websocket", tool="get_weather"),
            reply("b", tool_output="another_tool"),
            reply("c", user="bye", instructions="polite"),
            reply("d", developer="goodbye"),
            reply("e", last="goodbye"),
        ]
    )
    told = script.explain(turn(said))
    assert f"Nearest of 5 was {nearest}" in re.sub(r"\(test_script.py:\d+\)", "(x)", told)


MISSED: list[tuple[Any, str]] = [
    ("hello", "No rule for 'hello'. "),
    ([DEVELOPER], "No rule for the developer message 'Please introduce yourself.'. "),
    ([USER, ASSISTANT, SYSTEM], "No rule for the system message 'You are a pirate.'. "),
    ([{"role": "user", "content": "a\nb " + "c" * 99}], f"No rule for 'a b {'c' * 53}...'. "),
    ([{"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}], "No rule for the "
     "item mcp_approval_response. "),
    ([CALL, OUTPUT], "No rule for the output of get_weather. "),
]  # fmt: skip


@pytest.mark.parametrize(("said", "told"), MISSED)
def test_a_miss_tells_what_was_asked(said: Any, told: str, turn: Make) -> None:
    script = Script([reply("never", user="x^")])
    assert script.explain(turn(said)).startswith(told)


def test_a_request_without_input_is_told_as_such(turn: Make) -> None:
    script = Script([reply("never", user="x^")])
    told = script.explain(turn([], previous_response_id="resp_1"))
    assert told.startswith("No rule for a request without input. ")


def test_a_rule_says_where_it_was_written(turn: Make) -> None:
    line = sys._getframe().f_lineno + 1
    script = Script([reply("a", user="weather")])
    assert f"rule 1 (test_script.py:{line})" in script.explain(turn("hello"))


async def test_somebody_can_be_told_of_misses_as_they_happen(turn: Make) -> None:
    script, told = Script([reply("a", user="weather")]), []
    script.on_miss = told.append
    await script.answer(turn("hello"))
    assert [str(miss) for miss in told] == list(script.misses)


async def test_a_used_up_rule_says_so(turn: Make) -> None:
    script = Script([reply("once", user="hi", times=1)])
    await script.answer(turn("hi"))
    assert "times: it has answered once already" in script.explain(turn("hi"))


async def test_a_script_may_grow_and_be_cleared(turn: Make) -> None:
    script = Script()
    assert await script.answer(turn()) is None
    assert not script.misses
    script.add(reply("last"))
    script.add(reply("first"), first=True)
    assert await script.answer(turn()) == Reply((Text("first"),))
    script.clear()
    assert await script.answer(turn()) is None


@pytest.mark.parametrize("said", ["hello", [OUTPUT]])
def test_a_miss_costs_little_for_each_rule_however_long_the_conversation(said: Any, turn: Make) -> None:
    script = Script([reply("a", user=f"w{n}", tool_output=f"t{n}") for n in range(50)])
    earlier: tuple[Any, ...] = ({"role": "user", "content": "earlier"},) * 500
    asked = turn(said, history=(*earlier, CALL))
    script.explain(asked)  # compiles the patterns
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        told = script.explain(asked)
    finally:
        sys.setprofile(None)
    assert told.startswith("No rule for ")
    # Calls and returns; it was ten thousand when each rule looked through the conversation anew.
    assert calls / 50 < 500


async def test_no_explanation_has_a_secret_that_the_user_said() -> None:
    key = "sk-proj-Zq81mNbTw0LrX5kUe7HsVdPy3GcJ2aFo9iB4"
    said = f"My dear friend, the key that I was given is {key}, and the password is kJ8vQ2mZx7Lp4Rt."
    rules = Script([reply("It is.", user="weather"), reply("It was.", last="rain")])
    async with MockServer(rules) as server, aiohttp.ClientSession() as session:
        for text in (said, f"{key} {said}"):
            body = {"model": "gpt-5.4", "input": text}
            async with session.post(f"{server.base_url}/responses", json=body) as answer:
                assert answer.status == 200
        (one, other) = server.misses
        assert "My dear friend" in one
        assert key[8:16] not in one + other
