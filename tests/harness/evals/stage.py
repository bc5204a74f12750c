"""What the tests of evals share: the files, and how one case is played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mock_openai import Script
from ninelives.evals.disasters import Disaster, chosen
from ninelives.evals.files import Case, cases
from ninelives.evals.outcome import Played
from ninelives.evals.play import bot_named, play_disasters, play_first
from ninelives.evals.session import Setting

HERE = Path(__file__).parent
FILES = HERE / "files"
BOT = f"{HERE / 'weather_bot.py'}:run_bot"
PIPECATS = f"{HERE / 'weather_bot.py'}:run_pipecats"


def script() -> Script:
    return Script.load(FILES / "script.yaml")


def case(name: str, bot: str = BOT) -> Case:
    return next(each for each in cases([FILES / "weather.yaml"], bot) if each.name == f"weather/{name}")


def played(name: str, bot: str = BOT, **setting: Any) -> Played:
    setting.setdefault("script", script())
    return play_first(case(name, bot), bot_named(bot), Setting(**setting))


def under(name: str, faults: str, bot: str = BOT, **setting: Any) -> list[Played]:
    setting.setdefault("script", script())
    made = Setting(**setting)
    plain = play_first(case(name, bot), bot_named(bot), made)
    assert plain.verdict == "passed", plain.failures
    return list(play_disasters(plain, bot_named(bot), made, disasters(faults)))


def disasters(faults: str) -> list[Disaster]:
    return chosen(faults)
