"""A rule is a handle: a test asks it which requests it answered."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from mock_openai import reply
from mock_openai.responders import Reply, Script, ScriptError, Text, Turn

Make = Callable[..., Turn]


async def test_a_rule_tells_what_it_was_asked(turn: Make) -> None:
    script = Script()
    weather = script.add(reply("Sunny.", user="weather"))
    joke = script.add(reply("A horse.", user="joke"))
    await script.answer(turn("the weather?", model="gpt-4.1"))
    assert weather.request["model"] == "gpt-4.1"
    assert [body["input"] for body in weather.requests] == ["the weather?"]
    assert (weather.answered, joke.answered, joke.requests) == (1, 0, [])


async def test_several_rules_have_a_handle_each(turn: Make) -> None:
    script = Script()
    handles = script.add("one", reply("two", user="two"), first=True)
    assert isinstance(handles, tuple)
    await script.answer(turn("two"))
    assert [handle.answered for handle in handles] == [1, 0]
    assert script.rules == handles


async def test_the_only_request_is_the_only_one(turn: Make) -> None:
    script = Script()
    rule = script.add(reply("Sunny.", user="weather", name="sun"))
    with pytest.raises(AssertionError) as none:
        _ = rule.request
    assert "the rule 'sun' (test_handles.py:" in str(none.value)
    assert "answered no request" in str(none.value)
    assert "user: /weather/" in str(none.value)
    for number in range(7):
        await script.answer(turn([{"role": "user", "content": f"weather {number}"}]))
    with pytest.raises(AssertionError, match="answered 7 requests, not one: the latest 5: 'weather 2', "):
        _ = rule.request


YAML = """
replies:
  - {name: greeting, when: {developer: introduce}, reply: Hello.}
  - {when: {user: weather}, reply: Sunny.}
"""


async def test_rules_of_a_file_are_found_by_name_and_by_place(turn: Make) -> None:
    script = Script.loads(YAML, name="script.yaml")
    await script.answer(turn([{"role": "developer", "content": "introduce yourself"}]))
    assert script["greeting"].answered == 1
    assert script["greeting"] is script[0] is script.rules[0]
    assert script[-1].answered == 0
    with pytest.raises(KeyError, match="no rule named 'greting'; it has 'greeting'"):
        _ = script["greting"]
    with pytest.raises(IndexError, match="there is no rule 2: the script has 2"):
        _ = script[2]
    with pytest.raises(ScriptError, match="the name 'greeting' for a second rule"):
        script.add(reply("Again.", name="greeting"))
    assert len(script.rules) == 2


async def test_what_a_function_passes_on_it_has_not_answered(turn: Make) -> None:
    script = Script()
    passed = script.add(lambda turn: None)
    answered = script.add(reply("Yes."))
    asked = turn("hi")
    for _ in range(2):
        await script.answer(asked)
    assert (passed.answered, passed.requests) == (0, [])
    assert answered.answered == 2


async def test_the_same_rule_in_two_scripts_is_counted_apart(turn: Make) -> None:
    rule = reply("Once.", times=1)
    one, two = Script([rule]), Script([rule])
    for script in (one, two, two):
        await script.answer(turn())
    assert (one[0].answered, two[0].answered) == (1, 1)


async def test_a_script_that_replaces_another_keeps_its_handles(turn: Make) -> None:
    script, other = Script(["Old."]), Script(strict=True)
    new = other.add("New.")
    script.replace(other)
    assert await script.answer(turn()) == Reply((Text("New."),))
    assert new.answered == 1
    assert script.strict
    script.replace(Script(["Newer."]))
    assert script.strict


async def test_credentials_are_not_told(turn: Make) -> None:
    script = Script()
    rule = script.add("Fine.")
    tool = {"type": "mcp", "server_label": "x", "server_url": "https://x.test", "authorization": "s3cret"}
    await script.answer(turn(tools=[tool]))
    assert "s3cret" not in json.dumps(rule.request)


async def test_a_server_that_runs_for_weeks_keeps_no_requests(turn: Make) -> None:
    script = Script(["Old."])
    script.keep(0)
    rule = script.add(lambda turn: None, first=True)
    await script.answer(turn())
    assert (script[1].answered, script[1].requests, rule.answered) == (1, [], 0)
    with pytest.raises(AssertionError, match="answered 1 requests, but no longer has any"):
        _ = script[1].request
