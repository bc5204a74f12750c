"""Random conversations with random faults: whatever is drawn, none of the nine promises is broken.

A seed draws turns, pauses, interruptions, faults and their places, and the same seed draws the same. Forty
schedules run with the suite; ``NINELIVES_RUNS=1000`` asks for more.
"""

import os
import random
from dataclasses import replace
from typing import Any

import pytest
from mock_openai import faults
from ninelives.lab import run_scenario
from ninelives.lab.scenario import Act, Say, Scenario, Wait
from ninelives.lab.services import http, websocket
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story, weather

RUNS = int(os.environ.get("NINELIVES_RUNS", "40"))

BREAKS = ["reset", "fin", "half_open", "stall", "truncate", "close", "connection_limit", "server_error"]
SCRATCHES = ["drop", "duplicate", "malformed_json", "unknown_event", "invalid_utf8", "delay"]
REFUSALS = ["server_error", "overloaded", "empty_reply", "missing_terminal", "incomplete"]
DOORS = ["handshake_reset", "handshake_status", "handshake_hang"]
SOCKET_ONLY = {"close", "connection_limit", *DOORS}
PLACES = [
    ("response.created", 1),
    ("response.output_item.added", 1),
    ("response.content_part.added", 1),
    ("response.output_text.delta", 12),
    ("response.function_call_arguments.delta", 3),
    ("response.output_text.done", 1),
    ("response.output_item.done", 1),
    ("terminal", 1),
]


def fault(rng: random.Random, transport: str) -> Any:
    """One fault at a place where it can strike."""
    while True:
        name = rng.choice(BREAKS + SCRATCHES + REFUSALS + DOORS)
        if transport == "websocket" or name not in SOCKET_ONLY:
            break
    if name in DOORS:
        return [getattr(faults.at(), name)(), faults.at(phase="request").reset()]  # so that a door is needed
    given = {"delay": (rng.choice([0.2, 1.0, 3.0]),)}.get(name, ())
    if name in REFUSALS and (name not in BREAKS or rng.random() < 0.5):
        return [getattr(faults.at(), name)(*given)]
    event, most = rng.choice(PLACES)
    when = rng.choice(["before", "after"])
    point = faults.at(event=event, nth=rng.randint(1, most), when=when)
    return [getattr(point, name)(*given)]


def schedule(seed: int, transport: str) -> Scenario:
    """The conversation that a seed stands for."""
    rng = random.Random(f"{transport} {seed}")
    acts: list[Act] = []
    for _ in range(rng.randint(2, 5)):
        say: Say = rng.choice([hello, weather, story, bye])()
        if rng.random() < 0.5:
            plan = [one for _ in range(rng.choice([1, 1, 1, 2])) for one in fault(rng, transport)]
            say = replace(say, faults=tuple(plan))
        if rng.random() < 0.25:
            say = replace(say, cut_in=rng.choice([0, 1, 3, 5]))
        acts += [say, Wait(rng.choice([0.0, 0.3, 1.0, 5.0, 30.0]))]
    return Scenario(
        name=f"random_{transport}_{seed}",
        sentence="Drawn at random.",
        script=SCRIPT,
        tools=TOOLS,
        acts=tuple(acts),
        server={"on_cancel": rng.choice(["honour", "ignore", "reject"])},
    )


def told(scenario: Scenario) -> str:
    """The schedule in words, for the report of a failure."""
    return "\n".join(
        f"  {act.text!r} cut_in={act.cut_in} "
        + ", ".join(f"{one.fault.name}@{one.point.describe()}" for one in act.faults)
        if isinstance(act, Say)
        else f"  wait {act.seconds}"
        for act in scenario.acts
    )


@pytest.mark.parametrize("seed", range(RUNS))
def test_no_random_schedule_breaks_a_promise(seed: int) -> None:
    transport, factory = [("websocket", websocket), ("http", http)][seed % 2]
    scenario = schedule(seed, transport)
    outcome = run_scenario(scenario, factory, seed=seed)
    flagged = [outcome.crash] if outcome.crash else [f"{each.promise}: {each.why}" for each in outcome.broken]
    assert not flagged, "\n".join([*map(str, flagged), told(scenario)])
