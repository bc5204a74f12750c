"""What was played has a lane of its own: in the timeline, its page, and the snapshot of frames."""

import json
import re

import pytest
from mock_openai import reply
from ninelives import Voice, words
from ninelives.frames.lines import to_lines
from ninelives.report.html import page
from ninelives.report.timeline import Chapter, from_turns

from tests.harness.voice.bots import run_bot

pytestmark = pytest.mark.virtual_time


async def cut(openai_server, voice_call):
    openai_server.script.add(reply("One two three four five."))
    async with voice_call(run_bot, voice=Voice(words_per_minute=200)) as caller:
        return await caller.say("Please count.", cut_in=words(3)), caller


async def test_the_timeline_has_a_lane_for_what_was_played(openai_server, voice_call):
    turn, _ = await cut(openai_server, voice_call)
    timeline = from_turns([turn])
    assert timeline.lanes[:3] == ["user", "bot", "played"]
    rows = [row for row in timeline.rows if row.lane == "played"]
    assert "".join(row.text for row in rows).split() == ["One", "two", "three"]
    assert [row.at for row in rows] == [word.at for word in turn.words]
    (bar,) = [span for span in timeline.spans if span.lane == "played"]
    assert (bar.began, bar.until) == (turn.sounds[0].began, turn.sounds[0].ended)


async def test_the_page_shows_it(openai_server, voice_call):
    turn, _ = await cut(openai_server, voice_call)
    text = page([Chapter("A call", "Somebody counts.", from_turns([turn]))], "A call")
    data = json.loads(re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', text, re.DOTALL)[1])
    (chapter,) = data["chapters"]
    lane = chapter["lanes"].index("played")
    texts = [data["moments"][row[3]][1] for row in chapter["rows"] if row[2] == lane]
    assert texts == ["One ", "two ", "three "]
    assert [span["text"] for span in chapter["spans"] if span["lane"] == lane] == ["0.60 s of sound"]


async def test_the_snapshot_has_it_among_the_frames(openai_server, voice_call):
    turn, caller = await cut(openai_server, voice_call)
    lines = to_lines(turn)
    played = [line.split(" ", 1)[1] for line in lines if "♪" in line]
    assert played == [
        '♪ PlayedSound {"seconds":0.601}',
        '♪ PlayedWord {"text":"One"}',
        '♪ PlayedWord {"text":"two"}',
        '♪ PlayedWord {"text":"three"}',
    ]
    assert [float(line.split(" ")[0]) for line in lines] == sorted(float(x.split(" ")[0]) for x in lines)
    assert to_lines(turn, include=["PlayedWord"]) == [line for line in lines if "PlayedWord" in line]
    assert not [line for line in to_lines(turn, direction="down") if "♪" in line]
    assert [line for line in to_lines(caller) if "♪" in line] == [line for line in lines if "♪" in line]


async def test_a_turn_without_a_voice_has_none(openai_server, bot):
    openai_server.script.add(reply("One two three."))
    async with bot(run_bot) as user:
        turn = await user.say("Please count.")
    assert "played" not in from_turns([turn]).lanes
    assert not [line for line in to_lines(turn) if "♪" in line]
