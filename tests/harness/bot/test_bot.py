"""A bot under test, told as conversations."""

import asyncio
from dataclasses import dataclass
from enum import Enum

import pytest
from ninelives import virtual
from ninelives.bot import Bot, TurnTimeout
from pipecat.adapters.llm.schemas.direct_function import tool_options
from pipecat.frames.frames import Frame, LLMTextFrame, TextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from .fakes import Call, Fails, FakeService, Forgets, Thinks


def conversation(story):
    """Run a test in virtual time."""

    def test():
        virtual.run(story())

    test.__name__, test.__doc__ = story.__name__, story.__doc__
    return test


# --- saying and hearing ----------------------------------------------------------------------------------


@conversation
async def test_the_bot_answers_what_the_user_says():
    service = FakeService(["Hello ", "there."], ["Fine."])
    async with Bot(service) as bot:
        first = await bot.say("hi")
        second = await bot.say("how are you?")
    assert (first.text, second.text) == ("Hello there.", "Fine.")
    assert (first.number, first.user, first.starts, first.ends) == (1, "hi", 1, 1)
    assert bot.turns == [first, second]
    assert bot.heard == "Hello there.Fine."
    assert service.asked[1] == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Hello there."},
        {"role": "user", "content": "how are you?"},
    ]


@conversation
async def test_dead_air_and_silences_are_measured():
    async with Bot(FakeService(["one ", "two"], pace=1.5)) as bot:
        await bot.wait(10)
        turn = await bot.say("count")
    assert turn.began == 10
    assert turn.dead_air == 1.5
    assert turn.longest_silence == 1.5
    assert turn.ended == 13


@conversation
async def test_a_bot_can_speak_first():
    async with Bot(FakeService(["Welcome!"])) as bot:
        turn = await bot.greet()
    assert (turn.user, turn.text) == (None, "Welcome!")


@conversation
async def test_saying_something_without_waiting():
    async with Bot(FakeService(["one ", "two"], pace=1)) as bot:
        turn = bot.say_soon("count")
        await bot.wait(1.5)
        assert (turn.text, turn.ended) == ("one ", None)
        assert await bot.listen() is turn
        assert turn.text == "one two"


@conversation
async def test_a_context_and_instructions_to_start_from():
    context = LLMContext(messages=[{"role": "user", "content": "before"}])
    service = FakeService()
    async with Bot(service, context=context, system="Be brief.") as bot:
        await bot.say("now")
    assert [m["content"] for m in service.asked[0]] == ["before", "now"]
    assert service.settings.system_instruction == "Be brief."


@conversation
async def test_settings_change_from_the_next_turn_on():
    service = FakeService()
    async with Bot(service) as bot:
        await bot.update_settings(model="better", temperature=0.5)
        assert (service.settings.model, service.settings.temperature) == ("better", 0.5)


@conversation
async def test_thoughts_are_kept_apart():
    async with Bot(FakeService([Thinks("Hmm, "), Thinks("aha."), "Yes."])) as bot:
        turn = await bot.say("?")
    assert (turn.thoughts, turn.text) == (["Hmm, ", "aha."], "Yes.")


# --- tools -----------------------------------------------------------------------------------------------


class Unit(Enum):
    C = "c"
    F = "f"


@dataclass
class Weather:
    degrees: int
    unit: Unit


def get_weather(city: str, unit: Unit = Unit.C) -> Weather:
    """How warm it is."""
    return Weather(len(city), unit)


@conversation
async def test_a_turn_lasts_until_the_answer_built_from_the_tool():
    service = FakeService([Call("get_weather", city="Paris", unit="f")], ["It is 5 degrees."])
    async with Bot(service, tools={"get_weather": get_weather}) as bot:
        turn = await bot.say("How warm?")
    assert turn.text == "It is 5 degrees."
    assert turn.starts == turn.ends == 2
    (call,) = turn.calls
    assert (call.name, call.arguments) == ("get_weather", {"city": "Paris", "unit": "f"})
    assert call.result == {"degrees": 5, "unit": "f"}
    (schema,) = bot.context.tools.standard_tools
    assert schema.description == "How warm it is."
    assert schema.required == ["city"]
    assert schema.properties["city"] == {"type": "string"}
    assert schema.properties["unit"] == {
        "enum": ["c", "f"],
        "title": "Unit",
        "default": "c",
    } or schema.properties["unit"] == {"enum": ["c", "f"], "title": "Unit"}


@conversation
async def test_slow_parallel_tools_are_waited_for():
    async def look(what: str) -> str:
        await asyncio.sleep(30 if what == "slow" else 1)
        return what

    service = FakeService([Call("look", what="slow"), Call("look", what="fast")], ["Both."])
    async with Bot(service, tools=[look]) as bot:
        turn = await bot.say("look")
    assert turn.text == "Both."
    assert turn.ended == 30
    assert sorted(call.result for call in turn.calls) == ["fast", "slow"]


@conversation
async def test_pipecats_own_kinds_of_tools():
    async def direct(params, place: str):
        """A direct function.

        Args:
            place: Where.
        """
        await params.result_callback({"place": place})

    async def bare(params):
        await params.result_callback(dict(params.arguments))

    service = FakeService([Call("direct", place="here"), Call("bare", x=1)], ["Done."])
    async with Bot(service, tools={"direct": direct, "bare": bare}) as bot:
        turn = await bot.say("go")
    assert [call.result for call in turn.calls] == [{"place": "here"}, {"x": 1}]


@conversation
async def test_a_tool_that_raises_is_an_error_of_the_application():
    def broken() -> str:
        raise ValueError("no database")

    async with Bot(FakeService([Call("broken")], ["Sorry."]), tools=[broken]) as bot:
        turn = await bot.say("go")
    assert turn.text == "Sorry."
    (error,) = turn.errors
    assert error.category == "application"
    assert "no database" in error.message


@conversation
async def test_an_answer_to_a_slow_background_tool_is_a_turn_of_its_own():
    @tool_options(cancel_on_interruption=False)
    async def order(what: str) -> str:
        """Takes a while."""
        await asyncio.sleep(100)
        return f"{what} ordered"

    service = FakeService([Call("order", what="pizza"), "One moment."], ["Your pizza is ordered."])
    async with Bot(service, tools=[order]) as bot:
        turn = await bot.say("pizza!")
        assert turn.text == "One moment."
        await bot.wait(200)
        assert [(t.user, t.text) for t in bot.turns[1:]] == [(None, "Your pizza is ordered.")]
        assert bot.turns[1].began == pytest.approx(100)


# --- interruptions ---------------------------------------------------------------------------------------


STORY = ["Once ", "upon ", "a ", "time ", "there ", "was ", "an ", "end."]


@pytest.mark.parametrize("pace", [0.0, 0.2], ids=["at once", "slowly"])
@pytest.mark.parametrize("words", [1, 3, 7])
def test_cutting_in_after_the_nth_word(words, pace):
    async def story():
        service = FakeService(STORY, pace=pace)
        async with Bot(service) as bot:
            bot.say_soon("a story")
            turn = await bot.interrupt(after_words=words)
            assert turn.interrupted == pytest.approx(words * pace)
            after = await bot.say("stop")
        assert turn.text == "".join(STORY[:words])
        assert after.text == "Yes."
        assert service.asked[1][1] == {"role": "assistant", "content": turn.text.strip()}
        assert (turn.starts, turn.ends) == (1, 1)
        assert turn.ended is not None

    virtual.run(story())


@conversation
async def test_cutting_in_at_once_before_the_first_word():
    async with Bot(FakeService(STORY, ["Fine."], pace=5)) as bot:
        turn = bot.say_soon("a story")
        await bot.wait(2)
        assert await bot.interrupt() is turn
        assert (turn.text, turn.interrupted) == ("", 2)
        assert (await bot.say("never mind")).text == "Fine."


@conversation
async def test_a_reply_shorter_than_that_ends_by_itself():
    async with Bot(FakeService(["Two words."])) as bot:
        bot.say_soon("hi")
        turn = await bot.interrupt(after_words=10)
        assert (turn.text, turn.interrupted) == ("Two words.", None)
        assert turn.ended is not None


@conversation
async def test_interrupting_nobody_is_harmless():
    async with Bot(FakeService()) as bot:
        assert await bot.interrupt() is None
        assert (await bot.say("hi")).text == "Yes."


@conversation
async def test_speaking_over_the_bot_interrupts_it():
    async with Bot(FakeService(STORY, ["Sorry."], pace=1)) as bot:
        first = bot.say_soon("a story")
        await bot.wait(2.5)
        second = await bot.say("no, stop")
    assert (first.text, first.interrupted) == ("Once upon ", 2.5)
    assert second.text == "Sorry."


# --- when things go wrong --------------------------------------------------------------------------------


@conversation
async def test_errors_are_reported_with_their_category():
    async with Bot(FakeService(["Hello ", Fails("line cut")], ["Again."])) as bot:
        turn = await bot.say("hi")
        assert (await bot.say("still there?")).errors == []
    (error,) = turn.errors
    assert (error.message, error.category, error.permanent) == ("line cut", "connectivity", False)
    assert bot.errors == [error]
    assert bot.connection_errors == ["line cut"]
    assert turn.spoken_before_loss == ["so far"]


@conversation
async def test_a_permanent_error_says_so():
    from pipecat.utils.errors import ErrorCategory

    async with Bot(FakeService([Fails("bad key", ErrorCategory.AUTHENTICATION)])) as bot:
        turn = await bot.say("hi")
    assert turn.errors[0].permanent


@conversation
async def test_a_turn_that_never_ends_is_reported_on_one_screen():
    service = FakeService(["Well, ", Forgets()], ["Back."])
    async with Bot(service, timeout=30) as bot:
        with pytest.raises(TurnTimeout) as caught:
            await bot.say("hi")
        assert caught.value.turn.ended is None
        assert (await bot.say("hello?")).text == "Back."
    text = str(caught.value)
    assert "did not end within 30 s" in text
    assert "said:    'hi'" in text
    assert "heard:   'Well, '" in text
    assert "1 response(s) that started but did not end" in text
    assert "LLMTextFrame" in text
    assert len(text.splitlines()) < 25


@conversation
async def test_hanging_up_in_the_middle_of_everything():
    loop = asyncio.get_running_loop()
    async with Bot(FakeService(STORY, pace=10)) as bot:
        turn = bot.say_soon("a story")
        await bot.wait(25)
        await bot.hang_up()
        assert turn.text == "Once upon "
        with pytest.raises(RuntimeError, match="is not running"):
            bot.say_soon("hello?")
    assert loop.time() < 30


@conversation
async def test_an_exception_in_the_test_ends_the_bot_too():
    async def fails():
        async with Bot(FakeService(STORY, pace=10)) as bot:
            bot.say_soon("a story")
            await bot.wait(15)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert len(asyncio.all_tasks()) == 1


# --- whole pipelines -------------------------------------------------------------------------------------


class Shout(FrameProcessor):
    """A processor of the user's, after the service."""

    async def process_frame(self, frame: Frame, direction) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame):
            frame.text = frame.text.upper()
        await self.push_frame(frame, direction)


def whole(service, **params):
    context = LLMContext()
    user, assistant = LLMContextAggregatorPair(context, user_params=LLMUserAggregatorParams(**params))
    return context, [user, service, Shout(), assistant]


def patient():
    """Turn strategies of the user's own, which no proposal can hurry."""
    return UserTurnStrategies(
        start=[TranscriptionUserTurnStartStrategy()], stop=[SpeechTimeoutUserTurnStopStrategy()]
    )


@pytest.mark.parametrize("as_pipeline", [False, True], ids=["list", "Pipeline"])
@pytest.mark.parametrize("own", [False, True], ids=["their strategies", "no strategies"])
def test_a_whole_pipeline_of_the_users(own, as_pipeline):
    async def story():
        service = FakeService(["Hello."], STORY, pace=0.1)
        context, processors = whole(service, **({} if own else {"user_turn_strategies": patient()}))
        async with Bot(pipeline=Pipeline(processors) if as_pipeline else processors) as bot:
            assert bot.service is service
            turn = await bot.say("hi")
            assert turn.text == "Hello."
            bot.say_soon("a story")
            cut = await bot.interrupt(after_words=2)
            assert cut.text == "Once upon "
            assert (await bot.say("stop")).text == "Yes."
        contents = [m["content"] for m in context.messages]
        assert contents == ["hi", "HELLO.", "a story", "ONCE UPON", "stop", "YES."]

    virtual.run(story())


def test_a_pipeline_without_a_service_is_refused():
    with pytest.raises(ValueError, match="this pipeline has no LLM service"):
        Bot(pipeline=[Shout()])


def test_a_service_and_a_pipeline_are_refused():
    with pytest.raises(TypeError, match="a service or pipeline"):
        Bot(FakeService(), pipeline=[FakeService()])


def test_it_works_on_a_real_loop_too():
    async def story():
        async with Bot(FakeService(["Hello."])) as bot:
            return await bot.say("hi"), bot.frames

    turn, frames = asyncio.run(story())
    assert turn.text == "Hello."
    assert not frames.virtual
    assert any(isinstance(c.frame, TextFrame) for c in frames)
