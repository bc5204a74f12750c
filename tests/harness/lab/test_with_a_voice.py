"""A whole bot is called with a voice: it can be interrupted in what it says, and what was played counts."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pipecat  # noqa: F401  # greets when it is first imported
import pytest
from loguru import logger
from mock_openai import faults
from ninelives import Bot
from ninelives.bot.speech import everything_in
from ninelives.cli import _run
from ninelives.commands import quiet
from ninelives.fixtures.scenario_tests import _voice
from ninelives.lab import Outcome, run_scenario
from ninelives.lab.conditions import Conditions
from ninelives.lab.dialogue import CLOUDS, bye, clouds, hello, scenario
from ninelives.lab.scenario import Scenario
from ninelives.lab.scenarios import scenarios
from ninelives.lab.services import as_factory, http, websocket
from ninelives.lab.undisturbed import play_first
from ninelives.usage_error import UsageError
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TTSSpeakFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregator,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.turns.user_mute import AlwaysUserMuteStrategy
from pipecat.turns.user_start import MinWordsUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.text.base_text_filter import BaseTextFilter
from pipecat_responses import OpenAIResponsesLLMService

WITH_A_VOICE = Conditions(voice=True)


class ThreeWords(BaseTextFilter):
    """Lets a voice say three words of each sentence."""

    async def filter(self, text: str) -> str:
        """Leave out the rest."""
        return " ".join(text.split()[:3])


class Remembers(FrameProcessor):
    """Writes down what the model says, whether or not anybody hears it."""

    def __init__(self, context: LLMContext) -> None:
        super().__init__()
        self._context, self._said = context, ""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Write it down at the end of the answer."""
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame):
            self._said += frame.text
        if isinstance(frame, LLMFullResponseEndFrame):
            self._context.add_message({"role": "assistant", "content": self._said})
            self._said = ""
        await self.push_frame(frame, direction)


class LooksUp(FrameProcessor):
    """Looks something up before the model is asked, which takes longer for some questions."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take between 0 and 0.6 s."""
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            await asyncio.sleep(0.05 * (len(str(frame.context.get_messages()[-1])) % 13))
        await self.push_frame(frame, direction)


def bot_with(
    *, filters: Sequence[Any] = (), remembers: bool = False, params: LLMUserAggregatorParams | None = None
) -> Any:
    """A whole bot, whose voice has filters, or whose context is kept by itself."""

    def run_bot(transport: Any, runner_args: Any) -> PipelineWorker:
        stt = OpenAISTTService(api_key=os.environ["SPEECH_API_KEY"])
        tts = OpenAITTSService(api_key=os.environ["SPEECH_API_KEY"], text_filters=list(filters))
        llm = OpenAIResponsesLLMService(api_key=os.environ["OPENAI_API_KEY"])
        context = LLMContext()
        pair = LLMContextAggregatorPair(context, user_params=params)
        mind = [llm, Remembers(context)] if remembers else [llm]
        end = [tts, transport.output()] if remembers else [tts, transport.output(), pair.assistant()]
        return PipelineWorker(Pipeline([transport.input(), stt, pair.user(), *mind, *end]))

    return run_bot


LATE = scenario("late", "I2", "The user cuts in late.", (hello(), clouds(cut_in=9), bye()))


def called(bot: Any, played: str | Scenario, **more: Any) -> Outcome:
    """Play a scenario against a bot that is called with a voice."""
    found = scenarios()[played] if isinstance(played, str) else played
    return run_scenario(found, as_factory(bot), conditions=WITH_A_VOICE, **more)


def broken(outcome: Outcome) -> dict[str, str]:
    """The promises that were not kept, with why."""
    assert outcome.crash is None, outcome.crash
    return {each.promise: each.why for each in outcome.broken}


@pytest.mark.parametrize("service", [websocket, http], ids=["websocket", "http"])
def test_a_long_answer_is_interrupted_in_the_middle_of_it(service: Any) -> None:
    outcome = called(service, LATE)
    assert not broken(outcome)
    cut = outcome.episode.turns[1]
    assert cut.played == "A cloud is a great many drops of water"  # the ninth has begun in the 0.2 s of VAD
    assert cut.talk_over == pytest.approx(0.2)
    assert outcome.heard[1] == cut.played
    assert outcome.figures.talk_over == pytest.approx(0.2)
    assert {row.lane for row in outcome.timeline.rows} >= {"played", "user", "bot"}


def test_as_text_the_same_answer_is_over_before() -> None:
    outcome = run_scenario(LATE, as_factory(websocket))
    assert outcome.figures.talk_over is None
    assert not outcome.voice


@pytest.mark.parametrize("aloud", [False, True], ids=["text", "voice"])
def test_the_bots_own_work_before_the_question_is_not_the_services(aloud: bool) -> None:
    def run_bot(transport: Any, runner_args: Any) -> PipelineWorker:
        pair = LLMContextAggregatorPair(LLMContext())
        llm = OpenAIResponsesLLMService(api_key=os.environ["OPENAI_API_KEY"])
        tts = OpenAITTSService(api_key=os.environ["SPEECH_API_KEY"])
        stt = OpenAISTTService(api_key=os.environ["SPEECH_API_KEY"])
        before = [transport.input(), stt, pair.user(), LooksUp()]
        return PipelineWorker(Pipeline([*before, llm, tts, transport.output(), pair.assistant()]))

    played = scenarios()["reset_in_mid_sentence"]
    outcome = run_scenario(played, as_factory(run_bot), conditions=Conditions(voice=aloud))
    assert not broken(outcome)
    waited = [turn.reached_model - turn.began for turn in outcome.episode.turns if turn.reached_model]
    assert len({round(each, 2) for each in waited}) > 1, "the bot takes the same time for each question"


def test_what_never_reaches_the_ear_was_not_heard() -> None:
    short = bot_with(filters=[ThreeWords()])
    calm = scenario("calm", "I7", "Nothing happens.", (bye(), bye()))
    assert run_scenario(calm, as_factory(short)).held  # the model has said it all
    assert "turn 1 never played" in broken(called(short, calm))["I7"]
    struck = scenario("struck", "I5", "It breaks.", (bye(), bye(faults.at(event="response.created").reset())))
    assert "turn 2 never played" in broken(called(short, struck))["I5"]


def test_a_context_that_holds_what_nobody_heard_breaks_i7() -> None:
    bot = bot_with(remembers=True)
    assert not broken(called(bot, scenario("calm", "I7", "Nothing happens.", (hello(), clouds(), bye()))))
    found = broken(called(bot, LATE))
    assert list(found) == ["I7"]
    assert "the model's context says" in found["I7"]
    assert '"A cloud is a great many drops of water" was played' in found["I7"]
    assert run_scenario(LATE, as_factory(bot)).held  # as text, all of it counts as heard


def test_a_question_that_is_asked_again_has_an_answer_of_its_own() -> None:
    again = scenario("again", "I7", "The user asks twice.", (clouds(cut_in=2), clouds(), bye()))
    assert not broken(called(bot_with(), again))


@pytest.mark.thorough
def test_a_bot_that_may_not_be_interrupted_keeps_its_promises() -> None:
    strategies = UserTurnStrategies(
        start=[MinWordsUserTurnStartStrategy(min_words=2)], stop=[SpeechTimeoutUserTurnStopStrategy()]
    )
    patient = bot_with(params=LLMUserAggregatorParams(user_turn_strategies=strategies))
    assert not broken(called(patient, "interruption_in_mid_sentence"))
    deaf = bot_with(params=LLMUserAggregatorParams(user_mute_strategies=[AlwaysUserMuteStrategy()]))
    outcome = called(deaf, "interruption_in_mid_sentence")
    assert not broken(outcome)
    assert outcome.episode.turns[1].user == CLOUDS


@pytest.mark.thorough
def test_half_an_hour_of_silence_ends_no_call_and_has_no_bot_ask_whether_anybody_is_there() -> None:
    def run_bot(transport: Any, runner_args: Any) -> PipelineWorker:
        worker = bot_with(params=LLMUserAggregatorParams(user_idle_timeout=5.0))(transport, runner_args)
        for each in everything_in([worker.pipeline]):
            if isinstance(each, LLMUserAggregator):
                each.add_event_handler("on_user_turn_idle", ask)
        return worker

    async def ask(aggregator: LLMUserAggregator) -> None:
        await aggregator.push_frame(TTSSpeakFrame("Are you still there?"))

    outcome = called(run_bot, "calm_half_hour_of_silence")
    assert not broken(outcome)
    assert len(outcome.episode.turns) == len(outcome.episode.expected)
    assert "there?" not in " ".join(outcome.heard)


def test_a_bot_that_hangs_up_on_its_caller_is_told_so() -> None:
    def run_bot(transport: Any, runner_args: Any) -> PipelineWorker:
        made: PipelineWorker = bot_with()(transport, runner_args)

        @made.event_handler("on_pipeline_started")
        async def on_pipeline_started(worker: PipelineWorker, frame: Frame) -> None:
            await worker.queue_frame(EndFrame())

        return made

    outcome = called(run_bot, "idle_close")
    assert "the bot ended while" in (outcome.crash or "")


@pytest.mark.thorough
def test_the_same_seed_gives_the_same_call() -> None:
    def told() -> Any:
        outcome = called(bot_with(), "reset_in_mid_sentence", seed=3)
        return [(turn.words, turn.sounds, turn.text) for turn in outcome.episode.turns]  # type: ignore[attr-defined]

    assert told() == told()


def test_a_bot_with_a_voice_is_called_unless_text_is_asked_for() -> None:
    whole = as_factory(bot_with())
    assert play_first(whole, voice=None).voice
    assert not play_first(whole, voice=False).voice
    assert not play_first(as_factory(websocket), voice=None).voice
    assert play_first(as_factory(websocket), voice=True).voice


def test_a_bot_object_has_no_voice() -> None:
    with pytest.raises(UsageError, match="returned a Bot, which has no voice"):
        run_scenario(scenarios()["idle_close"], lambda b, w: Bot(websocket(b, w)), conditions=WITH_A_VOICE)


@pytest.fixture
def quietly() -> Iterator[None]:
    for name in ("pipecat", "pipecat_responses"):
        logger.disable(name)
    yield
    for name in ("pipecat", "pipecat_responses"):
        logger.enable(name)


BOT = """
import os

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.utils.text.base_text_filter import BaseTextFilter
from pipecat_responses import OpenAIResponsesLLMService


def run_bot(transport, runner_args):
    llm = OpenAIResponsesLLMService(api_key=os.environ["OPENAI_API_KEY"])
    tts = OpenAITTSService(api_key=os.environ["CARTESIA_API_KEY"])
    pair = LLMContextAggregatorPair(LLMContext())
    return Pipeline([transport.input(), pair.user(), llm, tts, transport.output(), pair.assistant()])
"""


@pytest.mark.thorough
@pytest.mark.usefixtures("quietly")
def test_the_command_calls_a_whole_bot_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(quiet, "quiet", lambda: None)
    Path("bot.py").write_text(BOT, encoding="utf-8")
    words = ["verdict", "bot.py", "--scenario", "interruption_twice", "--json", "v.json", "--html", "v.html"]
    assert _run(words) == 0
    shown = capsys.readouterr().out
    assert "talk-over" in shown
    assert "every promise was kept in 1 scenario, called with a voice." in shown
    (found,) = json.loads(Path("v.json").read_text(encoding="utf-8"))
    assert (found["voice"], found["heard"][1]) == (True, "A cloud is a great")
    assert found["latency"]["talk_over"] == pytest.approx(0.2)
    assert "talk-over 0.20 s" in Path("v.html").read_text(encoding="utf-8")

    assert _run([*words[:4], "--no-voice"]) == 0
    shown = capsys.readouterr().out
    assert "talk-over" not in shown
    assert "called with a voice" not in shown


@pytest.mark.thorough
@pytest.mark.usefixtures("quietly")
def test_calls_and_random_scenarios_have_a_voice_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(quiet, "quiet", lambda: None)
    Path("bot.py").write_text(BOT, encoding="utf-8")
    assert _run(["verdict", "bot.py", "--calls", "4", "--jobs", "1"]) == 0
    assert "talk-over, of each call" in capsys.readouterr().out
    assert _run(["verdict", "bot.py", "--calls", "2", "--jobs", "1", "--no-voice"]) == 0
    shown = capsys.readouterr().out
    assert "talk-over" not in shown
    assert "--no-voice" in " ".join(shown.split())  # the command that plays the worst call again
    assert _run(["explore", "bot.py", "--voice", "--runs", "2", "--jobs", "1"]) == 0
    assert "every promise was kept in 2 random scenarios" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("given", "voice"), [("", None), ("true", True), ("False", False)])
def test_the_setting_says_true_or_false(given: str, voice: bool | None) -> None:
    assert _voice(given) is voice


def test_another_setting_is_refused() -> None:
    with pytest.raises(UsageError, match="ninelives_voice = loud: write true or false"):
        _voice("loud")


MUTE = """

class Mute(BaseTextFilter):
    async def filter(self, text):
        return ""
"""


@pytest.mark.thorough
@pytest.mark.usefixtures("quietly")
def test_random_scenarios_are_text_unless_a_voice_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(quiet, "quiet", lambda: None)
    bot = BOT.replace('_KEY"])\n    pair', '_KEY"], text_filters=[Mute()])\n    pair')
    Path("bot.py").write_text(bot + MUTE, encoding="utf-8")
    assert _run(["explore", "bot.py", "--runs", "1", "--jobs", "1"]) == 0
    assert _run(["explore", "bot.py", "--runs", "1", "--jobs", "1", "--voice"]) == 1
    assert "does not work even without faults" in capsys.readouterr().out
