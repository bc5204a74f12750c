"""`ninelives verdict --calls`: many calls in virtual time, what callers waited, and the worst call."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mock_openai.turn.learned_pace import Learned, to_json
from ninelives.cli import _run
from ninelives.lab.conditions import Conditions, read_conditions
from ninelives.lab.exploration.calls import Calls, draw_call, play_calls, shrunk
from ninelives.lab.exploration.executors import Crew, Here
from ninelives.lab.exploration.trial import play
from ninelives.lab.scenario_file import from_text, to_yaml
from ninelives.lab.scenario_spec import Ask, Pause
from ninelives.lab.services import http, websocket

from tests.terminal import run_here

STEADY = Learned(
    first_event=(0.1,), first_output=(0.4,), between_items=(0.1,), burst=(3,), within_burst=(0.004,),
    between_bursts=(0.05,), sources=("made up",),
)  # fmt: skip
RARELY_SLOW = Learned(
    first_event=(0.1,), first_output=(*[0.4] * 5, 0.5, 5.0), between_items=(0.1,), burst=(3,),
    within_burst=(0.004,), between_bursts=(0.05,),
)  # fmt: skip
STALLING = Learned(
    first_event=(0.1,), first_output=(0.4,), between_items=(0.1,), burst=(3,), within_burst=(0.004,),
    between_bursts=(0.05,), stalls=(4.0, 5.0), stall_share=0.05,
)  # fmt: skip


def called(factory: Any, pace: Learned, calls: int = 5, **given: Any) -> tuple[Calls, Conditions]:
    conditions = read_conditions(pace=pace, **given)
    crew = Crew(Here(), 1)
    return play_calls(
        factory, crew, calls=calls, seed=3, conditions=conditions, progress=lambda done, broken: None
    ), conditions


def test_every_call_is_another_one_with_nothing_broken_in_it_and_always_the_same() -> None:
    drawn = [draw_call(3, number) for number in range(40)]
    assert drawn == [draw_call(3, number) for number in range(40)]
    assert len({spec.seed for spec in drawn}) == 40
    for spec in drawn:
        assert not any(step.faults for step in spec.steps)
        assert all(step.seconds <= 5.0 for step in spec.steps if isinstance(step, Pause))
        assert isinstance(spec.steps[-1], Ask)
        assert spec.tool_seconds == 0.0


@pytest.mark.parametrize("factory", [http, websocket])
def test_a_sound_service_keeps_every_promise_at_any_pace(factory: Any) -> None:
    calls, _ = called(factory, RARELY_SLOW)
    assert calls.broken == []
    again, _ = called(factory, RARELY_SLOW, calls=2)
    assert again.all == calls.all[:2]


@pytest.mark.thorough
def test_the_worst_call_becomes_the_shortest_scenario_that_is_as_slow() -> None:
    calls, conditions = called(http, RARELY_SLOW, max_dead_air="2s")
    assert {promise for call in calls.broken for promise, _ in call.broken} == {"I10"}
    assert calls.worst.waited == max(call.waited for call in calls.all) > 2.0
    worst = shrunk(http, calls.worst, seed=3, conditions=conditions)
    assert len(worst.spec.steps) == 1
    assert worst.spec.broke == ("I10",)
    assert not worst.at_pace
    kept = from_text(to_yaml(worst.spec))
    assert kept == worst.spec
    outcome = play(kept, http, read_conditions(max_dead_air="2s"))  # whatever the pace was
    assert outcome.only_late
    assert outcome.figures.dead_air == worst.outcome.figures.dead_air
    assert 0.9 * calls.worst.waited <= (outcome.figures.dead_air or 0.0) <= 1.1 * calls.worst.waited


@pytest.mark.thorough
def test_a_stall_inside_an_answer_is_kept_with_the_pace_that_draws_it() -> None:
    calls, conditions = called(http, STALLING, calls=3)
    worst = shrunk(http, calls.worst, seed=3, conditions=conditions, tries=12)
    assert worst.at_pace
    assert (worst.outcome.figures.dead_air or 0.0) >= 0.9 * calls.worst.waited
    assert play(worst.spec, http, conditions).figures == worst.outcome.figures


def ninelives(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run_here(_run, arguments, columns=100, cwd=cwd)


@pytest.fixture
def pace(tmp_path: Path) -> Path:
    path = tmp_path / "pace.json"
    path.write_text(to_json(STEADY))
    return path


@pytest.mark.thorough
def test_the_command_tells_percentiles_and_keeps_the_worst_call(tmp_path: Path, pace: Path) -> None:
    ran = ninelives(
        "verdict", "ninelives.lab.services:http", "--calls", "3", "--pace", "pace.json", "--jobs", "1",
        "--max-first-word", "600ms", "--html", "page.html", "--json", "data.json", "--junit", "calls.xml",
        cwd=tmp_path,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert ran.stderr == ""
    assert re.search(r"^seconds +p50 +p95 +p99 +most$", ran.stdout, re.MULTILINE)
    assert re.search(r"^first word, of all turns +0\.55 ", ran.stdout, re.MULTILINE)
    assert re.search(r"promises were broken in \d of 3 calls \(I10 in \d\)", ran.stdout)
    assert re.search(r'name="I10 in \d of 3 calls"', (tmp_path / "calls.xml").read_text())
    data = json.loads((tmp_path / "data.json").read_text())
    assert data["calls"] == 3
    assert data["seconds"]["first word, of all turns"]["p50"] == pytest.approx(0.55)
    assert "the worst of 3 calls" in (tmp_path / "page.html").read_text()
    assert data["worst"]["scenario"] == "ninelives-calls/worst_call.yaml"
    (again,) = re.findall(r"again +ninelives (.*)", ran.stdout)
    assert again.split()[:3] == ["verdict", "ninelives.lab.services:http", "--scenario-file"]
    played = ninelives(*again.split(), cwd=tmp_path)
    assert played.returncode == 1
    assert "in all of these only by latency" in " ".join(played.stdout.split())

    kept = ninelives(
        "verdict", "ninelives.lab.services:http", "--calls", "2", "--pace", "pace.json", "--jobs", "1",
        cwd=tmp_path,
    )  # fmt: skip
    assert kept.returncode == 0
    assert "every promise was kept in 2 calls" in kept.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--calls", "5", "--scenario", "reset_*"], "--scenario cannot be combined with --calls"),
        (["--calls", "5", "--markdown", "page.md"], "--markdown cannot be combined with --calls"),
        (["--jobs", "2"], "--jobs needs --calls N"),
        (["--calls", "5", "--pace", "gone.json"], "--pace: gone.json cannot be read"),
        (["--calls", "0"], "Invalid value for '--calls'"),
    ],
)
def test_what_does_not_go_together_is_one_line(given: list[str], said: str, tmp_path: Path) -> None:
    ran = ninelives("verdict", "ninelives.lab.services:http", *given, cwd=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"ninelives: {said}")
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.thorough
def test_processes_call_the_same(tmp_path: Path, pace: Path) -> None:
    told = {}
    for jobs in ("1", "2"):
        subprocess.run(
            [
                sys.executable, "-m", "ninelives", "verdict", "ninelives.lab.services:http", "--calls", "9",
                "--pace", "pace.json", "--jobs", jobs, "--json", f"{jobs}.json",
            ],
            cwd=tmp_path, check=True,
        )  # fmt: skip
        told[jobs] = json.loads((tmp_path / f"{jobs}.json").read_text())
    assert told["1"] == told["2"]
