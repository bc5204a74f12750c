"""The wire of Pipecat's own services, from a recorder beside the bot: real sockets, a real recorder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from mock_openai import MockServer, faults, reply
from ninelives import Bot
from ninelives.bot import TurnTimeout
from ninelives.cli import _run
from ninelives.incidents.reading import Incident, read
from ninelives.incidents.rebuilding import candidates
from ninelives.incidents.sidecar import with_wire
from ninelives.lab.exploration.trial import play
from ninelives.lab.scenario_spec import OnCancel
from ninelives.lab.services import as_factory, pipecat_http, pipecat_websocket
from ninelives.recorder import Recorder
from ninelives.usage_error import UsageError
from ninelives.virtual import run

from tests.terminal import run_here

from .watched import Watched

ANSWER = "It is sunny in Paris and twenty one degrees warm. Take a hat with you."
OTHERS = "In Rome it rains. Stay at home and read a book about the sun."


class Call:
    """One call of a bot whose wire is recorded; what goes wrong strikes its second turn."""

    def __init__(self, factory: Any, folder: Path, *planned: Any, city: str = "Paris") -> None:
        self.factory, self.folder, self.planned, self.city = factory, folder, planned, city
        self.heard: list[str] = []

    async def take_place(self, recorder: Recorder, server: MockServer) -> None:
        watched = Watched(self.factory, self.folder)
        async with Bot(pipeline=watched(recorder.base_url, recorder.ws_url), timeout=120) as bot:
            await bot.say(f"Good morning from {self.city}. Who is this?")
            await asyncio.sleep(3.0)
            server.faults.add(*self.planned)
            with contextlib.suppress(TurnTimeout):
                await bot.say(f"What is the weather in {self.city}?")
            await asyncio.sleep(2.0)
            watched.boxes[0].dump("the caller heard it twice")
            self.heard = [turn.text for turn in bot.turns]
        assert watched.incidents


async def recorded(folder: Path, *calls: Call, before: float = 0.0) -> None:
    script = [
        reply("This is the weather office.", user="morning"),
        reply(ANSWER, user="Paris"),
        reply(OTHERS, user="Rome"),
    ]
    server = MockServer(script, pace="fixed:0.05")
    async with server, Recorder(server.base_url, folder / "wire.jsonl") as recorder:
        await asyncio.sleep(before)
        await asyncio.gather(*(call.take_place(recorder, server) for call in calls))


def only(folder: Path) -> Path:
    (path,) = (each for each in folder.iterdir() if each.name.endswith("-dump.jsonl"))
    return path


def incident(folder: Path) -> Incident:
    return read(only(folder))


LOSS = faults.at(event="response.output_text.delta", nth=5, when="after").reset()


@pytest.mark.parametrize("before", [0.0, 1000.0])
def test_the_recorder_shows_what_the_service_does_not(before: float, tmp_path: Path) -> None:
    call = Call(pipecat_websocket, tmp_path, LOSS)
    run(recorded(tmp_path, call, before=before))
    seen = incident(tmp_path)
    assert "sent" not in {note.kind for note in seen.notes}
    assert seen.broken == []
    judged = with_wire(seen, tmp_path / "wire.jsonl")
    assert [promise for promise, _ in judged.broken] == ["I1", "I6"]
    spec = next(candidates(judged))
    assert [ask.text for ask in spec.asks] == ["This is the weather office.", ANSWER]  # every word of it
    assert [len(ask.faults) for ask in spec.asks] == [0, 1]
    again = play(spec, as_factory(pipecat_websocket))
    assert again.heard == call.heard
    assert "I1" in {each.promise for each in again.broken}


@pytest.mark.thorough
@pytest.mark.parametrize("factory", [pipecat_websocket, pipecat_http])
@pytest.mark.parametrize(
    "planned",
    [
        LOSS,
        faults.at(event="response.output_text.delta", nth=5, when="after").close(code=1012),
        faults.at(event="response.output_text.delta", nth=5).malformed_json(),
        faults.at(event="response.output_text.delta", nth=5).drop(),
        faults.at(event="response.output_text.delta", nth=5).duplicate(),
        faults.at(event="response.output_text.delta", nth=5).reorder(),
        faults.at(event="response.output_text.delta", nth=5).delay(3.0),
        faults.at(event="response.output_text.delta", nth=5).stall(),
        faults.at(event="terminal").missing_terminal(),
        faults.at(event="terminal").incomplete(reason="content_filter"),
        faults.at(phase="request").rate_limit(),
        faults.at(phase="request").server_error(status=400, code="invalid_prompt"),
        faults.at(event="response.output_text.delta", nth=5).server_error(),
    ],
    ids=lambda planned: planned.fault.name,
)
def test_what_the_wire_shows_is_heard_again(factory: Any, planned: Any, tmp_path: Path) -> None:
    call = Call(factory, tmp_path, planned)
    run(recorded(tmp_path, call))
    judged = with_wire(incident(tmp_path), tmp_path / "wire.jsonl")
    again = play(next(candidates(judged)), as_factory(factory))
    assert again.heard == call.heard
    wire = {each.promise for each in again.broken}
    assert {promise for promise, _ in judged.broken} <= wire


@pytest.mark.parametrize("how", get_args(OnCancel))
def test_the_wire_shows_what_a_server_makes_of_a_cancellation(how: str, tmp_path: Path) -> None:
    async def call() -> None:
        server = MockServer([reply(ANSWER)], pace="fixed:0.05", on_cancel=how)  # type: ignore[arg-type]
        watched = Watched(pipecat_websocket, tmp_path)
        async with (
            server,
            Recorder(server.base_url, tmp_path / "wire.jsonl") as recorder,
            Bot(pipeline=watched(recorder.base_url, recorder.ws_url), timeout=60) as bot,
        ):
            turn = bot.say_soon("How is the weather?")
            await bot.interrupt(after_words=3)
            await bot.listen(turn)
            await bot.say("Once more, please.")
            await asyncio.sleep(2.0)
            watched.boxes[0].dump("the caller was not heard")
        assert watched.incidents

    run(call())
    assert next(candidates(with_wire(incident(tmp_path), tmp_path / "wire.jsonl"))).on_cancel == how


def test_a_recorder_may_see_several_calls(tmp_path: Path) -> None:
    lost = Call(pipecat_websocket, tmp_path / "lost", LOSS)
    others = [Call(kind, tmp_path / kind.__name__, city="Rome") for kind in (pipecat_websocket, pipecat_http)]
    run(recorded(tmp_path, lost, *others, before=5.0))
    judged = with_wire(incident(lost.folder), tmp_path / "wire.jsonl")
    asked = [note.data[1] for note in judged.notes if note.kind == "sent"]
    assert len(asked) == 3  # the second question twice, because of the loss
    assert all(b"Paris" in each and b"Rome" not in each for each in asked)
    assert next(candidates(judged)).asks[1].text == ANSWER


@pytest.mark.thorough
def test_the_command_finds_the_cassette_beside_the_incident(tmp_path: Path) -> None:
    run(recorded(tmp_path, Call(pipecat_websocket, tmp_path, LOSS)))
    name = only(tmp_path).name
    (tmp_path / "other").mkdir()
    shutil.copy(only(tmp_path), tmp_path / "other")

    def reproduce(*given: str) -> Any:
        bot = ("--bot", "ninelives.lab.services:pipecat_websocket", "--tries", "10")
        return run_here(_run, ("reproduce", *given, *bot), columns=200, cwd=tmp_path)

    ran = reproduce(name)
    assert ran.returncode == 1, ran.stderr
    assert "the traffic is taken from" in ran.stderr
    assert "wire.jsonl; it also shows: I1, turn 2" in ran.stderr
    assert ran.stdout.startswith("the same promise was broken: I1")
    assert "Nobody knows how it went on" not in (tmp_path / "incident.md").read_text()
    os.replace(tmp_path / "wire.jsonl", tmp_path / "talk.jsonl.partial")  # of a recorder that still runs
    ran = reproduce(f"other/{name}", "--wire", "talk.jsonl")
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout.startswith("the same promise was broken: I1")
    ran = reproduce(f"other/{name}", "--wire", "none.jsonl")
    assert ran.returncode == 2
    assert "none.jsonl: found no such file" in ran.stderr


def test_the_recording_of_another_call_is_one_line(tmp_path: Path) -> None:
    run(recorded(tmp_path, Call(pipecat_http, tmp_path)))
    seen = incident(tmp_path)
    notes = [
        replace_user(note, "How deep is the sea?") if note.kind == "context" and "user" in note.data else note
        for note in seen.notes
    ]
    with pytest.raises(UsageError, match="of another call: its first request asks 'Good morn"):
        with_wire(replace(seen, notes=notes), tmp_path / "wire.jsonl")


def replace_user(note: Any, user: str) -> Any:
    return type(note)(note.at, note.kind, {**note.data, "user": user})
