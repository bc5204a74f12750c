"""JSON Schemas of the files that users write: an editor never marks what the reader takes."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai.faults.load import PlanError, loads
from mock_openai.faults.parameters import parameter_types
from mock_openai.faults.registry import catalogue
from mock_openai.faults.trigger import Trigger
from mock_openai.responders import Script
from mock_openai.responders.grammar import RULE
from mock_openai.responders.reply_grammar import ITEM_KINDS
from mock_openai.responders.when import CONDITIONS
from mock_openai.schemas import SCHEMAS
from mock_openai.source import ScriptError
from mock_openai.turn.learned_pace import read_pace, realistic, to_json


def allows(kind: str, data: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMAS[kind]()).is_valid(data))


@pytest.mark.parametrize("kind", SCHEMAS)
def test_each_is_a_schema(kind: str) -> None:
    schema = SCHEMAS[kind]()
    assert jsonschema.validators.validator_for(schema, default=None) is jsonschema.Draft202012Validator
    jsonschema.Draft202012Validator.check_schema(schema)
    json.dumps(schema)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("script", "replies: [{reply: hi}]"),
        ("script", "- {when: {user: a, tool_output: true, body: {x: 1}}, reply: [a, {call: f}], times: 2}"),
        (
            "script",
            "[{error: 503}, {error: server_error}, {failed: true}, {incomplete: content_filter}]",
        ),
        ("script", "{strict: true, replies: [{reply: {text: ab, deltas: [a, b]}, delay: 500ms}]}"),
        ("faults", "faults: [{at: {turn: 2}, do: reset}]"),
        (
            "faults",
            "[{do: {stall: {seconds: null}}, times: null}, {do: {reset: null}}]",
        ),
    ],
)
def test_what_people_write_is_allowed(kind: str, text: str) -> None:
    assert allows(kind, yaml.safe_load(text))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("script", "replies: [{reply: hi, twice: true}]"),
        ("script", "replies: [{}]"),
        ("script", "rules: []"),
        ("script", "[{reply: {call: f, deltas: 3}}]"),
        ("script", "[{reply: hi, when: {transport: sse}}]"),
        ("script", "[{error: 200}]"),
        ("script", "[{error: 503, delay: 2}]"),
        ("script", "[{reply: hi, error: 503}]"),
        ("faults", "[{do: rest}]"),
        ("faults", "[{do: delay}]"),
        ("faults", "[{do: {close: {code: 99}}}]"),
        ("faults", "[{at: {turns: 2}, do: reset}]"),
        ("pace", "{mock_openai_pace: 1}"),
    ],
)
def test_what_nobody_means_is_marked(kind: str, text: str) -> None:
    assert not allows(kind, yaml.safe_load(text))


def test_a_pace_file_may_name_its_schema() -> None:
    data = json.loads(to_json(realistic()))
    assert allows("pace", data)
    assert data["$schema"] == SCHEMAS["pace"]()["$id"]
    named = data | {"$schema": "pace.schema.json"}
    assert allows("pace", named)
    assert read_pace(json.dumps(named).encode()) == realistic()


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 700),
    st.sampled_from([0.5, -1.0, "", "hi", " ", "500ms", "("]),
    st.lists(st.sampled_from(["a", 1]), max_size=2),
    st.dictionaries(st.sampled_from(["type", "x"]), st.just("y"), max_size=1),
)


def mostly(*good: Any) -> st.SearchStrategy[Any]:
    """Draw what makes sense, and now and then something else."""
    sensible = [each if isinstance(each, st.SearchStrategy) else st.just(each) for each in good]
    return st.integers(0, 19).flatmap(lambda n: junk if n == 0 else st.one_of(sensible))


def some_of(values: dict[str, Any], *needed: str) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a mapping with some of these keys, at most three besides those that are needed."""
    if not values:
        return st.just({})
    rest = st.sets(st.sampled_from(sorted(values)), max_size=3)
    return rest.flatmap(lambda keys: st.fixed_dictionaries({key: values[key] for key in {*keys, *needed}}))


WORDS = {
    **dict.fromkeys(sorted({key for keys in ITEM_KINDS.values() for key in keys}), mostly("a")),
    "deltas": mostly(1, st.just(["a"])),
    "annotations": mostly(st.just([{"type": "url_citation"}])),
    "same_message": mostly(True, False),
    "arguments": mostly(st.just({"city": "Paris"}), "{}"),
    "encrypted": mostly(True, "sealed"),
    "tokens": mostly(64),
    "reasoning": mostly("a", st.just(["a", "b"]), st.none()),
    "item": mostly(st.just({"type": "web_search_call"})),
}
an_item = st.sampled_from(sorted(ITEM_KINDS)).flatmap(
    lambda kind: some_of({key: WORDS[key] for key in ITEM_KINDS[kind]}, kind)
)
ENDS = {"incomplete": mostly(True, "content_filter"), "failed": mostly(True, "server_error")}
RULES = {
    "name": st.uuids().map(str),
    "when": mostly(
        some_of(
            {
                **dict.fromkeys(CONDITIONS, mostly("a")),
                "tool_output": mostly(True, "f"),
                "previous": mostly(True),
                "metadata": mostly(st.just({"a": 1})),
                "body": mostly(st.just({"store": False})),
                "transport": mostly("http", "websocket"),
            }
        )
    ),
    "reply": mostly("a", an_item, st.lists(an_item, max_size=2)),
    "error": mostly(
        503,
        "server_error",
        some_of({"status": mostly(429), "code": mostly("a"), "headers": mostly(st.just({"a": 1}))}),
    ),
    "times": mostly(1, 2),
    "delay": mostly(0.5, 1, "500ms", "2 s", "1m"),
    "usage": mostly(some_of({"input_tokens": mostly(1), "cached_tokens": mostly(0)})),
    "finish": mostly("completed", "failed", some_of(ENDS)),
    **ENDS,
    "continuation": mostly("rest", "repeat", "rephrase", "refuse"),
}
assert set(RULES) == set(RULE)
a_rule = st.sampled_from(["reply", "reply", "error", "failed", "incomplete"]).flatmap(
    lambda kind: some_of(RULES, kind)
)
a_script = st.one_of(
    st.fixed_dictionaries({"replies": st.lists(a_rule, max_size=2)}, optional={"strict": mostly(True)}),
    st.lists(st.one_of(junk, a_rule), max_size=2),
)
PLACES = {
    "connection": mostly(1),
    "turn": mostly(1, 0),
    "event": mostly("terminal"),
    "nth": mostly(2),
    "index": mostly(0),
    "when": mostly("after"),
    "phase": mostly("idle", "event", "moment"),
    "at": mostly(1.5, 2),
}
assert set(PLACES) == set(Trigger.__slots__)


def deeds(kind: str) -> st.SearchStrategy[Any]:
    """Draw a fault of this kind, by its name or with parameters."""
    values = {
        name: mostly(1, 0.5, 1011, 503, "a", True, None, st.just({"a": 1}))
        for name in parameter_types(catalogue()[kind])
    }
    return st.one_of(st.just(kind), some_of(values).map(lambda given: {kind: given}))


a_plan = st.one_of(
    junk,
    st.lists(
        some_of(
            {
                "at": mostly(some_of(PLACES)),
                "do": mostly(st.sampled_from(sorted(catalogue())).flatmap(deeds)),
                "times": mostly(1, None),
            },
            "do",
        ),
        max_size=2,
    ),
)


@settings(max_examples=150, deadline=None)
@given(a_script)
def test_all_that_a_script_may_say_is_allowed(data: Any) -> None:
    try:
        Script.loads(yaml.safe_dump(data), name="replies.yaml")
    except ScriptError:
        return
    assert allows("script", data)


@settings(max_examples=150, deadline=None)
@given(a_plan)
def test_all_that_a_plan_may_say_is_allowed(data: Any) -> None:
    try:
        loads(yaml.safe_dump(data))
    except PlanError:
        return
    assert allows("faults", data)
