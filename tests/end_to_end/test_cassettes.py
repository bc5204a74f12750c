"""The project's own cassettes: labelled, reproducible, free of secrets, enough to answer who made them."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
from mock_openai import MockServer
from ninelives import Bot, Cassette
from ninelives.cassette.lint import lint
from ninelives.lab.dialogue import BYE, FAREWELL, FORECAST, GREETING, HELLO, TOOLS, WEATHER
from ninelives.lab.services import http, websocket
from ninelives.player import Player
from ninelives.recorder import Recorder
from ninelives.virtual import run
from openai import AsyncOpenAI

FOLDER = Path(__file__).parents[2] / "cassettes"
RECORDED = sorted(FOLDER.glob("*.jsonl"))
MAKING = runpy.run_path(str(FOLDER / "record.py"))


def _story(cassette: Cassette) -> list[tuple[object, ...]]:
    """All that was asked and answered, byte for byte and in time, but for what the client's version decides:
    headers, and the order of a request's keys.
    """
    return [
        (
            exchange.method,
            exchange.path,
            exchange.request and json.loads(exchange.request),
            exchange.status,
            exchange.answer,
            [(timed.at, timed.event.type, timed.event.data) for timed in exchange.events],
            exchange.ending,
        )
        for exchange in cassette.exchanges
    ]


def test_each_cassette_has_a_function_that_makes_it() -> None:
    assert [path.stem for path in RECORDED] == sorted(play.__name__ for play in MAKING["CASSETTES"])


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_cassette_says_that_it_did_not_come_from_the_real_api(path: Path) -> None:
    cassette = Cassette.load(path)
    assert cassette.header.origin == "recorded against mock_openai, not the real API"
    assert cassette.header.upstream.startswith("http://127.0.0.1")
    assert not [str(finding) for finding in lint(path)]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_again_it_is_the_same(path: Path, tmp_path: Path) -> None:
    again = tmp_path / path.name
    run(MAKING["_record"](_play(path), again))
    assert _story(Cassette.load(again)) == _story(Cassette.load(path))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_its_replay_recorded_is_the_same_again(path: Path, tmp_path: Path) -> None:
    again = tmp_path / path.name

    async def replay() -> Player:
        player = Player(path)
        async with (
            MockServer(responders=[player], pace="recorded") as server,
            Recorder(server.base_url, cassette=again) as proxy,
            AsyncOpenAI(api_key="not-a-key", base_url=proxy.base_url, max_retries=0) as client,
        ):
            # What it scripts and plans goes to a server that nobody asks: the cassette alone answers.
            await _play(path)(client, MockServer())
        return player

    player = run(replay())
    assert not player.unused
    assert not player.missed
    assert _story(Cassette.load(again)) == _story(Cassette.load(path))


@pytest.mark.parametrize("make", [websocket, http], ids=["websocket service", "http service"])
@pytest.mark.parametrize("name", ["weather_over_websocket", "weather_over_sse"])
def test_a_conversation_answers_a_bot_on_either_transport(name: str, make) -> None:
    async def converse() -> list[str]:
        async with (
            MockServer(responders=[Player(FOLDER / f"{name}.jsonl")], pace="recorded") as server,
            Bot(make(server.base_url, server.ws_url), tools=dict(TOOLS)) as bot,
        ):
            return [(await bot.say(line)).text for line in (HELLO, WEATHER, BYE)]

    assert run(converse()) == [GREETING, FORECAST, FAREWELL]


def _play(path: Path):
    return next(play for play in MAKING["CASSETTES"] if play.__name__ == path.stem)
