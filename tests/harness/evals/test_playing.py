"""Pipecat's own eval files against a bot on the virtual clock, calm and under disasters."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from mock_openai import Script
from ninelives.commands.eval_files import as_json
from ninelives.commands.eval_output import problems
from ninelives.evals.files import cases
from ninelives.evals.play import bot_named, play_first
from ninelives.evals.session import Setting

from tests.harness.evals.stage import BOT, PIPECATS, case, played, script, under


def test_a_scenario_with_a_tool_passes_and_its_turns_are_judged() -> None:
    found = played("paris")
    assert found.verdict == "passed"
    assert found.good
    assert found.heard == [
        ("What is the weather in Paris?", "It is 21 degrees and sunny in Paris this afternoon."),
        ("Thank you, goodbye.", "You are welcome. Have a good day."),
    ]
    assert {each.promise for each in found.findings if each.held} >= {"I1", "I3", "I4"}


def test_a_budget_holds_to_the_millisecond() -> None:
    def within(milliseconds: int) -> str:
        whole = case("cut_in")
        turn = replace(whole.scenario.turns[1], expect=[replace(_response(), within_ms=milliseconds)])
        scenario = replace(whole.scenario, turns=[whole.scenario.turns[0], turn])
        return play_first(replace(whole, scenario=scenario), bot_named(BOT), Setting(script=script())).verdict

    took = _milliseconds_of_the_answer()
    assert within(took + 1) == "passed"
    assert within(took - 1) == "failed"


def _response():  # type: ignore[no-untyped-def]
    return case("cut_in").scenario.turns[0].expect[0].__class__("llm_response", text_contains="cloud")


def _milliseconds_of_the_answer() -> int:
    whole = case("cut_in")
    greeting, asks = whole.scenario.turns[:2]
    scenario = replace(whole.scenario, turns=[greeting, replace(asks, expect=[_response()])])
    found = play_first(replace(whole, scenario=scenario), bot_named(BOT), Setting(script=script()))
    turn = found.episode.turns[0]
    assert turn.ended is not None
    return round((turn.ended - turn.began) * 1000)


def test_a_turn_with_send_after_is_sent_at_its_very_moment() -> None:
    found = played("cut_in")
    first = found.episode.turns[0]
    assert found.verdict == "passed"
    assert first.interrupted is not None
    started = next(
        each.at for each in first.frames if type(each.frame).__name__ == "LLMFullResponseStartFrame"
    )
    assert first.interrupted - started == pytest.approx(0.7)
    assert found.good, problems(found)


@pytest.mark.thorough
def test_the_same_run_comes_out_the_same() -> None:
    first, *others = (as_json(under("paris", "reset_in_mid_sentence")[0]) for _ in range(3))
    assert all(each == first for each in others)


@pytest.mark.parametrize("fault", ["reset_before_the_first_word", "call_cut_in_half", "idle_close"])
def test_our_service_passes_under_a_disaster_that_it_can_mend(fault: str) -> None:
    (found,) = under("paris", fault)
    assert (found.verdict, found.injected) == ("passed", True)
    assert found.good, problems(found)


def test_a_bot_that_repeats_itself_passes_its_eval_and_breaks_a_promise() -> None:
    (found,) = under("paris", "reset_in_mid_sentence", PIPECATS)
    assert found.verdict == "passed"  # text_contains is content with a sentence that is said twice
    assert "I1" in {each.promise for each in found.broken}
    assert not found.good
    assert any(re.search(r"You are.*You are", heard) for _, heard in found.heard)


@pytest.mark.thorough
def test_a_disaster_falls_where_it_can_happen_and_is_skipped_where_it_cannot() -> None:
    call, tool, limit = under("paris", "call_cut_in_half,reset_while_a_tool_runs,limit_between_turns")
    assert call.turn == 1  # the only turn in which a tool is called
    assert tool.skipped == "this conversation has no moment at which it could happen"
    assert (limit.verdict, limit.good) == ("passed", True)  # an hour of silence, and the bot waits


def test_where_no_answer_can_be_expected_a_failed_eval_is_no_fault_of_the_bots() -> None:
    (found,) = under("paris", "handshake_401_at_the_start")
    assert found.verdict == "failed"
    assert found.good


def test_real_time_gives_the_same_result() -> None:
    found = played("paris", real_time=True, pace="instant")
    assert found.verdict == "passed"
    assert found.good, problems(found)


def test_a_scenario_that_needs_sound_is_played_as_text_when_asked() -> None:
    found = play_first(case("spoken").in_text(), bot_named(BOT), Setting(script=script()))
    assert found.verdict == "passed"


@pytest.mark.thorough
def test_an_answer_that_nobody_could_go_on_with_is_not_held_against_the_bot() -> None:
    cut, filtered, away = under(
        "paris", "incomplete_in_mid_sentence,filtered_in_mid_sentence,outage_of_a_minute_in_mid_sentence"
    )
    for each in (cut, filtered, away):
        assert each.verdict == "failed"
        assert not each.answerable
        assert each.good, each.broken


def test_an_answer_that_comes_later_than_the_file_allows_is() -> None:
    (found,) = under("paris", "stall_in_mid_call")
    assert found.verdict == "failed"
    assert found.answerable
    assert not found.good


REPORTER = """
import asyncio
from pipecat.adapters.schemas.direct_function import tool_options
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat_responses import OpenAIResponsesLLMService


@tool_options(cancel_on_interruption=False, cancellable_by_llm=True, timeout_secs=60)
async def write_report(params, topic: str):
    \"\"\"Write a report.\"\"\"
    await asyncio.sleep(30)
    await params.result_callback("done")


def make(base_url, ws_url):
    llm = OpenAIResponsesLLMService(api_key="any", ws_url=ws_url)
    llm.register_direct_function(write_report)
    context = LLMContext(tools=ToolsSchema(standard_tools=[write_report]))
    user, assistant = LLMContextAggregatorPair(context)
    return PipelineWorker(Pipeline([user, llm, assistant]))
"""

REPORT = """
name: report
scenarios:
  - name: stopped
    turns:
      - {user: Write a report., expect: [{event: function_call, name: write_report}]}
      - user: No, stop.
        send_after: {delay_ms: 3000}
        expect: [{event: response, text_contains: It is stopped}]
"""

REPORT_SCRIPT = """
replies:
  - {when: {user: Write}, reply: [{call: write_report, arguments: {topic: turtles}}]}
  - {when: {user: stop}, reply: [{text: "I stop. "}, {call: cancel_write_report, arguments: {reason: x}}]}
  - {when: {tool_output: cancel_write_report}, reply: [{text: "It is stopped."}]}
"""


def test_what_follows_a_tool_of_pipecats_own_belongs_to_its_turn(tmp_path: Path) -> None:
    """As in the release eval async_tool_cancellation: Pipecat announces its `cancel_` tools differently."""
    (tmp_path / "reporter.py").write_text(REPORTER)
    (tmp_path / "report.yaml").write_text(REPORT)
    bot = f"{tmp_path / 'reporter.py'}:make"
    (stopped,) = cases([tmp_path / "report.yaml"], bot)
    found = play_first(stopped, bot_named(bot), Setting(script=Script.loads(REPORT_SCRIPT, name="script")))
    assert found.good, problems(found)
    assert found.heard == [("Write a report.", ""), ("No, stop.", "I stop. It is stopped.")]


WAITER = """
import os
from ninelives import BlackBox
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.turns.user_turn_strategies import FilterIncompleteUserTurnStrategies
from pipecat_responses import OpenAIResponsesLLMService

boxes = []


def make(base_url, ws_url):
    params = LLMUserAggregatorParams(user_turn_strategies=FilterIncompleteUserTurnStrategies())
    user, assistant = LLMContextAggregatorPair(LLMContext(), user_params=params)
    llm = OpenAIResponsesLLMService(api_key="any", ws_url=ws_url)
    worker = PipelineWorker(Pipeline([user, llm, assistant]))
    boxes.append(BlackBox(os.path.join(os.path.dirname(__file__), "incidents")))
    worker.add_observer(boxes[-1])
    return worker
"""

MARKED = """
replies:
  - {when: {user: hmmm}, reply: [{text: "◐"}]}
  - {when: {user: Japan}, reply: [{text: "● Japan is a fine choice."}]}
"""

HESITANT = """
name: hesitant
scenarios:
  - name: japan
    turns:
      - user: Let me think, hmmm
      - user: I would go to Japan.
        send_after: {delay_ms: 3000}
        expect: [{event: response, text_contains: fine choice}]
"""


def test_a_mark_that_pipecat_takes_from_an_answer_is_no_missing_word(tmp_path: Path) -> None:
    """As in the release eval filter_incomplete_turns; nor does a black box write an incident for it."""
    (tmp_path / "waiter.py").write_text(WAITER)
    (tmp_path / "hesitant.yaml").write_text(HESITANT)
    name = f"{tmp_path / 'waiter.py'}:make"
    (japan,) = cases([tmp_path / "hesitant.yaml"], name)
    bot = bot_named(name)
    found = play_first(japan, bot, Setting(script=Script.loads(MARKED, name="script")))
    assert found.good, problems(found)
    assert [heard.strip() for _, heard in found.heard] == ["", "Japan is a fine choice."]
    (box,) = bot.__wrapped__.__globals__["boxes"]
    assert box.flush(600)
    assert not box.incidents
    box.dump("to see whether the mark is kept")
    assert box.flush(600)
    assert '"k":"marker"' in box.incidents[0].read_text().replace(" ", "")
