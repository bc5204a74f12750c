"""Every scenario, played against our services and Pipecat's own: ours keep every promise, and known defects
are found.
"""

from __future__ import annotations

from typing import Any

import pytest
from ninelives.lab import PROMISES, Outcome, run_scenario
from ninelives.lab.scenario import CHAPTERS, Say
from ninelives.lab.scenarios import matching, scenarios
from ninelives.lab.services import as_factory, http, pipecat_http, pipecat_websocket, websocket

NAMES = list(scenarios())


def play(name: str, factory: Any, seed: int = 0) -> Outcome:
    return run_scenario(scenarios()[name], factory, seed=seed)


CASES = [
    pytest.param(name, factory, id=f"{name}-{transport}")
    for name, scenario in scenarios().items()
    for transport, factory in (("websocket", websocket), ("http", http))
    if transport in scenario.transports
]


@pytest.mark.parametrize(("name", "factory"), CASES)
def test_our_services_keep_every_promise_and_the_story_happens_as_told(name: str, factory: Any) -> None:
    scenario = scenarios()[name]
    outcome = play(name, factory)
    assert outcome.held, outcome.crash or [f"{each.promise}: {each.why}" for each in outcome.broken]
    assert outcome.told
    if scenario.faults or any(act.faults for act in scenario.acts):
        assert outcome.episode.faults, f"no fault struck over {outcome.transport}"
    spoken = [act for act in scenario.acts if isinstance(act, Say)]
    for act, turn in zip(spoken, outcome.episode.turns, strict=True):
        assert (act.cut_in is not None) == (turn.interrupted is not None)


@pytest.mark.parametrize(
    ("name", "factory", "promises"),
    [
        ("reset_in_mid_sentence", pipecat_websocket, {"I1", "I6"}),  # A1: spoken twice, no error
        ("call_left_incomplete", pipecat_websocket, {"I3"}),  # A6: a truncated call runs with {}
        ("malformed_event_in_mid_sentence", pipecat_websocket, {"I2"}),  # A4: turn 3 hears turn 2's answer
        ("failed_in_mid_sentence", pipecat_websocket, {"I6", "I7", "I9"}),  # A5: the next turn is silent
        ("interruption_of_a_deaf_server", pipecat_websocket, {"I8"}),  # B2: waits for the old answer
        ("handshake_refused_once", pipecat_websocket, {"I5"}),  # C2: four seconds and an error
        ("idle_close", pipecat_websocket, {"I8"}),  # C4: noticed only at the next turn
        ("limit_between_turns", pipecat_websocket, {"I8"}),
        ("reset_in_mid_thought", pipecat_http, {"I4"}),  # D4: a thought without an end
        ("refusal", pipecat_http, {"I7"}),  # D3: a refusal is not spoken
        ("interruption_of_a_server_that_falls_silent", pipecat_websocket, {"I2"}),  # A3: a stale answer
        (
            "interruption_before_the_response",
            pipecat_websocket,
            {"I8"},
        ),  # B1: the whole old answer is awaited
        ("refused_at_the_start", pipecat_websocket, {"I9"}),  # C1: gone for good after twelve seconds
        ("rate_limit_before_the_answer", pipecat_websocket, {"I9"}),  # D2: category unknown
        ("stall_in_mid_sentence", pipecat_websocket, {"I4"}),  # D1: hangs for ever
        ("stream_without_a_terminal_event", pipecat_http, {"I9"}),  # A9: silence about the cut
    ],
)
def test_the_known_defects_of_pipecats_own_services_are_found(
    name: str, factory: Any, promises: set[str]
) -> None:
    broken = {each.promise for each in play(name, factory).broken}
    assert promises <= broken


def test_a_scenario_that_cannot_happen_over_a_transport_says_so() -> None:
    assert not play("idle_close", http).told


def test_the_same_seed_gives_the_same_timeline() -> None:
    for name in ("reset_twice_before_the_first_word", "limit_between_turns", "outage_while_speaking"):
        first, *others = [play(name, websocket, seed=7).timeline for _ in range(4)]
        for other in others:
            assert [(row.at, row.lane, row.text) for row in other.rows] == [
                (row.at, row.lane, row.text) for row in first.rows
            ]


def test_a_service_that_crashes_is_an_outcome_and_not_an_accident() -> None:
    def broken(base_url: str, ws_url: str) -> Any:
        raise RuntimeError("no model in this build")

    outcome = play("calm_conversation_with_a_tool", broken)
    assert outcome.crash == "RuntimeError: no model in this build"
    assert not outcome.held


def test_a_service_class_is_a_factory_too() -> None:
    from pipecat_responses import OpenAIResponsesHttpLLMService

    outcome = play("calm_conversation_with_a_tool", as_factory(OpenAIResponsesHttpLLMService))
    assert outcome.held
    assert outcome.transport == "http"


def test_an_outcome_tells_what_was_said_heard_and_waited() -> None:
    outcome = play("reset_in_mid_sentence", websocket)
    assert outcome.heard[1] == "It is 21 degrees"
    assert outcome.said[1] == "It is 21 degrees"
    assert outcome.dead_air[2] == pytest.approx(0.2)
    lanes = outcome.timeline.lanes
    assert lanes == ["user", "bot", "tool", "error", "fault", "connection 1", "connection 2"]


def test_the_list_of_scenarios_reads_as_a_table_of_contents() -> None:
    assert len(NAMES) >= 140
    for scenario in scenarios().values():
        assert scenario.sentence.endswith(".")
        assert scenario.name == scenario.name.lower()
        assert scenario.chapter in CHAPTERS
        assert scenario.about
        assert set(scenario.about) <= set(PROMISES)
        assert any(isinstance(act, Say) for act in scenario.acts)
    assert {scenario.chapter for scenario in scenarios().values()} == set(CHAPTERS)


def test_scenarios_are_found_by_name_by_part_of_it_and_by_pattern() -> None:
    assert [each.name for each in matching("idle_close")] == ["idle_close"]
    assert {"idle_close", "idle_reset"} <= {each.name for each in matching("idle")}
    assert [each.name for each in matching("limit_*")] == [n for n in NAMES if n.startswith("limit_")]
    assert matching("flood_of_biblical_size") == []
