"""A conversation by keyboard, in virtual time: what is shown, what a command breaks, how it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from mock_openai import MockServer
from ninelives.lab.services import as_factory, http, websocket
from ninelives.report.timeline import Row
from ninelives.talk.session import Session
from ninelives.usage_error import UsageError
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesLLMService

TALE = (
    "A cloud is a great many drops of water. The flat grey ones bring drizzle. The tall ones bring thunder."
)
SCRIPT = [
    {"when": {"tool_output": "get_weather"}, "reply": "It is 21 degrees in Paris."},
    {"when": {"user": "weather"}, "reply": [{"call": "get_weather", "arguments": {"city": "Paris"}}]},
    {"when": {"user": "clouds"}, "reply": TALE},
    {"when": {"user": "Thank"}, "reply": "You are welcome."},
]


async def get_weather(params: Any, city: str) -> None:
    """Get the weather of a city.

    Args:
        city: The city's name.
    """
    await params.result_callback({"city": city, "degrees": 21})


async def run_bot(transport: Any, runner_args: Any) -> None:
    pair = LLMContextAggregatorPair(LLMContext(tools=[get_weather]))
    service = OpenAIResponsesLLMService()
    parts = [transport.input(), pair.user(), service, transport.output(), pair.assistant()]
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(PipelineWorker(Pipeline(parts)))
    await runner.run()


class Talked:
    """A conversation that is over."""

    def __init__(self, session: Session, rows: list[Row], notes: list[str]) -> None:
        self.session, self.rows, self.notes = session, rows, notes

    def texts(self, lane: str) -> list[str]:
        return [row.text for row in self.rows if row.lane == lane]

    @property
    def faults(self) -> list[str]:
        return self.texts("fault")

    @property
    def broken(self) -> list[str]:
        outcome = self.session.outcome()
        assert outcome is not None
        return [f"{each.promise} {each.why}" for each in outcome.broken]


async def talked(bot: Callable[..., Any], *lines: str, **how: Any) -> Talked:
    async def typed() -> AsyncIterator[str]:
        for line in lines:
            yield line

    rows: list[Row] = []
    notes: list[str] = []
    server = MockServer(SCRIPT, pace="fixed:0.05")
    session = Session(
        as_factory(bot),
        server,
        show=rows.append,
        note=notes.append,
        **{"piped": True, "timeout": 20, **how},
    )
    try:
        await session.run(typed())
    finally:
        told = Talked(session, rows, notes)
    return told


async def test_what_is_said_heard_and_asked_is_shown_in_order() -> None:
    told = await talked(run_bot, "What is the weather?", "Thank you.")
    story = [row.text for row in told.rows if row.lane in ("user", "bot", "tool") and row.kind != "end"]
    assert story == [
        "What is the weather?",
        'get_weather(city="Paris") → "{\\"city\\": \\"Paris\\", \\"degrees\\": 21}"',
        "It is 21 degrees in Paris.",
        "Thank you.",
        "You are welcome.",
    ]
    assert [row.at for row in told.rows if row.kind != "text"] == sorted(
        row.at for row in told.rows if row.kind != "text"
    )
    wire = told.texts("connection 1")
    assert wire[0] == "open websocket /v1/responses"
    assert sum(line.startswith("→") for line in wire) == 4  # the warm-up, and three requests
    assert not any("delta" in line for line in wire)
    assert told.broken == []


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("/reset", "reset"),
        ("/close", "close"),
        ("/close 1001", "close"),
        ("/fin", "fin"),
        ("/stall", "stall"),
        ("/half-open", "half_open"),
        ("/limit", "connection_limit"),
        ("/refuse 1", "refuse"),
    ],
)
@pytest.mark.parametrize("bot", [run_bot, http])
async def test_a_command_breaks_the_line_in_mid_sentence(bot: Any, command: str, fault: str) -> None:
    told = await talked(bot, "Tell me about clouds.", "/wait 0.8", command, "Thank you.")
    assert len(told.faults) == 1
    assert told.faults[0].startswith(f"{fault} on connection")
    outcome = told.session.outcome()
    assert outcome is not None
    first, second = outcome.episode.turns
    (struck,) = outcome.episode.faults
    assert first.began < struck.at
    assert first.text == TALE  # ours goes on where it was broken
    assert second.text == "You are welcome."
    assert told.broken == []


async def test_the_quiet_between_two_turns_can_be_broken_too() -> None:
    told = await talked(websocket, "Tell me about clouds.", "/wait 20", "/reset", "/wait 1", "Thank you.")
    assert told.faults == ["reset on connection 1"]
    assert "connection 2" in {row.lane for row in told.rows}
    assert told.broken == []


async def test_who_sees_what_is_heard_cuts_in_by_saying_something() -> None:
    told = await talked(run_bot, "Tell me about clouds.", "/wait 0.8", "Thank you.", "/wait 3", piped=False)
    assert [row.text for row in told.rows if row.kind == "cut in"] == ["cuts in"]
    heard = " ".join(row.text for row in told.rows if row.kind == "text")
    assert "thunder" not in heard
    assert heard.endswith("You are welcome.")


async def test_cut_begins_to_speak_and_says_nothing() -> None:
    told = await talked(run_bot, "Tell me about clouds.", "/wait 0.8", "/cut", "/wait 1")
    assert [row.text for row in told.rows if row.kind == "cut in"] == ["cuts in"]
    told = await talked(run_bot, "/cut", "Thank you.")
    assert told.notes[-1] == "there is nothing to interrupt: the bot is not speaking"


async def test_events_shows_all_of_the_wire_from_then_on() -> None:
    told = await talked(run_bot, "Thank you.", "/wait 5", "/events", "Thank you.")
    deltas = [row.at for row in told.rows if "output_text.delta" in row.text]
    assert deltas
    second = [row.at for row in told.rows if row.kind == "say"][1]
    assert min(deltas) > second


async def test_hanging_up_ends_it_in_the_middle() -> None:
    told = await talked(run_bot, "Tell me about clouds.", "/wait 0.8", "/hangup", "Thank you.")
    assert told.texts("user") == ["Tell me about clouds."]
    assert told.texts("connection 1")[-1].startswith("closed by client")


async def test_the_turn_in_which_the_user_left_is_not_judged() -> None:
    told = await talked(run_bot, "Thank you.", "Tell me about clouds.", "/wait 0.8", "/hangup")
    assert told.session.left_in_turn == 2
    assert told.broken == []
    outcome = told.session.outcome()
    assert outcome is not None
    assert len(outcome.episode.turns) == 2  # it is shown
    assert any(each.held for each in outcome.findings)
    over = await talked(run_bot, "Tell me about clouds.", "/wait 20", "/hangup")
    assert over.session.left_in_turn is None


async def test_a_line_that_cannot_be_read_ends_what_comes_from_a_file_and_nothing_else() -> None:
    with pytest.raises(UsageError, match=r"^line 2: there is no command /rest"):
        await talked(run_bot, "Thank you.", "/rest", "Thank you.")
    told = await talked(run_bot, "/rest", "Thank you.", piped=False, timeout=5)
    assert any(note.startswith("there is no command /rest") for note in told.notes)
    assert told.texts("user") == ["Thank you."]


async def test_a_turn_that_never_ends_is_given_up_and_the_talk_goes_on() -> None:
    from ninelives.lab.services import pipecat_websocket

    told = await talked(pipecat_websocket, "Tell me about clouds.", "/wait 0.8", "/half-open", timeout=5)
    assert "(did not end in time)" in told.texts("bot")
    assert any(each.startswith("I4") for each in told.broken)


async def test_what_was_typed_and_not_said_before_hanging_up_is_told() -> None:
    lines = ["Tell me about clouds.", "Thank you.", "And again, thank you.", "/hangup"]
    told = await talked(run_bot, *lines, piped=False)
    assert told.notes[-1].startswith("you hung up before you had said ")
    assert "'And again, thank you.'" in told.notes[-1]
    assert "'Tell me about clouds.'" not in told.notes[-1]


async def test_a_bot_that_hangs_up_ends_it() -> None:
    async def leaving(transport: Any, runner_args: Any) -> None:
        async def leave() -> None:
            await asyncio.sleep(5)
            await worker.cancel()

        import asyncio

        pair = LLMContextAggregatorPair(LLMContext())
        parts = [transport.input(), pair.user(), OpenAIResponsesLLMService(), transport.output()]
        worker = PipelineWorker(Pipeline([*parts, pair.assistant()]))
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        leaves = asyncio.create_task(leave())
        await runner.run()
        await leaves

    told = await talked(leaving, "Thank you.", "/wait 60", "Are you there?")
    assert told.notes[-1] == "the bot has hung up"
    assert told.texts("user") == ["Thank you."]


async def test_a_bot_that_cannot_start_is_one_line() -> None:
    def broken(base_url: str, ws_url: str) -> Any:
        raise KeyError("NOT_SET")

    with pytest.raises(UsageError, match="could not start: KeyError"):
        await talked(broken, "Hello")
