"""The black box in running bots: what it catches, what it writes, and that no bot ever notices it."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from mock_openai.faults import Planned, Trigger, create
from ninelives import BlackBox
from ninelives.incidents.notes import Note, Ring
from ninelives.incidents.writing import write
from ninelives.lab.exploration.drawing import draw_scenario
from ninelives.lab.run import Outcome, run_scenario
from ninelives.lab.scenario_spec import Ask, CutIn, Pause, ScenarioSpec
from ninelives.lab.services import as_factory, http, pipecat_http, pipecat_websocket, websocket

from tests.effort import HANG
from tests.harness.exploration.broken import (
    BeginsAgain,
    FailsInSilence,
    GivesUpForGood,
    NeverEnds,
    ReportsTwice,
    RunsToolsTwice,
    SpeaksTheOldAnswer,
    factory_of,
)

from .watched import Watched

REFUSED = Planned(Trigger(phase="request"), create("server_error", status=400, code="invalid_value"))
KEY = "sk-proj-Zq81mNbTw0LrX5kUe7HsVdPy3GcJ2aFo9iB4"


def asked(*steps: Any, **given: Any) -> ScenarioSpec:
    return ScenarioSpec(steps, **given)


def ask(
    user: str = "How are you?", text: str = "I am well. Thank you for asking me.", *faults: Planned
) -> Ask:
    return Ask(user, (({"text": text},),), faults)


def played(
    factory: Any, spec: ScenarioSpec, folder: Path, **given: Any
) -> tuple[Outcome, list[Path], Watched]:
    watched = Watched(factory, folder, **given)
    outcome = run_scenario(spec.scenario(), as_factory(watched))
    return outcome, watched.incidents, watched


def head(path: Path) -> dict[str, Any]:
    with path.open() as file:
        found: dict[str, Any] = json.loads(file.readline())
    return found


def promises(path: Path) -> set[str]:
    return {each["promise"] for each in head(path)["broken"]}


RESET = Planned(Trigger(phase="event", event="response.output_text.delta", nth=4), create("reset"))
CALLS = Ask("Is there bread?", (({"call": "look_up", "arguments": {"topic": "bread"}},), ({"text": "Yes."},)))


@pytest.mark.parametrize(
    ("kind", "promise", "steps"),
    [
        (ReportsTwice, "I9", [ask(), ask("And now?", "Well. Thank you for asking.", RESET)]),
        (BeginsAgain, "I1", [ask(), ask("And now?", "Well. Thank you for asking.", RESET)]),
        (SpeaksTheOldAnswer, "I2", [replace(ask(), cut_in=CutIn(words=3)), ask("Stop. When?", "At six.")]),
        (RunsToolsTwice, "I3", [ask(), CALLS]),
        (NeverEnds, "I4", [ask(), ask("And now?", "Well. Thank you for asking.", RESET)]),
        (FailsInSilence, "I9", [ask(), ask("And now?", "Well. Thank you for asking.", RESET)]),
        (GivesUpForGood, "I9", [ask(), ask("And now?", "Well. Thank you for asking.", RESET)]),
    ],
)
def test_a_broken_promise_is_caught_while_the_bot_runs(
    kind: type[Any], promise: str, steps: list[Ask], tmp_path: Path
) -> None:
    outcome, incidents, _ = played(factory_of(kind), asked(*steps), tmp_path)
    assert promise in {each.promise for each in outcome.broken}
    assert promise in {each for path in incidents for each in promises(path)}


@pytest.mark.parametrize("factory", [websocket, http])
def test_nothing_is_held_against_a_bot_that_keeps_its_promises(factory: Any, tmp_path: Path) -> None:
    for run in (1, 7, 18, 21):
        outcome, incidents, _ = played(factory, draw_scenario(0, run), tmp_path / str(run))
        live = {each.promise for each in outcome.broken}
        for path in incidents:
            assert promises(path) <= live
            assert head(path)["errors"]


@pytest.mark.parametrize("factory", [pipecat_websocket, pipecat_http, websocket, http])
def test_an_error_frame_is_an_incident(factory: Any, tmp_path: Path) -> None:
    quota = Planned(Trigger(phase="request"), create("insufficient_quota"), None)
    _, incidents, _ = played(factory, asked(ask("How are you?", "Well.", quota)), tmp_path)
    assert incidents
    assert head(incidents[0])["errors"]
    assert head(incidents[0])["bot"]["services"][0].endswith("LLMService")


def test_a_file_is_whole_private_and_versioned(tmp_path: Path) -> None:
    spec = asked(ask(), Pause(1.0), ask("And now?", "It goes on. As it always does.", REFUSED))
    _, (path,), _ = played(websocket, spec, tmp_path / "deep" / "folder")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-error\.jsonl", path.name)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    first, *lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert first["ninelives_incident"] == 1
    assert first["wire"]
    assert first["whole"]
    assert first["trigger"] == "error"
    kinds = {line["k"] for line in lines}
    assert kinds >= {"context", "start", "text", "end", "error", "open", "sent", "received"}
    assert [line["t"] for line in lines] == sorted(line["t"] for line in lines)
    assert [line["data"]["user"] for line in lines if line["k"] == "context" and "user" in line["data"]] == [
        "How are you?", "And now?",
    ]  # fmt: skip


def test_no_secret_reaches_the_file_even_in_pieces(tmp_path: Path) -> None:
    spoken = f"Your key is {KEY}, keep it."
    spec = asked(
        ask(f"My key is {KEY}, is it good?", spoken),
        Pause(1.0),
        ask("Mail me at jane.roe@example.com.", "I shall do that. At once and with pleasure.", REFUSED),
    )
    outcome, (path,), _ = played(websocket, spec, tmp_path, emails=True)
    assert KEY in outcome.heard[0]
    text = path.read_text()
    told = "".join(json.loads(line)["data"] for line in text.splitlines() if '"k":"text"' in line)
    for secret in (KEY, KEY[8:], "jane.roe@example.com"):
        assert secret not in text
        assert secret not in told
    deltas = [json.loads(line)["data"] for line in text.splitlines() if '"k":"received"' in line]
    assert KEY[8:] not in "".join(each.get("delta", "") for each in deltas)
    assert "redacted" in told


TWO_TURNS = asked(
    ask("One?", "Yes, it is. And more.", REFUSED), Pause(1.0), ask("Two?", "It is two. Surely.")
)


@contextmanager
def warnings_heard() -> Iterator[list[str]]:
    said: list[str] = []
    logger.enable("ninelives")
    sink = logger.add(lambda message: said.append(str(message)), level="WARNING", filter="ninelives")
    try:
        yield said
    finally:
        logger.remove(sink)


def test_the_bot_does_not_notice_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with warnings_heard() as said:
        outcome, incidents, watched = played(websocket, TWO_TURNS, tmp_path / "file")
        watched.boxes[0].dump()
        watched.boxes[0].dump()
        assert watched.boxes[0].flush(600)
    assert incidents == []
    assert outcome.heard[1] == "It is two. Surely."
    assert len([each for each in said if "cannot be written" in each]) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_the_bot_does_not_notice_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel itself says ENOSPC to what is written."""

    def full(**given: Any) -> tuple[int, str]:
        handle, path = mkstemp(**given)
        os.close(handle)
        return os.open("/dev/full", os.O_WRONLY), path

    mkstemp = tempfile.mkstemp
    with warnings_heard() as said:
        monkeypatch.setattr("tempfile.mkstemp", full)
        outcome, incidents, watched = played(websocket, TWO_TURNS, tmp_path)
        watched.boxes[0].dump()
        assert watched.boxes[0].flush(600)
        assert incidents == []
        assert list(tmp_path.iterdir()) == []
        monkeypatch.undo()  # somebody made room
        watched.boxes[0].dump()
        assert len(watched.incidents) == 1
    assert outcome.heard[1] == "It is two. Surely."
    assert len([each for each in said if "No space left on device" in each]) == 1
    assert [each.name for each in tmp_path.iterdir()] == [watched.incidents[0].name]


def test_the_oldest_files_make_room_and_others_stay(tmp_path: Path) -> None:
    other = tmp_path / "notes.jsonl"
    other.write_text("mine")
    _, _, watched = played(http, asked(ask()), tmp_path, keep=3)
    for _ in range(5):
        watched.boxes[0].dump("to see")
        assert watched.boxes[0].flush(600)
    assert other.read_text() == "mine"
    left = sorted(each for each in tmp_path.iterdir() if each != other)
    assert len(left) == 3
    assert head(left[0])["reason"] == "to see"


def test_the_same_thing_is_written_once(tmp_path: Path) -> None:
    steps = [step for number in range(4) for step in (
        ask(f"Number {number}?", "Let me see. Here it is, I have it.", REFUSED), Pause(2.0)
    )]  # fmt: skip
    _, incidents, _ = played(http, asked(*steps[:-1]), tmp_path)
    assert len(incidents) == 1
    _, incidents, _ = played(http, asked(*steps[:-1]), tmp_path / "short", minutes=0.01)
    assert len(incidents) == 4


def test_a_box_that_breaks_is_silent_but_for_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("no notes today")

    monkeypatch.setattr("ninelives.incidents.box.noted", broken)
    outcome, incidents, _ = played(http, asked(ask()), tmp_path)
    assert outcome.held
    assert incidents == []


def test_a_ring_is_bounded_in_bytes_and_in_time() -> None:
    ring = Ring(seconds=10.0, max_bytes=5000)
    for second in range(100):
        ring.add(Note(float(second), "text", "x"), 1)
    assert [note.at for note in ring.notes()] == [float(second) for second in range(89, 100)]
    for _ in range(100):
        ring.add(Note(100.0, "text", "x" * 800), 800)
    assert ring.bytes <= 5000
    assert len(ring) == 5
    ring.add(Note(101.0, "sent", (1, b"x" * 9000)), 9000)
    assert ring.bytes <= 5000
    assert not ring.whole


@pytest.mark.parametrize("given", [{"minutes": 0}, {"max_bytes": 0}, {"keep": 0}])
def test_a_box_without_room_is_refused(given: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a number above 0"):
        BlackBox(tmp_path, **given)


def test_bots_that_write_in_the_same_second_keep_all_their_incidents(tmp_path: Path) -> None:
    ready = threading.Barrier(8)

    def bot(number: int) -> list[Path]:
        ready.wait()
        return [write(tmp_path, "i4", {"bot": number}, [], keep=1000) for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        written = [path for paths in pool.map(bot, range(8)) for path in paths]
    assert len(set(written)) == 160
    assert Counter(head(path)["bot"] for path in written) == dict.fromkeys(range(8), 20)
    assert sorted(written) == sorted(tmp_path.iterdir())


def test_an_incident_that_was_just_written_stays(tmp_path: Path) -> None:
    for number in range(12):
        path = write(tmp_path, "i4", {"bot": number}, [], keep=2)
        assert head(path)["bot"] == number
    assert len(list(tmp_path.iterdir())) == 2


def test_an_incident_gets_a_name_where_the_file_system_has_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    written = [write(tmp_path, "i4", {"bot": number}, [], keep=1000) for number in range(3)]
    assert [head(path)["bot"] for path in written] == [0, 1, 2]
    assert sorted(written) == sorted(tmp_path.iterdir())


ENDS_AT_ONCE = """
import asyncio
from ninelives import BlackBox
from pipecat.frames.frames import ErrorFrame
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

async def main():
    box = BlackBox("incidents")
    there, here = FrameProcessor(), FrameProcessor()
    error = ErrorFrame("The line is dead.")
    await box.on_push_frame(FramePushed(there, here, error, FrameDirection.UPSTREAM, timestamp=0))
    box.dump()

asyncio.run(main())
"""


def test_a_program_that_ends_after_its_last_turn_still_writes(tmp_path: Path) -> None:
    """As one that is started for each call."""
    command = [sys.executable, "-c", ENDS_AT_ONCE]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=HANG)
    assert ran.returncode == 0, ran.stderr
    [incident] = (tmp_path / "incidents").iterdir()
    assert head(incident)["reason"] == "asked for"
