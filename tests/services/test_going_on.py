"""An answer is lost in mid-sentence, and the bot finishes its sentence."""

from __future__ import annotations

from typing import Any

import pytest
from mock_openai import MockServer, call, faults, reply
from mock_openai.protocol.reply import Refusal
from ninelives import Bot

pytestmark = pytest.mark.virtual_time

ANSWER = "Well, it is 21 degrees and sunny, very very sunny. That that is rare we all know."
DELTA = "response.output_text.delta"
LOSSES = ["reset", "fin", "half_open", "stall", "server_error", "truncate"]


class Told:
    """What ``on_response_interrupted`` said."""

    def __init__(self, service: Any) -> None:
        self.events: list[tuple[str, bool]] = []

        @service.event_handler("on_response_interrupted")  # type: ignore[misc]
        async def told(_: Any, spoken_text: str, continued: bool) -> None:
            self.events.append((spoken_text, continued))


def deltas(server: MockServer) -> int:
    return sum(entry.kind == "event" and entry.data.type == DELTA for entry in server.journal.entries)


@pytest.mark.parametrize("continuation", ["rest", "repeat"])
@pytest.mark.parametrize("how", LOSSES)
async def test_the_sentence_is_finished_however_it_broke(make: Any, how: str, continuation: Any) -> None:
    plan = [getattr(faults.at(turn=1, event=DELTA, nth=6), how)()]
    script = [reply(ANSWER, continuation=continuation)]
    async with MockServer(script=script, faults=plan, pace="fixed:0.05") as server:
        service = make(server)
        told = Told(service)
        async with Bot(service) as bot:
            turn = await bot.say("the weather")
            after = await bot.say("and again")
    assert (turn.text, turn.errors) == (ANSWER, [])
    assert (turn.starts, turn.ends) == (1, 1)
    [(spoken, continued)] = told.events
    assert continued
    assert ANSWER.startswith(spoken)
    assert 0 < len(spoken) < len(ANSWER)
    assert (after.text, after.errors) == (ANSWER, [])


@pytest.mark.parametrize("continuation", ["rest", "repeat"])
@pytest.mark.parametrize("nth", range(2, 24))
async def test_wherever_it_broke_no_word_is_lost_or_said_twice(
    make: Any, nth: int, continuation: Any
) -> None:
    plan = [faults.at(turn=1, event=DELTA, nth=nth).reset()]
    script = [reply(ANSWER, continuation=continuation)]
    async with MockServer(script=script, faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("the weather")
    assert (turn.text, turn.errors) == (ANSWER, [])


@pytest.mark.parametrize("event", ["output_text.done", "content_part.done", "output_item.done", "completed"])
async def test_a_loss_behind_the_last_word_is_not_heard(make: Any, event: str) -> None:
    plan = [faults.at(turn=1, event=f"response.{event}").reset()]
    async with MockServer(script=[reply(ANSWER)], faults=plan) as server:
        service = make(server)
        told = Told(service)
        async with Bot(service) as bot:
            turn = await bot.say("the weather")
    assert (turn.text, turn.errors) == (ANSWER, [])
    assert told.events == [(ANSWER, True)]


async def test_it_may_break_again_and_again(make: Any) -> None:
    plan = [faults.at(event=DELTA, nth=4, times=3).reset()]
    async with MockServer(script=[reply(ANSWER)], faults=plan, pace="fixed:0.05") as server:
        service = make(server)
        told = Told(service)
        async with Bot(service) as bot:
            turn = await bot.say("the weather")
    assert (turn.text, turn.errors) == (ANSWER, [])
    assert len(told.events) == 1


async def test_what_the_model_is_told_ends_before_the_last_word(make: Any) -> None:
    plan = [faults.at(turn=1, event=DELTA, nth=5).reset()]
    script = [reply("One two three four five six.", user="count")]
    async with MockServer(script=script, faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("count")
    asked = server.journal.requests[-1]
    assert asked["input"][-2] == {"role": "assistant", "content": "One two three"}
    assert asked["input"][-1]["role"] == "developer"
    assert turn.spoken_before_loss == ["One two three four"]
    assert turn.text == "One two three four five six."


async def test_a_model_that_says_it_in_other_words_is_heard_from_its_first_word(make: Any) -> None:
    plan = [faults.at(turn=1, event=DELTA, nth=6).reset()]
    script = [reply("It is 21 degrees and sunny.", continuation="rephrase")]
    async with MockServer(script=script, faults=plan) as server:
        service = make(server)
        told = Told(service)
        async with Bot(service) as bot:
            turn = await bot.say("the weather")
    [(spoken, continued)] = told.events
    assert continued
    assert turn.text == f"{spoken} Put another way, it is 21 degrees and sunny."
    assert turn.errors == []


async def test_a_model_that_refuses_ends_the_turn_as_the_loss_would_have(make: Any) -> None:
    plan = [faults.at(turn=1, event=DELTA, nth=6).reset()]
    script = [reply(ANSWER, continuation="refuse")]
    async with MockServer(script=script, faults=plan) as server:
        service = make(server)
        told = Told(service)
        async with Bot(service) as bot:
            turn = await bot.say("the weather")
            after = await bot.say("and again")
    assert ANSWER.startswith(turn.text)
    assert [error.category for error in turn.errors] == ["connectivity"]
    assert told.events == [(turn.text, False)]
    assert (after.text, after.errors) == (ANSWER, [])


async def test_a_refusal_is_finished_like_any_answer(make: Any) -> None:
    words = "I am sorry, but I cannot help you with that, my friend."
    plan = [faults.at(turn=1, event="response.refusal.delta", nth=3).reset()]
    async with MockServer(script=[reply(Refusal(words))], faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("the lock")
    assert (turn.text, turn.errors) == (words, [])


async def test_when_going_on_fails_the_turn_ends_with_one_error(make: Any) -> None:
    plan = [
        faults.at(turn=1, event=DELTA, nth=6).reset(),
        faults.at(phase="request", turn=2, times=None).insufficient_quota(),
    ]
    async with MockServer(script=[reply(ANSWER)], faults=plan) as server:
        service = make(server)
        told = Told(service)
        async with Bot(service) as bot:
            turn = await bot.say("the weather")
    assert len(turn.errors) == 1
    assert told.events == [(turn.text, False)]


async def test_an_empty_continuation_is_asked_for_once_more(make: Any) -> None:
    plan = [faults.at(turn=1, event=DELTA, nth=6).reset(), faults.at(turn=2).empty_reply()]
    async with MockServer(script=[reply(ANSWER)], faults=plan) as server, Bot(make(server)) as bot:
        turn = await bot.say("the weather")
    assert (turn.text, turn.errors) == (ANSWER, [])


async def test_while_a_tool_call_is_under_way_the_turn_ends(make: Any) -> None:
    ran: list[str] = []

    async def look(where: str) -> str:
        ran.append(where)
        return "ok"

    script = [reply("Done.", tool_output="look"), reply("Let me look.", call("look", where="out"))]
    plan = [faults.at(turn=1, event="response.function_call_arguments.delta", nth=1).reset()]
    async with MockServer(script=script, faults=plan) as server:
        service = make(server)
        told = Told(service)
        async with Bot(service, tools=[look]) as bot:
            turn = await bot.say("look")
    assert (turn.text, ran, len(turn.errors)) == ("Let me look.", [], 1)
    assert told.events == [("Let me look.", False)]


async def test_a_call_behind_the_text_still_comes(make: Any) -> None:
    ran: list[str] = []

    async def look(where: str) -> str:
        ran.append(where)
        return "ok"

    script = [reply("Done.", tool_output="look"), reply("Let me look.", call("look", where="out"))]
    plan = [faults.at(turn=1, event=DELTA, nth=3).reset()]
    async with MockServer(script=script, faults=plan) as server, Bot(make(server), tools=[look]) as bot:
        turn = await bot.say("look")
    assert (turn.text, ran, turn.errors) == ("Let me look.Done.", ["out"], [])


async def test_the_answer_to_a_tool_is_finished_without_running_it_again(make: Any) -> None:
    ran: list[str] = []

    async def look(where: str) -> str:
        ran.append(where)
        return "ok"

    script = [reply(ANSWER, tool_output="look"), reply(call("look", where="out"))]
    plan = [faults.at(turn=2, event=DELTA, nth=6).reset()]
    async with MockServer(script=script, faults=plan) as server, Bot(make(server), tools=[look]) as bot:
        turn = await bot.say("look")
    assert (turn.text, ran, turn.errors) == (ANSWER, ["out"], [])


@pytest.mark.parametrize("form", ["two", "named", "keywords", "places", "sync"])
async def test_handlers_of_every_form_are_told(make: Any, form: str) -> None:
    told: list[Any] = []

    async def two(service: Any, spoken_text: str) -> None:
        told.append(spoken_text)

    async def named(service: Any, spoken_text: str, *, continued: bool) -> None:
        told.append((spoken_text, continued))

    async def keywords(service: Any, spoken_text: str, **more: Any) -> None:
        told.append((spoken_text, more["continued"]))

    async def places(*given: Any) -> None:
        told.append(given[1:])

    def sync(service: Any, spoken_text: str, continued: bool = False) -> None:
        told.append((spoken_text, continued))

    handlers = {"two": two, "named": named, "keywords": keywords, "places": places, "sync": sync}
    plan = [faults.at(turn=1, event=DELTA, nth=2).reset()]
    async with MockServer(script=[reply("One two.")], faults=plan) as server:
        service = make(server)
        service.add_event_handler("on_response_interrupted", handlers[form])
        service.add_event_handler("on_response_interrupted", print)
        service.remove_event_handler("on_response_interrupted", print)
        async with Bot(service) as bot:
            await bot.say("count")
    assert told == ["One" if form == "two" else ("One", True)]


@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("nth", [1, 4])
async def test_a_stored_stream_is_resumed_to_the_letter_where_the_server_lets_it(
    make_http: Any, nth: int, background: bool
) -> None:
    plan = [faults.at(turn=1, event=DELTA, nth=nth).reset()]
    script = [reply(ANSWER, continuation="refuse")]
    async with MockServer(script=script, faults=plan, pace="fixed:0.05") as server:
        service = make_http(server)
        told = Told(service)
        async with Bot(service) as bot:
            await bot.update_settings(store=True, extra={"background": True} if background else {})
            turn = await bot.say("the weather")
    resumed = [entry for entry in server.journal.entries if "starting_after" in str(entry.data)]
    assert resumed
    if background:
        assert (turn.text, turn.errors) == (ANSWER, [])
        assert (
            len([e for e in server.journal.entries if e.kind == "request" and e.data["method"] == "POST"])
            == 1
        )
        assert [continued for _, continued in told.events] == [True] * (nth > 1)
    else:  # a foreground response ends with its connection: the model is asked
        assert len(turn.errors) == (nth > 1)


async def test_a_tool_call_of_a_stored_stream_is_resumed(make_http: Any) -> None:
    ran: list[str] = []

    async def look(where: str) -> str:
        ran.append(where)
        return "ok"

    script = [reply("Done.", tool_output="look"), reply("Let me look.", call("look", where="out"))]
    plan = [faults.at(turn=1, event="response.function_call_arguments.delta", nth=2).fin()]
    async with (
        MockServer(script=script, faults=plan, pace="fixed:0.05") as server,
        Bot(make_http(server), tools=[look]) as bot,
    ):
        await bot.update_settings(store=True, extra={"background": True})
        turn = await bot.say("look")
    assert (turn.text, ran, turn.errors) == ("Let me look.Done.", ["out"], [])
