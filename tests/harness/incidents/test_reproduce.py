"""From an incident to a test: the same breach again, in one turn, as a file."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mock_openai.faults import Planned, Trigger, create
from ninelives.cli import _run
from ninelives.incidents.people import likely_names
from ninelives.incidents.reading import read
from ninelives.incidents.reproducing import reproduce
from ninelives.lab.exploration.drawing import draw_scenario
from ninelives.lab.exploration.trial import play
from ninelives.lab.run import run_scenario
from ninelives.lab.scenario_file import from_text, to_yaml
from ninelives.lab.scenario_spec import Ask, Pause, ScenarioSpec
from ninelives.lab.services import as_factory, http, pipecat_http, pipecat_websocket, websocket

from tests.harness.exploration.broken import BROKEN, factory_of
from tests.terminal import run_here

from .watched import Watched

BOTS: dict[str, Any] = {
    "pipecat_websocket": pipecat_websocket,
    "pipecat_http": pipecat_http,
    "websocket": websocket,
    "http": http,
    **{kind.__name__: factory_of(kind) for kind in BROKEN},
}
COMPLAINTS = {kind.__name__: promise for kind, promise in BROKEN.items() if promise in ("I5", "I7", "I8")}
"""Defects that nobody can judge while a bot runs: somebody has to notice, and ask for the file."""

KEY = "sk-proj-Zq81mNbTw0LrX5kUe7HsVdPy3GcJ2aFo9iB4"
HEAD = '{"ninelives_incident": 1, "broken": [], "errors": [], "bot": {"services": []}}\n'
RUNS = int(os.environ.get("NINELIVES_RUNS", "11"))
"""Seeded faults of the thorough proof; 50 by hand."""


def marked(spec: ScenarioSpec) -> ScenarioSpec:
    """The scenario with a secret in every question and every answer."""
    steps: list[Ask | Pause] = []
    for step in spec.steps:
        if isinstance(step, Ask):
            *before, last = step.answer
            said = [
                {"text": f"{item['text']} The key is {KEY}."} if "text" in item else item for item in last
            ]
            spoken = tuple(said)
            step = replace(step, user=f"{step.user} My key is {KEY}.", answer=(*before, spoken))
        steps.append(step)
    return replace(spec, steps=tuple(steps))


def broken_promises(name: str, run: int) -> set[str]:
    """What a bot's run breaks; without secrets, which a server never shows as they were said."""
    outcome = run_scenario(draw_scenario(0, run).scenario(), as_factory(BOTS[name]))
    return {each.promise for each in outcome.broken}


def incident_of(name: str, run: int, folder: Path) -> Path | None:
    """The first incident that a bot's run with drawn faults leaves. None: nothing went wrong."""
    watched = Watched(BOTS[name], folder)
    outcome = run_scenario(marked(draw_scenario(0, run)).scenario(), as_factory(watched))
    if not outcome.applies:
        return None
    if not watched.incidents and COMPLAINTS.get(name) in broken_promises(name, run):
        watched.boxes[0].dump("a caller complained")
    incidents = watched.incidents
    return incidents[0] if incidents else None


@pytest.mark.parametrize(
    ("name", "run"), [("ReportsTwice", 3), pytest.param("pipecat_http", 3, marks=pytest.mark.thorough)]
)
def test_a_breach_comes_back_and_is_shrunk_to_one_turn(name: str, run: int, tmp_path: Path) -> None:
    path = incident_of(name, run, tmp_path)
    assert path is not None
    incident = read(path)
    found = reproduce(incident, as_factory(BOTS[name]), tries=40)
    assert found.same
    assert found.promise in {promise for promise, _ in incident.broken}
    assert found.turns == 2
    assert found.spec is not None
    assert len(found.spec.asks) == 1
    outcome = play(found.spec, as_factory(BOTS[name]))
    assert found.promise in {each.promise for each in outcome.broken}


@pytest.mark.thorough
def test_a_bot_that_keeps_its_promises_does_not_show_the_breach_of_another(tmp_path: Path) -> None:
    path = incident_of("ReportsTwice", 3, tmp_path)
    assert path is not None
    assert not reproduce(read(path), as_factory(websocket), tries=1).same


@pytest.mark.thorough
def test_seeded_faults_are_caught_reproduced_and_shrunk(tmp_path: Path) -> None:
    done, missed, run = Counter[str](), [], 0
    while done.total() < RUNS:
        for name in BOTS:
            path = incident_of(name, run, tmp_path / f"{name}-{run}")
            if path is None:
                continue
            incident = read(path)
            assert KEY not in path.read_text()
            found = reproduce(incident, as_factory(BOTS[name]), tries=60)
            assert found.spec is None or KEY not in to_yaml(found.spec) + found.evidence
            done[name] += 1
            wanted = {promise for promise, _ in incident.broken} or {COMPLAINTS.get(name)}
            same = found.same and (incident.trigger == "error" or found.promise in wanted)
            if not same or found.spec is None or len(found.spec.asks) > 2:
                missed.append((name, run, incident.header["reason"]))
            if done.total() == RUNS:
                break
        run += 1
    assert not missed


def ninelives(*arguments: str, cwd: Path) -> Any:
    return run_here(_run, arguments, columns=200, cwd=cwd)


BOT = """
from tests.harness.exploration.broken import ReportsTwice, factory_of
make = factory_of(ReportsTwice)

def make_bot(base_url, ws_url):
    return make(base_url, ws_url)
"""


@pytest.mark.thorough
def test_the_command_keeps_a_scenario_and_writes_an_issue(tmp_path: Path) -> None:
    path = incident_of("ReportsTwice", 3, tmp_path / "incidents")
    assert path is not None
    (tmp_path / "bot.py").write_text(BOT)
    given = ("reproduce", str(path), "--bot", "bot.py:make_bot", "--tries", "20")
    ran = ninelives(*given, cwd=tmp_path)
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout.startswith("the same promise was broken: I6, turn 1")
    assert "shortened from 2 turns to 1; wrote scenarios/i6_" in ran.stdout
    (spec,) = (tmp_path / "scenarios").iterdir()
    assert "I9" in from_text(spec.read_text()).broke
    text = (tmp_path / "incident.md").read_text()
    for words in (
        "# I6: ",
        "ReportsTwice",
        "```yaml",
        "ninelives verdict bot.py:make_bot",
        "Replaced in this call",
    ):
        assert words in text
    ran = ninelives(
        "reproduce", str(path), "--bot", "ninelives.lab.services:http", "--tries", "1", cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("not reproduced: I6")
    assert "a different bot: the incident is from tests.harness.exploration.broken.ReportsTwice" in ran.stderr


NAMED = ScenarioSpec((
    Ask("I am Jane Roe. And who are you?",
        (({"text": "Good morning, Jane Roe. This is the harbour office, and my name is Jo."},),)),
    Pause(1.0),
    Ask("Jane here, jane roe again. Are you well?",
        (({"text": "Very well, thank you. And you, Jane Roe? You sound tired today."},),),
        (Planned(Trigger(phase="event", event="response.output_text.delta", nth=10, when="after"),
                 create("reset")),)),
))  # fmt: skip


def test_words_are_replaced_in_all_that_is_kept(tmp_path: Path) -> None:
    watched = Watched(BOTS["ReportsTwice"], tmp_path / "incidents")
    outcome = run_scenario(NAMED.scenario(), as_factory(watched))
    assert outcome.heard[1].endswith("And you, Jane")  # it broke off in the middle of the name
    (tmp_path / "bot.py").write_text(BOT)
    given = ("reproduce", str(watched.incidents[0]), "--bot", "bot.py:make_bot", "--tries", "1")
    names = ("--replace", "Jane Roe=the caller", "--replace", "Jane=Caller", "--replace", "Mary=Nobody")
    ran = ninelives(*given, *names, cwd=tmp_path)
    assert ran.returncode == 1, ran.stderr
    (spec,) = (tmp_path / "scenarios").iterdir()
    text = (tmp_path / "incident.md").read_text()
    for kept in (spec.read_text(), text, ran.stdout):
        assert not re.search("jane|roe", kept, re.IGNORECASE)
    assert "my name is Jo." in spec.read_text()
    assert "Replaced in this call: 5 x words that --replace names" in text
    assert "may be names: Jo; --replace Jo=Caller replaces one" in ran.stderr
    assert "--replace 'Mary': these words do not occur in this call" in ran.stderr
    ran = ninelives(*given, "--replace", "Jane", cwd=tmp_path)
    assert ran.returncode == 2
    assert "expected 'NAME=OTHER'" in ran.stderr


def test_words_that_may_be_names_are_those_with_a_capital_inside_a_sentence() -> None:
    said = [
        "I am Jane Roe. And you? Is it Zoë O'Hara, or Jo?",
        "Good day: This is (Jane Roe), I think; ask Mr. Li",
    ]
    assert likely_names(said) == ["Jane Roe", "Zoë O'Hara", "Jo", "Mr"]
    assert likely_names(["", "Nobody I know.", "We open at nine. On weekdays only!"]) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not an incident"),
        ("not json\n", ":1 is not a JSON object"),
        ('{"ninelives": 1}\n', "found a cassette"),
        ('{"ninelives_incident": 99}\n', "of version 99"),
        ('{"ninelives_incident": 1}\n', "something is missing"),
        (HEAD + '[1]\n', ":2 is not a JSON"),
        (HEAD + '{"t": 1}\n', "something"),
    ],
)  # fmt: skip
def test_what_is_no_incident_is_one_line(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "file.jsonl").write_text(text)
    ran = ninelives("reproduce", "file.jsonl", "--bot", "bot.py", cwd=tmp_path)
    assert ran.returncode == 2
    assert says in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "incident.md").exists()


def test_a_bot_that_does_not_start_is_told(tmp_path: Path) -> None:
    head = {"ninelives_incident": 1, "broken": [], "errors": [], "bot": {"services": []}}
    (tmp_path / "file.jsonl").write_text(json.dumps(head) + "\n")
    (tmp_path / "broken_bot.py").write_text(
        "def run_bot(base_url, ws_url):\n    raise RuntimeError('no luck')\n"
    )
    ran = ninelives("reproduce", "file.jsonl", "--bot", "broken_bot.py", cwd=tmp_path)
    assert ran.returncode == 2
    assert "no luck" in ran.stderr


SILENT = """
from pipecat.frames.frames import LLMContextFrame
from pipecat_responses import OpenAIResponsesLLMService

class Silent(OpenAIResponsesLLMService):
    async def process_frame(self, frame, direction):
        if isinstance(frame, LLMContextFrame):
            raise RuntimeError("no luck")
        await super().process_frame(frame, direction)

def make_bot(base_url, ws_url):
    return Silent(api_key="x", base_url=base_url, ws_url=ws_url)
"""


def test_an_incident_that_does_not_say_what_wrote_it_is_kept_as_a_scenario(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(SILENT)
    lines = [
        {"t": 0, "k": "context", "data": {"messages": 1, "role": "user", "user": "Hello"}},
        {"t": 1, "k": "start"},
        {"t": 2, "k": "text", "data": "Hello."},
        {"t": 3, "k": "end"},
    ]
    (tmp_path / "file.jsonl").write_text(HEAD + "".join(json.dumps(line) + "\n" for line in lines))
    ran = ninelives("reproduce", "file.jsonl", "--bot", "bot.py:make_bot", "--tries", "1", cwd=tmp_path)
    assert ran.returncode == 1, ran.stderr
    assert "- at the incident: unknown\n" in (tmp_path / "incident.md").read_text()
    assert len(list((tmp_path / "scenarios").iterdir())) == 1
