"""Connections that break in every way, and what the user hears of it."""

import random
from typing import Any

import pytest
from mock_openai import MockServer, Reasoning, call, faults, reply
from ninelives import Bot
from pipecat.processors.aggregators.llm_context import LLMSpecificMessage
from pipecat_responses import OpenAIResponsesLLMSettings, OpenAIResponsesReasoningConfig, Timeouts

pytestmark = pytest.mark.virtual_time

STORY = "Once upon a time there was a bot that never lost its thread."
DELTA = "response.output_text.delta"
BREAKS = ["reset", "fin", "half_open", "stall"]


@pytest.mark.parametrize("how", [*BREAKS, "malformed_json", "drop", "duplicate", "unknown_event", "truncate"])
@pytest.mark.parametrize("event", ["response.created", "response.output_item.added", DELTA])
async def test_nothing_was_spoken_so_the_user_hears_the_whole_answer_and_no_error(
    make: Any, how: str, event: str
) -> None:
    plan = [getattr(faults.at(turn=1, event=event, nth=1), how)()]
    async with MockServer(script=[reply(STORY)], faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("a story")
        after = await bot.say("another")
    assert (turn.text, turn.errors, turn.spoken_before_loss) == (STORY, [], [])
    assert (turn.starts, turn.ends) == (1, 1)
    assert [told for c in turn.frames for told in metrics(c.frame)].count("TTFB") == 1
    assert (after.text, after.errors) == (STORY, [])


@pytest.mark.parametrize(
    ("continuation", "heard"),
    [
        (STORY, STORY),
        ("a time there was a bot that never lost its thread.", STORY),
        (
            "UPON A TIME, there was a bot that never lost its thread.",
            STORY.replace("time there", "TIME, there"),
        ),
        (" time there was a bot that never lost its thread.", STORY),
        ("Where was I? There was a bot.", "Once upon a Where was I? There was a bot."),
    ],
    ids=["all again", "its end again", "in other spelling", "nothing again", "rephrased"],
)
async def test_a_model_that_goes_on_is_heard_without_what_it_repeats(
    make: Any, continuation: str, heard: str
) -> None:
    plan = [faults.at(turn=1, event=DELTA, nth=4).reset()]
    script = [reply(continuation, developer="Continue exactly where it stops"), reply(STORY)]
    async with (
        MockServer(script=script, faults=plan) as server,
        Bot(make(server)) as bot,
    ):
        turn = await bot.say("a story")
        after = await bot.say("another")
    assert (turn.text, turn.errors) == (heard, [])
    assert (after.text, after.errors) == (STORY, [])


def metrics(frame: Any) -> list[str]:
    data = getattr(frame, "data", None)
    return [type(one).__name__.removesuffix("MetricsData") for one in data] if isinstance(data, list) else []


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("nth", [2, 5])
async def test_what_was_spoken_is_never_repeated(make: Any, how: str, nth: int) -> None:
    plan = [getattr(faults.at(turn=1, event=DELTA, nth=nth), how)()]
    async with (
        MockServer(script=[reply(STORY)], faults=plan) as server,
        Bot(make(server, continue_after_loss=False)) as bot,
    ):
        turn = await bot.say("a story")
        after = await bot.say("another")
    assert STORY.startswith(turn.text)
    assert 0 < len(turn.text) < len(STORY)
    assert [error.category for error in turn.errors] == ["connectivity"]
    assert not turn.errors[0].permanent
    assert turn.spoken_before_loss == [turn.text]
    assert (turn.starts, turn.ends) == (1, 1)
    assert (after.text, after.errors) == (STORY, [])


@pytest.mark.parametrize("how", ["malformed_json", "drop", "duplicate", "unknown_event"])
@pytest.mark.parametrize("nth", [1, 2, 5])
async def test_a_lost_or_repeated_event_changes_nothing_that_is_heard(make: Any, how: str, nth: int) -> None:
    plan = [getattr(faults.at(turn=1, event=DELTA, nth=nth), how)()]
    async with MockServer(script=[reply(STORY)], faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("a story")
        after = await bot.say("another")
    assert (turn.text, turn.errors) == (STORY, [])
    assert (after.text, after.errors) == (STORY, [])


async def test_an_answer_goes_on_where_it_stopped(make: Any) -> None:
    def answer(turn: Any) -> Any:
        spoken = [item for item in turn.body["input"] if item.get("role") == "assistant"]
        return reply(STORY[len(spoken[-1]["content"]) :] if spoken else STORY).answer

    script = [reply(answer)]
    plan = [faults.at(turn=1, event=DELTA, nth=5).reset()]
    async with MockServer(script=script, faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("a story")
    assert (turn.text, turn.errors, turn.spoken_before_loss) == (STORY, [], ["Once upon a time"])
    assert len(server.journal.requests) == 2


async def test_a_stream_without_its_end_is_an_error(make_http: Any) -> None:
    plan = [faults.at(turn=1).missing_terminal()]
    async with (
        MockServer(script=[reply(STORY)], faults=plan) as server,
        Bot(make_http(server, continue_after_loss=False)) as bot,
    ):
        turn = await bot.say("a story")
    assert turn.text == STORY
    assert len(turn.errors) == 1


@pytest.mark.parametrize("event", ["response.function_call_arguments.delta", "response.output_item.done"])
@pytest.mark.parametrize("how", ["reset", "fin", "drop", "malformed_json", "duplicate"])
async def test_a_tool_runs_once_and_only_with_whole_arguments(make: Any, how: str, event: str) -> None:
    ran: list[str] = []

    async def look(where: str) -> str:
        ran.append(where)
        return "ok"

    script = [reply("Done.", tool_output="look"), reply(call("look", where="behind the door"), user="look")]
    plan = [getattr(faults.at(turn=1, event=event, nth=1), how)()]
    async with MockServer(script=script, faults=plan) as server, Bot(make(server), tools=[look]) as bot:
        turn = await bot.say("look")
    assert ran == ["behind the door"]
    assert (turn.text, turn.errors) == ("Done.", [])


@pytest.mark.parametrize("event", ["response.function_call_arguments.delta", "response.output_item.done"])
async def test_a_thought_that_led_to_a_lost_call_is_not_kept(make: Any, event: str) -> None:
    """The API refuses reasoning without what it led to, so every later turn would fail."""

    async def look(where: str) -> str:
        return "ok"

    script = [
        reply("Done.", tool_output="look"),
        reply(Reasoning(("Where?",)), call("look", where="behind the door"), user="look"),
    ]
    plan = [faults.at(turn=1, event=event, nth=2 if event == "response.output_item.done" else 1).reset()]
    thinking = OpenAIResponsesLLMSettings(
        model="gpt-5", reasoning=OpenAIResponsesReasoningConfig(effort="low", summary="auto")
    )
    async with (
        MockServer(script=script, faults=plan) as server,
        Bot(make(server, settings=thinking), tools=[look]) as bot,
    ):
        turn = await bot.say("look")
    assert (turn.text, turn.errors) == ("Done.", [])
    thoughts = [
        item["id"] for item in server.journal.requests[-1]["input"] if item.get("type") == "reasoning"
    ]
    kept = [each.message["id"] for each in bot.context.get_messages() if isinstance(each, LLMSpecificMessage)]
    assert len(kept) == 1
    assert thoughts in (kept, [])  # not sent again where the server remembers it


async def test_a_first_thought_is_not_kept_if_the_second_broke_off(make: Any) -> None:
    script = [reply(Reasoning(("First.",)), Reasoning(("Second.",)), "Because.", user="why")]
    plan = [faults.at(turn=1, event="response.reasoning_summary_text.done", nth=2).reset()]
    thinking = OpenAIResponsesLLMSettings(
        model="gpt-5", reasoning=OpenAIResponsesReasoningConfig(effort="low", summary="auto")
    )
    async with (
        MockServer(script=script, faults=plan) as server,
        Bot(make(server, settings=thinking)) as bot,
    ):
        turn = await bot.say("why")
    assert (turn.text, turn.errors) == ("Because.", [])
    kept = [each.message for each in bot.context.get_messages() if isinstance(each, LLMSpecificMessage)]
    assert [each["summary"][0]["text"] for each in kept] == ["First.", "Second."]


async def test_broken_arguments_never_run(make: Any) -> None:
    ran: list[str] = []

    async def look(where: str = "") -> str:
        ran.append(where)
        return "ok"

    script = [reply(call("look", '{"where":'))]
    async with MockServer(script=script) as server, Bot(make(server), tools=[look]) as bot:
        turn = await bot.say("look")
    assert ran == []
    assert len(turn.errors) == 1
    assert "look" in turn.errors[0].message


async def test_a_call_cut_by_the_limit_never_runs(make: Any) -> None:
    ran: list[str] = []

    async def look(where: str = "") -> str:
        ran.append(where)
        return "ok"

    plan = [faults.at(turn=1, event="response.function_call_arguments.delta", nth=2).incomplete()]
    script = [reply(call("look", where="behind the door"))]
    async with MockServer(script=script, faults=plan) as server, Bot(make(server), tools=[look]) as bot:
        turn = await bot.say("look")
    assert ran == []
    assert len(turn.errors) == 1


async def test_an_empty_answer_is_asked_for_once_more(make: Any) -> None:
    plan = [faults.at(turn=1).empty_reply()]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == ("Hi.", [])
    assert len(turn.usage) == 1  # one frame, with the tokens of both


async def test_two_empty_answers_are_an_error(make: Any) -> None:
    plan = [faults.at(times=None).empty_reply()]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("hello")
    assert len(turn.errors) == 1
    assert "completed with no text or function call" in turn.errors[0].message


async def test_silence_ends_in_an_error_within_its_limits_and_says_so(make: Any) -> None:
    timeouts = Timeouts(first_output=2.0, between_events=1.0)
    gave_up: list[object] = []
    async with MockServer(
        script=[reply(STORY)], faults=[faults.at(turn=number).stall() for number in (1, 2, 3)]
    ) as server:
        service = make(server, timeouts=timeouts)
        service.add_event_handler("on_completion_timeout", lambda service: gave_up.append(service))
        async with Bot(service) as bot:
            turn = await bot.say("hello")
            after = await bot.say("again")
    assert len(turn.errors) == 1
    assert turn.errors[0].message.startswith("LLM completion timeout")
    assert gave_up == [service]
    assert turn.ended is not None
    assert turn.ended - turn.began == pytest.approx(3.0, abs=0.1)
    assert (after.text, after.errors) == (STORY, [])


async def test_a_thinking_model_that_falls_silent_in_mid_sentence_is_not_waited_for_longer(make: Any) -> None:
    plan = [faults.at(turn=1, event="response.output_text.delta", nth=3).stall()]
    async with MockServer(script=[reply(STORY)], faults=plan) as server:
        service = make(server, continue_after_loss=False)
        config = type(service).ReasoningConfig(effort="high")
        async with Bot(service) as bot:
            await bot.update_settings(model="gpt-5", reasoning=config)
            turn = await bot.say("hello")
    assert (len(turn.errors), turn.spoken_before_loss) == (1, [turn.text])
    assert turn.ended is not None
    assert turn.ended - turn.began == pytest.approx(6.0, abs=0.5)


@pytest.mark.parametrize(
    "fault",
    [
        faults.at(event="response.created", when="after", times=None).reset(),
        faults.at(event="response.output_item.added", when="after", times=None).reset(),
        faults.at(event="response.output_item.added", when="after", times=None).stall(),
        faults.at(phase="request", times=None).stall(),
        faults.at(phase="request", times=None).server_error(),
    ],
    ids=["reset after the first event", "reset", "stall", "silence", "server error"],
)
@pytest.mark.parametrize(("effort", "budget"), [("none", 10.0), ("high", 30.0)])
async def test_all_attempts_of_a_turn_share_one_budget(
    make: Any, fault: Any, effort: str, budget: float
) -> None:
    """However each attempt fails, the caller is in silence for ten seconds at most, thirty with thinking."""
    async with MockServer(script=[reply(STORY)], faults=[fault]) as server:
        service = make(server)
        async with Bot(service) as bot:
            await bot.update_settings(model="gpt-5.1", reasoning=type(service).ReasoningConfig(effort=effort))
            turn = await bot.say("hello")
    assert (turn.text, len(turn.errors)) == ("", 1)
    assert turn.ended is not None
    assert turn.ended - turn.began <= budget  # in virtual time


async def test_who_waits_for_an_answer_that_was_asked_for_again_waits_as_long_as_it_takes(make: Any) -> None:
    """As with Pipecat's own: the second attempt of `retry_on_timeout` has no limit but that of the turn."""
    async with (
        MockServer(script=[reply(STORY, delay=25.0)]) as server,
        Bot(make(server, retry_on_timeout=True, retry_timeout_secs=10.0)) as bot,
    ):
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == (STORY, [])
    assert turn.dead_air == pytest.approx(35.0, abs=0.5)  # in virtual time


async def test_a_model_that_shows_that_it_thinks_may_take_longer(make: Any) -> None:
    """The budget is for silence that nobody accounts for."""
    thought = " ".join(["hmm"] * 90)
    async with MockServer(script=[reply({"reasoning": thought}, STORY)], pace="fixed:0.5") as server:
        service = make(server)
        async with Bot(service) as bot:
            await bot.update_settings(
                model="gpt-5.1", reasoning=type(service).ReasoningConfig(effort="low", summary="auto")
            )
            turn = await bot.say("hello")
    assert (turn.text, turn.errors) == (STORY, [])
    assert turn.dead_air is not None
    assert turn.dead_air > 30.0


async def test_retry_on_timeout_sends_the_request_again(make: Any) -> None:
    plan = [faults.at(turn=1, event="response.output_item.added", nth=1).stall()]
    async with (
        MockServer(script=[reply(STORY)], faults=plan) as server,
        Bot(make(server, retry_on_timeout=True, retry_timeout_secs=1.5)) as bot,
    ):
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == (STORY, [])
    assert turn.dead_air == pytest.approx(1.5, abs=0.2)


ERRORS = {
    "rate limit": (
        faults.at(turn=1).rate_limit(retry_after=30.0),
        "rate_limit",
        "rate_limit_exceeded",
        False,
    ),
    "quota": (faults.at(turn=1).insufficient_quota(), "quota", "insufficient_quota", True),
    "bad key": (
        faults.at(turn=1).server_error(401, "invalid_api_key"),
        "authentication",
        "invalid_api_key",
        True,
    ),
    "too long": (
        faults.at(turn=1).server_error(400, "context_length_exceeded"),
        "invalid_request",
        "context_length_exceeded",
        False,
    ),
    "unknown model": (
        faults.at(turn=1).server_error(404, "model_not_found"),
        "invalid_request",
        "model_not_found",
        False,
    ),
}


@pytest.mark.parametrize(("fault", "category", "code", "permanent"), ERRORS.values(), ids=ERRORS.keys())
async def test_an_error_has_one_frame_with_category_code_and_permanence(
    make: Any, fault: Any, category: str, code: str, permanent: bool
) -> None:
    async with MockServer(script=[reply("Hi.")], faults=[fault]) as server, Bot(make(server)) as bot:
        turn = await bot.say("hello")
        after = await bot.say("again")
    assert [(error.category, error.permanent) for error in turn.errors] == [(category, permanent)]
    assert code in turn.errors[0].message
    assert (after.text, after.errors) == ("Hi.", [])
    assert bot.service.is_usable


@pytest.mark.parametrize("fault", ["server_error", "overloaded"])
async def test_a_stumbling_server_is_asked_again_unheard(make: Any, fault: str) -> None:
    plan = [getattr(faults.at(turn=1), fault)()]
    async with MockServer(script=[reply("Hi.")], faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("hello")
    assert (turn.text, turn.errors) == ("Hi.", [])
    assert turn.dead_air is not None
    assert turn.dead_air < 1.0


async def test_a_failure_in_the_middle_of_an_answer_leaks_nothing_into_the_next(make: Any) -> None:
    script = [
        reply("The first answer is long.", user="one"),
        reply("Two.", user="two"),
        reply("Three.", user="three"),
    ]
    plan = [faults.at(turn=1, event=DELTA, nth=3).server_error()]
    async with MockServer(script=script, faults=plan) as server, Bot(make(server)) as bot:
        first = await bot.say("one")
        second = await bot.say("two")
        third = await bot.say("three")
    assert (first.text, first.errors) == ("The first answer is long.", [])
    assert first.spoken_before_loss == ["The first"]
    assert (second.text, third.text, second.errors + third.errors) == ("Two.", "Three.", [])


async def test_garbage_behind_a_whole_answer_costs_nothing(make_websocket: Any) -> None:
    plan = [faults.at(turn=1, event="terminal", when="after").malformed_json()]
    async with MockServer(script=[reply(STORY)], faults=plan) as server, Bot(make_websocket(server)) as bot:
        turn = await bot.say("a story")
        after = await bot.say("another")
    assert (turn.text, after.text, turn.errors + after.errors) == (STORY, STORY, [])
    assert "previous_response_id" in server.journal.requests[-1]
    assert len(server.journal.requests) == 2


async def test_a_connection_that_died_while_idle_is_not_asked_over_http(make_http: Any) -> None:
    plan = [faults.at(phase="idle", at=2.0).half_open()]
    async with MockServer(script=[reply(STORY)], faults=plan) as server, Bot(make_http(server)) as bot:
        await bot.say("a story")
        await bot.wait(30)
        turn = await bot.say("another")
    assert (turn.text, turn.errors) == (STORY, [])
    assert turn.dead_air < 0.1


class Drawn(random.Random):
    """A source of jitter that always draws the same place of the range."""

    def __init__(self, where: float) -> None:
        super().__init__()
        self._where = where

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self._where


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0], ids=["short pauses", "middling", "long pauses"])
async def test_what_breaks_after_an_outage_is_tried_again_at_once(make: Any, jitter: float) -> None:
    """Three troubles in one turn: a refusal, a reset when the request is there, a cut in the answer."""
    plan = [
        faults.at(phase="handshake").refuse(3.0),
        faults.at(phase="request").reset(),
        faults.at(event="response.output_item.added").reset(),
    ]
    server = MockServer(script=[reply(STORY)], faults=plan, pace="fixed:0.05")
    async with server, Bot(make(server, rng=Drawn(jitter))) as bot:
        turn = await bot.say("a story")
    assert (turn.text, turn.errors) == (STORY, [])


BACK_AND_BROKEN = {
    "handshake reset": faults.at(connection=2).handshake_reset(),
    "handshake refused": faults.at(connection=2).handshake_status(503),
    "closed at once": faults.at(connection=2, turn=0, phase="idle", at=0.0).close(1001),
    "reset at once": faults.at(connection=2, turn=0, phase="idle", at=0.0).reset(),
}


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0], ids=["short pauses", "middling", "long pauses"])
@pytest.mark.parametrize("trouble", BACK_AND_BROKEN)
async def test_a_server_that_drops_a_socket_once_it_is_back_is_tried_again_at_once(
    make_websocket: Any, trouble: str, jitter: float
) -> None:
    """The pauses of an outage that is over would use up the turn's budget."""
    plan = [
        faults.at(connection=1, phase="handshake").refuse(3.0),
        BACK_AND_BROKEN[trouble],
        faults.at(phase="request").reset(),
        faults.at(event="response.output_item.added").reset(),
    ]
    server = MockServer(script=[reply(STORY)], faults=plan, pace="fixed:0.05")
    async with server, Bot(make_websocket(server, rng=Drawn(jitter))) as bot:
        turn = await bot.say("a story")
        struck = [entry.at for entry in server.journal.entries if entry.kind == "fault"]
    assert (turn.text, turn.errors) == (STORY, [])
    assert len(struck) == len(plan)
    assert struck[-1] - struck[1] < 1.0, "what follows the outage follows in quick succession"


@pytest.mark.parametrize("seconds", [4.5, 6.0, 7.4])
async def test_an_outage_is_outlasted_to_the_end_of_the_budget(make: Any, seconds: float) -> None:
    plan = [faults.at(turn=1, event="response.created").refuse(seconds)]
    async with MockServer(script=[reply(STORY)], faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("a story")
    assert (turn.text, turn.errors) == (STORY, [])


async def test_an_outage_longer_than_the_budget_is_told_at_its_end(make: Any) -> None:
    plan = [faults.at(turn=1, event="response.created").refuse(20.0)]
    async with MockServer(script=[reply(STORY)], faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("a story")
    assert (turn.text, len(turn.errors)) == ("", 1)
    assert turn.errors[0].at == pytest.approx(Timeouts().recover, abs=0.1)
