"""`ninelives pace`: the rhythm of recordings is learned as it was, and what has no rhythm is told so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from mock_openai import MockServer, reply
from mock_openai.turn.learned_pace import Learned, load_pace, realistic
from ninelives.cassette import Cassette
from ninelives.cassette.convert import load
from ninelives.cassette.rhythm import Rhythm, quantiles
from ninelives.cli import _run
from ninelives.recorder import Recorder
from ninelives.virtual import run
from openai import AsyncOpenAI

from benchmarks.realistic_pace import realistic as made_again
from tests.conformance.recordings import FOLDER
from tests.terminal import run_here

PLAYED = Learned(
    first_event=(0.2, 0.6),
    first_output=(1.0,),
    between_items=(0.5,),
    burst=(4,),
    within_burst=(0.004,),
    between_bursts=(0.05, 0.09),
    stalls=(2.0, 3.0),
    stall_share=0.1,
)


def recorded(path: Path, pace: Learned | str, words: int = 400) -> Path:
    """A conversation of three answers at a pace, recorded in virtual time."""

    async def talk() -> None:
        text = " ".join(f"word{number}" for number in range(words))
        async with (
            MockServer([reply(text)], pace=pace) as server,
            Recorder(server.base_url, path) as proxy,
            AsyncOpenAI(api_key="test", base_url=proxy.base_url) as client,
        ):
            for question in ("one", "two", "three"):
                async for _ in await client.responses.create(model="gpt-4o", input=question, stream=True):
                    pass

    run(talk())
    return path


def ninelives(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run_here(_run, arguments, columns=100, cwd=cwd)


@pytest.mark.thorough
def test_what_was_played_is_learned_and_plays_again(tmp_path: Path) -> None:
    rhythm = Rhythm()
    rhythm.hear(Cassette.load(recorded(tmp_path / "talk.jsonl", PLAYED)).exchanges)
    assert (rhythm.timed, rhythm.begun, rhythm.untimed) == (3, 0, 0)
    learned = rhythm.pace(["talk.jsonl: 3 answers"])
    assert all(0.2 <= each <= 0.61 for each in learned.first_event)
    assert learned.first_output == pytest.approx((1.0,) * 3, abs=0.002)
    assert set(learned.burst[1:-1]) == {4.0}
    assert learned.within_burst[50] == pytest.approx(0.004, abs=0.002)
    assert 0.049 <= learned.between_bursts[0] <= learned.between_bursts[-1] <= 0.092
    assert 1.99 <= learned.stalls[0] <= learned.stalls[-1] <= 3.01
    assert 0.02 < learned.stall_share < 0.25


def test_a_recording_without_times_has_no_rhythm(tmp_path: Path) -> None:
    rhythm = Rhythm()
    rhythm.hear(Cassette.load(recorded(tmp_path / "instant.jsonl", "instant", words=5)).exchanges)
    assert rhythm.timed == 0
    with pytest.raises(ValueError, match="has the times of its events"):
        rhythm.pace([])


def test_quantiles_are_all_values_or_as_many_as_are_kept() -> None:
    assert quantiles([3.0, 1.0, 2.0]) == (1.0, 2.0, 3.0)
    assert quantiles(range(1001), most=5) == (0.0, 250.0, 500.0, 750.0, 1000.0)
    assert quantiles([7.0]) == (7.0,)


@pytest.mark.thorough
def test_the_command_writes_a_file_and_says_what_it_learned(tmp_path: Path) -> None:
    recorded(tmp_path / "talks" / "talk.jsonl", PLAYED)
    (tmp_path / "talks" / "notes.json").write_text("{}")
    ran = ninelives("pace", "talks", "-o", "mine/pace.json", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "from 3 answers with the times of all events" in ran.stdout
    assert "left out because they are not recordings: notes.json" in ran.stdout
    assert "is a stall" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 100
    assert load_pace(tmp_path / "mine" / "pace.json").sources == (
        "talk.jsonl (recorded against a server on this machine, not the real API): 3 answers",
    )


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (
            "untimed.jsonl",
            "untimed.jsonl: no streamed answer with several events has the times of its events",
        ),
        ("empty", "empty: found no recording; expected a cassette"),
        ("gone.jsonl", "gone.jsonl: found no such file"),
        ("broken.jsonl", "broken.jsonl"),
    ],
)
def test_what_cannot_be_learned_from_is_one_line(named: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.jsonl").write_text("once upon a time\n")
    recorded(tmp_path / "untimed.jsonl", "instant", words=5)
    ran = ninelives("pace", named, "-o", "pace.json", cwd=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"ninelives: {said}")
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "pace.json").exists()


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no recordings at {FOLDER}")
def test_realistic_is_what_the_recordings_say() -> None:
    assert made_again(FOLDER.parent) == realistic()


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no recordings at {FOLDER}")
def test_of_a_stream_without_times_how_long_it_took_to_begin_is_learned() -> None:
    (path,) = FOLDER.glob("openai-dotnet.helloworldstreaming-gpt-4o-mini.d8f1b6.0.json")
    rhythm = Rhythm()
    rhythm.hear(load(path).exchanges)
    assert (rhythm.timed, rhythm.begun, rhythm.first_event) == (0, 1, [0.091])
