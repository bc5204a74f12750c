"""Patterns that clients send: told right, and never for long."""

import json
import random
import re
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai.patterns import Pattern
from mock_openai.responders.schema_generator import instance
from mock_openai.responders.schema_pattern import Work, example, has_match
from mock_openai.responders.schema_validator import Checker

from tests.effort import calls_of

AMPLE = Work(10**12)
"""Enough for a search that is interrupted for minutes, by a collection of garbage on a slow machine."""

SIGNS = st.sampled_from(["a", "b", "_", r"\d", r"\w", r"\s", ".", "[ab]", "[^a]", "[a-c1]", r"[\W]", r"\."])
ENDS = st.sampled_from(["^", "$", r"\b", r"\B", r"\A", r"\Z"])


def _grown(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    times = st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,}", "*?", "{2,3}?"])
    return st.one_of(
        st.builds(str.__add__, parts, parts),
        st.builds("(?:{}|{})".format, parts, parts),
        st.builds("({}){}".format, parts, times),
        st.builds("(?={})".format, parts),
        st.builds("(?!{})".format, parts),
        st.builds("(?<={})".format, SIGNS),
        st.builds("(?<!{})".format, SIGNS),
    )


# In an empty text Python before 3.14 finds no \\B, against everybody else.
@settings(max_examples=200, deadline=None)
@given(
    st.recursive(st.one_of(SIGNS, ENDS), _grown, max_leaves=8), st.text("ab_1 .\n", min_size=1, max_size=8)
)
def test_it_finds_what_pythons_own_finds(pattern: str, text: str) -> None:
    assert has_match(pattern, text, AMPLE) is (re.search(pattern, text) is not None)


@pytest.mark.parametrize("pattern", ["(", "b" * 20_000, r"\p{L}"])
def test_what_cannot_be_told_counts_as_a_match(pattern: str) -> None:
    assert has_match(pattern, "a", Work())


HOSTILE = {
    "nested repetitions": ("^(a+)+$", "a" * 5000 + "!"),
    "alternatives that are the same": ("^(a|a)*$", "a" * 5000 + "!"),
    "many repetitions in a row": ("a*" * 500 + "b", "a" * 5000),
    "nothing, four thousand million times": ("(?:){4294967294}x", "y"),
    "look-arounds": ("(?=a*b)" * 200, "a" * 5000),
    "deep nesting": ("(?:" * 300 + "a" + ")*" * 300, "a" * 300),
    "large classes": (f"[{''.join(map(chr, range(0x4E00, 0x5A00, 2)))}]{{10000}}", "x" * 5000),
    "a text of megabytes": ("a$", "b" * 3_000_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_pattern_holds_the_server_up(name: str) -> None:
    pattern, text = HOSTILE[name]
    schemas: list[dict[str, Any]] = [
        {"type": "string", "pattern": pattern, "minLength": 20},
        {"enum": [text], "pattern": pattern},
        {"type": "object", "properties": {text[:5000]: {}}, "patternProperties": {pattern: {}}},
    ]
    for schema in schemas:
        # With `re` most of these never end. The dearest takes 480,000 calls.
        calls_of(partial(instance, schema, random.Random(1)), at_most=1_000_000)


def test_the_work_for_all_patterns_of_a_request_has_one_bound() -> None:
    work = Work()
    many = [example(f"[a-z]{{1000}}{n}", random.Random(1), work) for n in range(1000)]
    assert len(many[0]) == 1001
    assert many[-1] == ""
    assert has_match("^b", "a", work)
    properties = {
        f"id{n}": {"type": "string", "pattern": f"^[0-9a-f]{{8}}-[0-9a-f]{{4}}-{n}$"} for n in range(150)
    }
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    made = json.loads(json.dumps(instance(schema, random.Random(1))))
    assert all(re.search(properties[name]["pattern"], made[name]) for name in made)
    assert Checker(schema).conforms(made, schema)


NESTED = {"$ref": "#/$defs/a"}
ENDLESS: dict[str, dict[str, Any]] = {
    "allOf": {"$defs": {"a": {"allOf": [NESTED] * 5}}, **NESTED},
    "a large enum that nothing satisfies": {
        "type": "array",
        "minItems": 1000,
        "items": {"enum": list(range(5000)), "not": {}},
    },
    "a large list that is to be unique": {"enum": [[*range(20_000), 0]], "uniqueItems": True},
}


@pytest.mark.parametrize("name", ENDLESS)
def test_no_schema_holds_the_server_up(name: str) -> None:
    calls_of(partial(instance, ENDLESS[name], random.Random(1)), at_most=2_000_000)


def test_what_a_pattern_waits_for_before_it_searches_is_not_its_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The import of the engine, and compiling, on a machine of any speed."""
    clock = 0.0

    def slowly(source: str) -> Pattern[str]:
        nonlocal clock
        clock += 3600.0
        return Pattern(source)

    monkeypatch.setattr("mock_openai.responders.schema_pattern.pattern", slowly)
    monkeypatch.setattr("time.thread_time", lambda: clock)
    assert not has_match("^(?:b)+", "a", Work())
