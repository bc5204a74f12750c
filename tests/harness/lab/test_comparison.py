"""docs/understand/verdict.md is what its command makes of the services: pieces of it are made again here."""

from __future__ import annotations

from pathlib import Path

import pytest
from ninelives.lab import run_scenario
from ninelives.lab import services as factories
from ninelives.lab.comparison import NOT_SHOWN, evidence, page, row
from ninelives.lab.defects import DEFECTS, Defect
from ninelives.lab.scenarios import scenarios

PAGE = Path(__file__).parents[3] / "docs" / "understand" / "verdict.md"
SERVICES = ("websocket", "http", "pipecat_websocket", "pipecat_http")


@pytest.mark.parametrize(
    "name", ["calm_thinking", "reset_in_mid_sentence", "idle_close", "refusal", "handshake_401_at_the_start"]
)
def test_a_row_of_the_page_is_what_the_scenario_gives(name: str) -> None:
    outcomes = {each: run_scenario(scenarios()[name], getattr(factories, each)) for each in SERVICES}
    assert row(outcomes, SERVICES) in PAGE.read_text().splitlines()


@pytest.mark.thorough
@pytest.mark.parametrize("defect", [each for each in DEFECTS if each.scenario], ids=lambda each: each.number)
def test_a_known_defect_is_shown_by_its_scenario_as_the_page_says(defect: Defect) -> None:
    line = evidence(defect, run_scenario(scenarios()[defect.scenario], getattr(factories, defect.service)))
    assert NOT_SHOWN not in line
    assert line in PAGE.read_text().splitlines()


def test_the_page_names_its_command_every_scenario_and_every_defect() -> None:
    text = PAGE.read_text()
    assert "`ninelives verdict ninelives.lab.services:websocket ninelives.lab.services:http" in text
    assert "--markdown docs/understand/verdict.md`" in text
    for name in scenarios():
        assert f"| {name.replace('_', ' ')} |" in text
    for defect in DEFECTS:
        assert f"| {defect.number} | {defect.what} |" in text


def test_our_own_services_are_in_the_page_without_a_broken_promise() -> None:
    for service in ("websocket", "http"):
        summary = next(line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{service}` |"))
        tried, kept, broken = summary.split("|")[2:5]
        assert (tried.strip(), broken.strip()) == (kept.strip(), "0")


def test_any_service_can_be_compared_and_what_is_not_known_of_is_left_out() -> None:
    outcome = run_scenario(scenarios()["calm_thinking"], factories.http)
    made = page([{"mine:bot": outcome}], ["mine:bot"], "ninelives verdict mine:bot", "Pipecat 1.14.0")
    assert "| `bot` | 1 | 1 | 0 | 0 | 0 | 0.20 s | 1.50 s | 1.50 s |" in made
    assert "- `bot` kept every promise in all 1 scenarios." in made
    assert "| Nothing goes wrong | 0 of 1 |" in made
    assert "Known defects" not in made
    assert "The worst" not in made


def test_the_summary_counts_what_was_broken_by_chapter_and_promise_and_names_the_worst() -> None:
    names = ("idle_close", "calm_thinking")
    results = [{"a:ours": run_scenario(scenarios()[name], factories.websocket)} for name in names]
    for each, name in zip(results, names, strict=True):
        each["b:theirs"] = run_scenario(scenarios()[name], factories.pipecat_websocket)
    made = page(
        results, ["a:ours", "b:theirs"], "ninelives verdict a:ours b:theirs", "Pipecat 1.14.0"
    ).splitlines()
    assert "- `ours` kept every promise in all 2 scenarios." in made
    assert "- `theirs` broke promises in 1 of 2 scenarios." in made
    assert "| Between turns | 0 of 1 | 1 of 1 |" in made
    assert [line[-12:] for line in made if line.startswith("| **I8**")] == ["trip. | 0 | 1 |"[-12:]]
    worst = made[made.index("## The worst of `theirs`") :][4]
    assert worst.startswith("| idle close | I8 0.20 | The server closes")
    assert "## The worst of `ours`" not in made
