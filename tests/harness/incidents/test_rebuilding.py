"""What a rebuilt call repeats: the model's words and thoughts, how it went on after a loss, what broke."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import pytest
from mock_openai.faults import Planned, Trigger, create
from ninelives.incidents.reading import read
from ninelives.incidents.rebuilding import candidates
from ninelives.lab.exploration.trial import play
from ninelives.lab.run import Outcome, run_scenario
from ninelives.lab.scenario_file import from_text, to_yaml
from ninelives.lab.scenario_spec import TOOL, Ask, Continuation, Output, Pause, ScenarioSpec
from ninelives.lab.services import as_factory, http, websocket

from .watched import Watched

BOTH = pytest.mark.parametrize("factory", [websocket, pytest.param(http, marks=pytest.mark.thorough)])
DELTA = "response.output_text.delta"
WORDS = "It rains all day. Take the old umbrella with you, and a book to read. The ferry is late."


def rebuilt(spec: ScenarioSpec, factory: Any, folder: Path) -> tuple[Outcome, ScenarioSpec]:
    """What a running bot did in a scenario, and the first scenario that was made of its incident."""
    watched = Watched(factory, folder)
    outcome = run_scenario(spec.scenario(), as_factory(watched))
    watched.boxes[0].dump("to see")
    return outcome, next(candidates(read(watched.incidents[-1])))


def loss(nth: int, kind: str = "reset", **given: Any) -> Planned:
    return Planned(Trigger(phase="event", event=DELTA, nth=nth, when="after"), create(kind, **given))


@pytest.mark.thorough
@BOTH
@pytest.mark.parametrize("how", get_args(Continuation))
@pytest.mark.parametrize("nth", [3, 9])
def test_the_model_goes_on_as_it_did(how: Continuation, factory: Any, nth: int, tmp_path: Path) -> None:
    ask = Ask("What about the weather?", (({"text": WORDS},),), (loss(nth),))
    outcome, spec = rebuilt(ScenarioSpec((ask,), continuation=how), factory, tmp_path)
    assert spec.asks[0].continuation == (how if how != "rest" else None)
    again = play(spec, as_factory(factory))
    assert again.heard == outcome.heard
    assert from_text(to_yaml(spec)) == spec


@BOTH
def test_each_turn_goes_on_in_its_own_way(factory: Any, tmp_path: Path) -> None:
    steps: list[Ask | Pause] = []
    for how in get_args(Continuation):
        steps += [Ask(f"And {how}?", (({"text": WORDS},),), (loss(6),), continuation=how), Pause(3.0)]
    outcome, spec = rebuilt(ScenarioSpec(tuple(steps[:-1])), factory, tmp_path)
    assert [ask.continuation for ask in spec.asks] == [None, "repeat", "rephrase", "refuse"]
    assert play(spec, as_factory(factory)).heard == outcome.heard


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        (({"refusal": "I am sorry, I may not speak about that."},),),
        (({"reasoning": "Let me think."}, {"text": WORDS}),),
        (({"call": TOOL, "arguments": {"topic": "one"}}, {"call": TOOL, "arguments": {"topic": "two"}}),
         ({"text": WORDS},)),
        (({"text": "Let me see. "}, {"call": TOOL, "arguments": {"topic": "one"}}),
         ({"reasoning": "So it is."}, {"text": WORDS})),
    ],
    ids=["refusal", "thought", "two calls", "said first"],
)  # fmt: skip
def test_the_model_says_what_it_said(answer: tuple[Output, ...], factory: Any, tmp_path: Path) -> None:
    outcome, spec = rebuilt(ScenarioSpec((Ask("What about it?", answer),)), factory, tmp_path)
    kinds = [[next(iter(item)) for item in step] for step in answer]
    assert [[next(iter(item)) for item in step] for step in spec.asks[0].answer] == kinds
    assert play(spec, as_factory(factory)).heard == outcome.heard


@BOTH
def test_a_model_that_thinks_long_takes_as_long_again(factory: Any, tmp_path: Path) -> None:
    ask = Ask("What about it?", (({"text": WORDS},),), takes=(4.0,))
    _, spec = rebuilt(ScenarioSpec((ask,)), factory, tmp_path)
    assert [round(seconds) for seconds in spec.asks[0].takes] == [4]


@BOTH
def test_two_losses_at_different_places_strike_again_there(factory: Any, tmp_path: Path) -> None:
    """The second comes sooner in its response than the first did in its own."""
    ask = Ask("What about it?", (({"text": WORDS},),))
    second = Planned(Trigger(phase="event", event=DELTA, nth=2, when="after", turn=2), create("reset"))
    broken = replace(ask, faults=(replace(loss(9), trigger=replace(loss(9).trigger, turn=1)), second))
    watched = Watched(factory, tmp_path)
    outcome = run_scenario(ScenarioSpec((broken,)).scenario(), as_factory(watched))
    watched.boxes[0].dump("to see")
    first_two = islice(candidates(read(watched.incidents[-1])), 2)
    found = [play(spec, as_factory(factory)).said for spec in first_two]
    assert [len(each) for each in outcome.said] in [[len(each) for each in said] for said in found]
