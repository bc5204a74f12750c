"""Every scenario, played against our services, which keep every promise. What Pipecat's own do stands in
`test_comparison.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from ninelives.lab import PROMISES, Outcome, run_scenario
from ninelives.lab.scenario import CHAPTERS, Say, Scenario
from ninelives.lab.scenarios import matching, scenarios
from ninelives.lab.services import as_factory, http, pipecat_websocket, websocket

NAMES = list(scenarios())


def play(name: str, factory: Any, seed: int = 0) -> Outcome:
    return run_scenario(scenarios()[name], factory, seed=seed)


def dear(scenario: Scenario, transport: str) -> list[pytest.MarkDecorator]:
    """`make test` plays each scenario over one transport, and CI over both."""
    return [pytest.mark.thorough] if transport != scenario.transports[0] else []


CASES = [
    pytest.param(name, factory, id=f"{name}-{transport}", marks=dear(scenario, transport))
    for name, scenario in scenarios().items()
    for transport, factory in (("websocket", websocket), ("http", http))
    if transport in scenario.transports
]


@pytest.mark.parametrize(("name", "factory"), CASES)
def test_our_services_keep_every_promise_and_the_story_happens_as_told(name: str, factory: Any) -> None:
    scenario = scenarios()[name]
    outcome = play(name, factory)
    assert outcome.held, outcome.crash or [f"{each.promise}: {each.why}" for each in outcome.broken]
    assert outcome.applies
    if scenario.faults or any(step.faults for step in scenario.steps):
        assert outcome.episode.faults, f"no fault was injected over {outcome.transport}"
    spoken = [step for step in scenario.steps if isinstance(step, Say)]
    for step, turn in zip(spoken, outcome.episode.turns, strict=True):
        assert (step.cut_in is not None) == (turn.interrupted is not None)


def test_a_scenario_that_cannot_happen_over_a_transport_says_so() -> None:
    assert not play("idle_close", http).applies


@pytest.mark.thorough
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
    assert outcome.heard[1] == "It is 21 degrees and sunny in Paris this afternoon."
    assert outcome.said[1:3] == ["It is 21 degrees", " degrees and sunny in Paris this afternoon."]
    assert outcome.dead_air[2] == pytest.approx(0.2)
    lanes = outcome.timeline.lanes
    assert lanes == ["user", "bot", "tool", "fault", "connection 1", "connection 2"]


def test_the_list_of_scenarios_reads_as_a_table_of_contents() -> None:
    assert len(NAMES) >= 140
    for scenario in scenarios().values():
        assert scenario.sentence.endswith(".")
        assert scenario.name == scenario.name.lower()
        assert scenario.chapter in CHAPTERS
        assert scenario.about
        assert set(scenario.about) <= set(PROMISES)
        assert any(isinstance(step, Say) for step in scenario.steps)
    assert {scenario.chapter for scenario in scenarios().values()} == set(CHAPTERS)


def test_two_scenarios_of_one_name_are_an_error_and_so_is_a_chapter_nobody_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ninelives.lab.scenarios import calm, outages

    monkeypatch.setattr(outages, "SCENARIOS", (*outages.SCENARIOS, calm.SCENARIOS[0]))
    with pytest.raises(ValueError, match=r"outages.py: 'calm_conversation_with_a_tool' is there already"):
        scenarios.__wrapped__()
    monkeypatch.setattr(calm, "CHAPTER", "calms")
    with pytest.raises(ValueError, match=r"calm.py: no chapter is called 'calms', only"):
        scenarios.__wrapped__()


def test_scenarios_are_found_by_name_by_part_of_it_and_by_pattern() -> None:
    assert [each.name for each in matching("idle_close")] == ["idle_close"]
    assert {"idle_close", "idle_reset"} <= {each.name for each in matching("idle")}
    assert [each.name for each in matching("limit_*")] == [n for n in NAMES if n.startswith("limit_")]
    assert matching("flood_of_biblical_size") == []


def test_an_outcome_is_one_line_when_it_is_printed() -> None:
    assert repr(play("calm_thinking", http)) == "<Outcome of calm_thinking: held>"
    assert repr(play("idle_close", pipecat_websocket)) == "<Outcome of idle_close: I8 broken>"
