"""Patterns of a user that would take forever: each search ends, the rule is named, others are answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai import MockServer, reply
from mock_openai.patterns import LONGEST, Pattern, PatternError, SlowPattern, pattern
from mock_openai.responders import Reply, Script, Text, Turn, When
from mock_openai.responders.turn_input import TurnInput
from mock_openai.source import ScriptError

from tests.effort import calls_of

Make = Callable[..., Turn]

ENDLESS = r"^(a|a)*$"
TEXT = "a" * 60 + "b"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (ENDLESS, TEXT),
        (r"(?:(?:a{1,100}){1,100}){1,100}c", "a" * 3000),
        (r"\s+$", " " * 500_000 + "x"),
        (rb"^(a|a)*$", TEXT.encode()),
        (r"^(?:.|a)*$", TEXT + "\n\n"),
    ],
)
def test_a_search_without_end_ends(expression: str | bytes, text: str | bytes) -> None:
    compiled: Pattern[str | bytes] = Pattern(expression)
    with pytest.raises(SlowPattern, match="takes too long"):
        compiled.search(text)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("(", "missing"),
        ("[a", "unterminated"),
        ("(?:" * 4000 + ")" * 4000, "characters, of 10000 at most"),
        ("(" * 3000 + ")" * 3000, "nested too deeply"),
        ("a" * (LONGEST + 1), "of 10000 at most"),
        ("(?P<n>a)(?P<n>b)", "redefinition"),
    ],
)
def test_what_is_no_pattern_is_said_to_be_none(expression: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        pattern(expression)


PARTS = st.sampled_from(
    [
        "a",
        "ä",
        "b",
        r"\b",
        r"\w",
        r"\d",
        ".",
        "^",
        "$",
        "(a|b)",
        "(?i)",
        "(?=a)",
        "(?!b)",
        "a*",
        "a+?",
        "[^b]",
        "b{2}",
    ]
)


@settings(deadline=None)
@given(
    st.lists(PARTS, max_size=5).map(lambda parts: "".join(sorted(parts, key=lambda part: part != "(?i)"))),
    st.text("aäbB1 \n", max_size=8),
)
def test_patterns_mean_what_they_mean_to_re(expression: str, text: str) -> None:
    expected = re.search(expression, text)
    found = pattern(expression).search(text)
    assert (found and found.span()) == (expected and expected.span())
    assert bool(pattern(expression).fullmatch(text)) == bool(re.fullmatch(expression, text))


async def test_the_rule_is_named(turn: Make) -> None:
    script = Script()
    script.add(reply("First.", user="hello"), reply("Never.", user=ENDLESS), reply("Other.", user="c$"))
    assert await script.answer(turn("hello")) == Reply((Text("First."),))
    with pytest.raises(SlowPattern, match=r"rule 2 \(.*\): user: /\^\(a\|a\)\*\$/ takes too long"):
        await script.answer(turn(TEXT))
    assert script.explain(turn(TEXT)).startswith("rule 2 (test_patterns.py:")
    assert script.fixed_rule(turn(TEXT)) is None


def test_rules_behind_the_one_that_answers_are_not_searched(turn: Make) -> None:
    few = Script([reply("First.", user="hello")])
    many = Script([reply("First.", user="hello"), *(reply("Never.", user=f"hello {n}") for n in range(14))])
    costs = [calls_of(partial(script.fixed_rule, turn("hello 3")), at_most=1_000) for script in (few, many)]
    assert costs[0] == costs[1]


async def test_a_rule_before_the_slow_one_answers(turn: Make) -> None:
    script = Script([reply("First.", user="ab"), reply("Never.", user=ENDLESS)])
    assert await script.answer(turn(TEXT)) == Reply((Text("First."),))


async def test_few_rules_are_searched_no_further_than_the_one_that_answers(
    turn: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str | None] = []
    texts_match = When.texts_match

    def noting(when: When, asked: TurnInput) -> bool:
        searched.append(when.user)
        return texts_match(when, asked)

    monkeypatch.setattr(When, "texts_match", noting)
    script = Script([reply("No.", user="x"), reply("Yes.", user="ab"), reply("Never.", user="b")])
    assert await script.answer(turn("ab")) == script.at_hand(turn("ab")) == Reply((Text("Yes."),))
    assert searched == ["x", "ab"] * 2
    assert [handle.answered for handle in script.rules] == [0, 2, 0]


async def test_each_of_many_rules_is_searched_once_in_a_long_text(
    turn: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched = 0
    texts_match = When.texts_match

    def counting(when: When, asked: TurnInput) -> bool:
        nonlocal searched
        searched += 1
        return texts_match(when, asked)

    monkeypatch.setattr(When, "texts_match", counting)
    script = Script([*(reply(lambda _: None, user="ab") for _ in range(40)), reply("Yes.")])
    assert await script.answer(turn("ab" * 10_000)) == Reply((Text("Yes."),))
    assert searched == 41


@pytest.mark.parametrize("change", [Script.clear, lambda script: script.add("Other.", first=True)])
def test_a_rule_whose_condition_changes_the_rules_answers_itself(
    turn: Make, change: Callable[[Script], object]
) -> None:
    class Changing(When):
        def holds(self, turn: Turn, *more: object) -> bool:
            change(script)
            return True

    script = Script([reply("Yes.", when=Changing()), reply("No.")])
    assert script.at_hand(turn("ab")) == Reply((Text("Yes."),))


@pytest.mark.parametrize("condition", ["instructions", "output"])
async def test_every_condition_with_a_pattern_ends(turn: Make, condition: str) -> None:
    script = Script([reply("Never.", **{condition: ENDLESS})])
    asked = turn(
        [{"type": "function_call_output", "call_id": "call_1", "output": TEXT}]
        if condition == "output"
        else "hello",
        instructions=TEXT,
    )
    with pytest.raises(SlowPattern, match=rf"rule 1 .*: {condition}: "):
        await script.answer(asked)


async def test_many_slow_rules_take_no_longer_than_a_few(turn: Make) -> None:
    """The work is counted: of a thousand searches only the first is made."""
    script = Script([reply("Never.", user=f"{ENDLESS}|{number}") for number in range(1000)])
    for _ in range(2):
        with pytest.raises(SlowPattern, match="rule 1 "):
            await script.answer(turn(TEXT))


@pytest.mark.parametrize("stream", [False, True])
async def test_the_client_learns_which_rule_and_others_are_answered(stream: bool) -> None:
    async with (
        MockServer([reply("Never.", user=ENDLESS), reply("Hello.")]) as server,
        aiohttp.ClientSession() as http,
    ):

        async def ask(text: str) -> tuple[int, str]:
            body = {"model": "gpt-4o", "input": text, "stream": stream}
            async with http.post(f"{server.base_url}/responses", json=body) as answer:
                return answer.status, await answer.text()

        status, said = await ask(TEXT)
        assert status == 500
        assert "SlowPattern: rule 1 (test_patterns.py:" in said
        assert "user: /^(a|a)*$/ takes too long" in said
        assert (await ask("hi"))[0] == 200


def test_a_script_that_names_no_pattern_is_refused_where_it_stands() -> None:
    deep = "(" * 3000 + ")" * 3000
    with pytest.raises(ScriptError, match=r"nested too deeply.*expected a regular expression"):
        Script([{"when": {"user": deep}, "reply": "x"}])


@pytest.mark.parametrize("source", ["((a{1000}){1000}){1000}", "a{200000}", "(?:[{]{400}){400,}"])
def test_a_pattern_whose_repetitions_would_fill_the_memory_is_refused(source: str) -> None:
    with pytest.raises(PatternError, match="longer than 100000 characters"):
        Pattern(source)


@pytest.mark.parametrize(
    "source", [r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"(?:\d{64} ?)+", r"a{,90}\{"]
)
def test_the_usual_repetitions_are_taken(source: str) -> None:
    assert Pattern(source).source == source
