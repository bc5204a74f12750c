"""Recorded once against an API, then replayed offline: the bot, the judge and the simulated caller."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from mock_openai import MockServer
from ninelives.cli import _run
from ninelives.commands.eval_files import as_json
from ninelives.commands.eval_output import problems
from ninelives.evals.answers import recording_of
from ninelives.evals.chat import Chat
from ninelives.evals.files import Case
from ninelives.evals.play import bot_named, play_disasters, play_first
from ninelives.evals.recording import Recorded, record_case
from ninelives.evals.session import Setting

from tests.effort import HANG
from tests.harness.evals.stage import BOT, FILES, HERE, case, disasters, script
from tests.terminal import run_here

ANOTHER = f"{HERE / 'weather_bot.py'}:run_another"


@contextmanager
def upstream() -> Iterator[str]:
    """A second mock in a thread of its own, in the place of the real API and of Ollama."""
    address: list[str] = []
    loop = asyncio.new_event_loop()
    begun, done = threading.Event(), asyncio.Event()

    async def serve() -> None:
        said = script()
        async with MockServer(script=said, responders=[Chat(said)], pace="fixed:0.002") as server:
            address.append(server.base_url)
            begun.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert begun.wait(HANG)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(HANG)
        loop.close()


def asking(found: Case, url: str) -> Case:
    """The case with its judge and its caller at another address than Ollama's."""
    blocks = {
        name: {**getattr(found.scenario, name), "endpoint": url}
        for name in ("judge", "simulator")
        if hasattr(found.scenario, name)
    }
    return replace(found, scenario=replace(found.scenario, **blocks))


def recorded(name: str, folder: Path, bot: str = BOT) -> tuple[Case, Recorded]:
    with upstream() as url:
        found = asking(case(name, bot), url)
        return found, record_case(found, bot_named(bot), url, recording_of(found, folder))


@pytest.mark.parametrize("name", ["paris", "judged", "simulated"])
def test_what_was_recorded_replays_offline_with_the_same_result(name: str, tmp_path: Path) -> None:
    found, live = recorded(name, tmp_path)
    assert live.played.verdict == "passed", problems(live.played)
    names = {path.name for path in live.kept}
    assert names == {f"{name}.jsonl"} | ({f"{name}.judge.jsonl"} if name != "paris" else set())
    offline = play_first(found, bot_named(BOT), Setting(recordings=tmp_path))
    assert (offline.verdict, offline.source) == ("passed", "recording"), problems(offline)
    assert offline.good, problems(offline)
    assert [heard for _, heard in offline.heard] == [heard for _, heard in live.played.heard][
        -len(offline.heard) :
    ]
    again = play_first(found, bot_named(BOT), Setting(recordings=tmp_path))
    assert as_json(again) == as_json(offline)


@pytest.mark.thorough
def test_a_recording_goes_on_after_a_loss_and_answers_what_is_asked_again(tmp_path: Path) -> None:
    found, _ = recorded("paris", tmp_path)
    setting = Setting(recordings=tmp_path)
    plain = play_first(found, bot_named(BOT), setting)
    for each in play_disasters(
        plain, bot_named(BOT), setting, disasters("reset_before_the_first_word,idle_reset")
    ):
        assert (each.verdict, each.injected) == ("passed", True), problems(each)
        assert each.good, problems(each)


def test_the_command_records_once_and_plays_offline(tmp_path: Path) -> None:
    chosen = (str(FILES / "weather.yaml"), "--scenario", "paris", "--bot", BOT, "--recordings", "kept")
    with upstream() as url:
        ran = run_here(_run, ("eval", *chosen, "--record", "--upstream", url), columns=200, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "kept/weather/paris.jsonl" in ran.stdout
    assert "1 of 1 recorded" in ran.stdout
    ran = run_here(_run, ("eval", *chosen), columns=200, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_recording_of_another_bot_says_first_what_differs(tmp_path: Path) -> None:
    found, _ = recorded("paris", tmp_path)
    other = play_first(replace(found, bot=ANOTHER), bot_named(ANOTHER), Setting(recordings=tmp_path))
    assert not other.good
    first = problems(other)[0]
    assert first.startswith("before the user spoke: the recording is from another bot")
    assert "paris.jsonl" in first
    assert "Norway" in first


def test_a_question_to_the_judge_that_was_not_recorded_is_named(tmp_path: Path) -> None:
    found, _ = recorded("judged", tmp_path)
    greeting, turn = found.scenario.turns
    asks = replace(turn, expect=[replace(turn.expect[0], eval="it wishes the caller a good day")])
    changed = replace(found, scenario=replace(found.scenario, turns=[greeting, asks]))
    played = play_first(changed, bot_named(BOT), Setting(recordings=tmp_path))
    assert played.verdict == "not judged"
    assert not played.good
    (told,) = problems(played)
    assert told.startswith(
        "turn 2: the judge was not asked. No recording in judged.jsonl, judged.judge.jsonl"
    )
    assert "latest_bot_reply" in told


def test_an_eval_that_does_not_pass_leaves_the_recording_as_it_was(tmp_path: Path) -> None:
    found, _ = recorded("judged_badly", tmp_path)
    path = recording_of(found, tmp_path)
    assert not path.exists()
    path.parent.mkdir(exist_ok=True)
    path.write_text("as it was")
    _, again = recorded("judged_badly", tmp_path)
    assert path.read_text() == "as it was"
    assert not again.kept
    assert all(each.exists() for each in again.left)
