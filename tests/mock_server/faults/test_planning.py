"""Points, plans and their YAML: where a fault is injected is data, and a wrong plan says how to fix it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mock_openai import faults
from mock_openai.faults import EventMatcher, FaultPlan, PlanError, Position, Trigger
from mock_openai.protocol.events import Event

DELTA, DONE = Event("response.output_text.delta", b"{}"), Event("response.completed", b"{}")


def names(struck: list[faults.Planned]) -> list[str]:
    return [planned.fault.name for planned in struck]


def pass_by(plan: FaultPlan, *events: Event, position: Position | None = None) -> list[tuple[int, str]]:
    """Let events pass, and give (index of the event, fault) for each that struck before it."""
    matcher = EventMatcher(plan, position or Position(1, 1, 1))
    return [(index, name) for index, event in enumerate(events) for name in names(matcher.before(event))]


def test_the_nth_event_of_a_type_is_counted_from_one():
    plan = FaultPlan([faults.at(event="response.output_text.delta", nth=2).reset()])
    assert pass_by(plan, DONE, DELTA, DELTA, DELTA) == [(2, "reset")]


def test_an_index_is_the_place_in_the_turn_from_zero():
    assert pass_by(FaultPlan([faults.at(index=1).fin()]), DELTA, DELTA, DELTA) == [(1, "fin")]


def test_patterns_and_terminal_name_several_types():
    plan = FaultPlan([faults.at(event="response.*.delta").drop(), faults.at(event="terminal").drop()])
    assert pass_by(plan, Event("response.created", b"{}"), DELTA, DONE) == [(1, "drop"), (2, "drop")]


def test_a_fault_strikes_once_unless_told_otherwise():
    assert len(pass_by(FaultPlan([faults.at(event=DELTA.type).drop()]), DELTA, DELTA, DELTA)) == 1
    assert len(pass_by(FaultPlan([faults.at(event=DELTA.type, times=2).drop()]), DELTA, DELTA, DELTA)) == 2
    assert len(pass_by(FaultPlan([faults.at(event=DELTA.type, times=None).drop()]), DELTA, DELTA, DELTA)) == 3


def test_a_turn_counts_over_the_servers_life_or_on_a_given_connection():
    anywhere, there = faults.at(turn=3).reset(), faults.at(connection=2, turn=1).fin()
    plan = FaultPlan([anywhere, there])
    assert names(plan.due("request", Position(connection=2, turn=1, server_turn=3))) == ["reset", "fin"]
    assert names(plan.due("request", Position(connection=1, turn=3, server_turn=5))) == []


def test_before_and_after_are_two_sides_of_an_event():
    plan = FaultPlan([faults.at(index=0, when="after").reset()])
    matcher = EventMatcher(plan, Position(1, 1, 1))
    assert matcher.before(DELTA) == []
    assert names(matcher.after(DELTA)) == ["reset"]


def test_a_fault_planned_in_mid_turn_still_strikes():
    plan = FaultPlan()
    matcher = EventMatcher(plan, Position(1, 1, 1))
    assert matcher.before(DELTA) == []
    plan.add(faults.at(event=DELTA.type, nth=2).reset())
    assert names(matcher.before(DELTA)) == ["reset"]


def test_what_is_left_open_takes_the_faults_own_default():
    assert faults.at(turn=1).reset().trigger.phase == "request"
    assert faults.at(connection=2).handshake_status(503).trigger.phase == "handshake"
    assert faults.at(turn=1).missing_terminal().trigger.event == "terminal"
    assert faults.at(turn=1, at=0.5).reset().trigger.phase == "moment"
    assert faults.at(turn=1, event="response.created").rate_limit().trigger.phase == "event"


@pytest.mark.parametrize(
    ("point", "word"),
    [
        ({"turn": -1}, "turn"),
        ({"nth": 0}, "nth"),
        ({"at": -1}, "at"),
        ({"when": "during"}, "when"),
        ({"phase": "later"}, "phase"),
        ({"event": "x", "phase": "idle"}, "phase"),
        ({"event": "x", "at": 1}, "not both"),
        ({"turn": 0}, "idle"),
    ],
)
def test_a_point_that_cannot_be_is_refused(point, word):
    with pytest.raises(ValueError, match=word):
        Trigger(**point)


def test_unknown_faults_and_parameters_are_refused_with_what_there_is():
    with pytest.raises(AttributeError, match="did you mean 'reset'"):
        faults.at(turn=1).rezet()
    with pytest.raises(ValueError, match=r"close\(code=1011, reason=''\)"):
        faults.at(turn=1).close(kode=1)
    with pytest.raises(TypeError, match=r"faults\.at"):
        FaultPlan(["reset"])


def test_yaml_says_the_same_as_python(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text(
        """
faults:
  - at: {turn: 2, event: response.output_text.delta, nth: 3}
    do: reset
  - at: {connection: 2}
    do: {handshake_status: {status: 503, retry_after: 1}}
    times: 2
  - do: {stall: }
    times: null
"""
    )
    assert faults.load(path) == [
        faults.at(turn=2, event="response.output_text.delta", nth=3).reset(),
        faults.at(connection=2, times=2).handshake_status(503, retry_after=1),
        faults.at(times=None).stall(),
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("faults:\n  - at: {trun: 1}\n    do: reset", 2, "'trun'.*did you mean 'turn'"),
        ("- at: {turn: 1}\n  do: rezet", 2, "rezet.*did you mean 'reset'"),
        ("- at: {turn: 1}", 1, "with the key `do`"),
        ("- at: {turn: one}\n  do: reset", 1, "whole number"),
        ("- do: {close: {code: 99}}", 1, "1000 to 4999"),
        ("- do: reset\n  times: 0", 1, "times"),
        ("- do: [reset]", 1, "do: reset"),
        ("reset", 1, "list of faults"),
        ("plan: []", 1, "'plan'.*faults"),
        (
            "- do: {stall: {seconds: 5s}}",
            1,
            "seconds is '5s'; expected a number from 0 to 31536000 or nothing",
        ),
        ("- do: {bad_frame: {flaw: odd}}", 1, "flaw is 'odd'; expected one of .*opcode"),
        ("- do: {rate_limit: {retry_after: -1}}", 1, "retry_after is -1; expected a number from 0"),
        ("- do: {unknown_event: {fields: all}}", 1, "fields is 'all'; expected a mapping or nothing"),
        ("- do: {connection_limit: {close: 1}}", 1, "close is 1; expected true or false"),
        ("- do: {truncate: {share: 1}}", 1, "share is 1; expected a number above 0 and below 1"),
        ("- {at: {turn: 1}, do: [", 1, "not YAML"),
    ],
)
def test_a_wrong_plan_names_file_line_and_remedy(text, line, words):
    with pytest.raises(PlanError, match=rf"^plan\.yaml:{line}: .*{words}"):
        faults.loads(text, name="plan.yaml")


def test_a_plan_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(PlanError, match="cannot read the fault plan: No such file"):
        faults.load(tmp_path / "none.yaml")


@given(st.text(max_size=80))
def test_any_text_is_a_plan_or_a_plan_error(text):
    try:
        faults.loads(text)
    except PlanError as error:
        lines = str(error).count("\n")
    else:
        lines = 0
    assert lines == 0


def test_every_fault_is_documented_and_says_where_it_belongs():
    for name, kind in faults.catalogue().items():
        assert faults.signature(kind).startswith(f"{name}(")
        assert len(faults.describe(kind)) > 20


def test_the_journal_entry_of_a_fault_has_its_trigger_and_for_now_its_old_name():
    noted = faults.at(turn=1).reset().noted()
    assert noted["trigger"] == noted["point"] == {"turn": 1, "phase": "request"}
