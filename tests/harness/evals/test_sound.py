"""Pipecat's audio scenarios offline: the user is heard, the bot is understood, and both take their time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ninelives.commands.eval_output import problems
from ninelives.evals.files import Case, cases
from ninelives.evals.outcome import Played
from ninelives.evals.play import bot_named, play_disasters, play_first
from ninelives.evals.session import Setting
from ninelives.lab.episode import Episode
from pipecat.evals.results import EvalScriptResult

from tests.harness.evals.stage import BOT, FILES, HERE, PIPECATS, disasters, script

PATIENT = f"{HERE / 'weather_bot.py'}:run_patient"


def case(name: str, bot: str = BOT) -> Case:
    return next(each for each in cases([FILES / "sound.yaml"], bot) if each.name == f"sound/{name}")


def aloud(name: str, bot: str = BOT, **setting: Any) -> Played:
    return play_first(case(name, bot), bot_named(bot), Setting(script=script(), **setting))


def trace(played: Played) -> list[str]:
    assert isinstance(played.result, EvalScriptResult)
    return [re.sub(r":\d+/ws", ":PORT/ws", line) for line in played.result.debug_log]


@pytest.mark.thorough
def test_a_conversation_is_held_aloud() -> None:
    found = aloud("paris")
    assert found.verdict == "passed", problems(found)
    assert found.good
    assert found.heard == [
        ("What is the weather in Paris?", "It is 21 degrees and sunny in Paris this afternoon."),
        ("Thank you, goodbye.", "You are welcome. Have a good day."),
    ]
    assert trace(aloud("paris")) == trace(found)  # to the millisecond


@pytest.mark.thorough
def test_a_user_who_cuts_in_silences_the_bot() -> None:
    found = aloud("cut_in")
    assert found.good, problems(found)
    assert [asked for asked, _ in found.heard] == ["Tell me about clouds.", "Thank you, goodbye."]
    said = "\n".join(trace(found))
    assert "discard: bot speech from before the turn's reply 'A cloud is" in said


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["recorded", "simulated"])
def test_recordings_are_read_and_callers_are_simulated(name: str) -> None:
    found = aloud(name)
    assert found.good, problems(found)
    assert found.heard[0][1] == "It is 21 degrees and sunny in Paris this afternoon."


@pytest.mark.thorough
def test_a_bot_that_waits_for_a_hesitant_user_has_one_turn() -> None:
    found = aloud("hesitant", PATIENT)
    assert found.good, problems(found)
    assert [asked for asked, _ in found.heard] == ["What is the weather in Paris?"]


@pytest.mark.thorough
def test_disasters_strike_aloud() -> None:
    for bot, broken in ((BOT, []), (PIPECATS, ["I1", "I6"])):
        plain = aloud("paris", bot)
        setting = Setting(script=script())
        (found,) = play_disasters(plain, bot_named(bot), setting, disasters("reset_in_mid_sentence"))
        assert found.injected
        assert [each.promise for each in found.broken] == broken


@pytest.mark.thorough
def test_a_service_alone_gets_ears_and_a_voice(tmp_path: Path) -> None:
    (tmp_path / "hello.yaml").write_text(
        "name: hello\nuser: {modality: audio, speech: {service: kokoro, voice: x}}\n"
        "judge: {modality: audio, transcription: {service: moonshine}}\n"
        'turns: [{user: "Thank you, goodbye.", expect: [{event: response, text_contains: good day}]}]\n'
    )
    service = "ninelives.lab.services:http"
    (found,) = cases([tmp_path / "hello.yaml"], service)
    assert play_first(found, bot_named(service), Setting(script=script())).good


def test_an_hour_of_silence_is_not_played_aloud() -> None:
    plain = Played(case("cut_in"), None, None, Episode([], []))
    (found,) = play_disasters(plain, bot_named(BOT), Setting(), disasters("limit_between_turns"))
    assert found.skipped == "it has 62 minutes of silence; --text plays it without sound"
