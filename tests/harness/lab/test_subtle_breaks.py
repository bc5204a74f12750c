"""Defects that hide behind a fault: the answer is right in the end, and something else is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mock_openai.journal.entries import Entry
from ninelives.lab import Episode, Finding, judge

from tests.harness.lab.test_invariants import Tale, call, calm_turn, finding, lost_in_mid_sentence
from tests.harness.lab.test_silence import fault, said, told, turn


def broken(episode: Episode) -> list[str]:
    return [each.promise for each in judge(episode) if each.held is False]


# Tools ------------------------------------------------------------------------------------------------------


def with_two_tools(*, ran: int, lost: bool) -> Episode:
    """A turn whose request breaks once, and is then answered with two calls, of which so many run."""
    tale = Tale()
    tale.user("Is it warmer in Paris or in Rome?", "In Rome.")
    if lost:
        tale.says("", status=None)
        tale.breaks()
    calls = [call(1), call(2, '{"city": "Rome"}')]
    tale.says("", *calls)
    for each in calls[:ran]:
        tale.runs(each)
    tale.speaks("In Rome.")
    tale.ends()
    return tale.told()


@pytest.mark.parametrize("lost", [False, True])
def test_of_two_calls_one_is_not_enough_even_if_a_fault_came_before(lost: bool) -> None:
    assert broken(with_two_tools(ran=2, lost=lost)) == []
    assert broken(with_two_tools(ran=1, lost=lost)) == ["I3"]


def after_a_tool() -> tuple[Tale, list[Any]]:
    """A turn whose tool has just run, and what the model was asked before."""
    tale = Tale()
    tale.user("What is the weather?", "It is sunny.")
    tale.says("", call(1))
    question = list(tale.context)
    tale.runs(call(1))
    tale.turns[-1].calls[0] = replace(tale.turns[-1].calls[0], ended=tale.now)
    return tale, question


def asked_again_behind_a_tool(*, forgets: bool) -> Finding:
    """The answer to a tool's result breaks, and the model is asked again, with the result or without."""
    tale, question = after_a_tool()
    tale.says("", status=None)
    tale.breaks()
    if forgets:
        tale.context[:] = question
        tale.says("", call(2))
        tale.runs(call(2))
    tale.speaks("It is sunny.")
    tale.ends()
    return finding(tale.told(), "I7")


def test_a_tools_result_stays_with_the_model_when_an_answer_breaks() -> None:
    assert asked_again_behind_a_tool(forgets=False).held is not False
    assert "lacks the result of get_weather" in asked_again_behind_a_tool(forgets=True).why


@pytest.mark.parametrize("other", [{"instructions": "Summarize."}, {"tools": []}])
def test_another_model_or_task_of_a_bot_needs_no_result_of_a_tool(other: dict[str, Any]) -> None:
    tale, question = after_a_tool()
    whole, tale.context = tale.context, question
    said = tale.says("")
    said.request.update(other)
    tale.context = whole
    tale.speaks("It is sunny.")
    tale.ends()
    assert "lacks the result" not in finding(tale.told(), "I7").why


# What stays in the context ----------------------------------------------------------------------------------


def next_turn_after_a_continued_answer(kept: str) -> Finding:
    tale = Tale()
    lost_in_mid_sentence(tale)
    tale.context += [{"role": "assistant", "content": "Hello wonderful"}]
    tale.says("world.")
    tale.hears("world.")
    tale.turns[-1].spoken_before_loss.append("Hello wonderful ")
    tale.ends()
    tale.context[-1] = {"role": "assistant", "content": kept}
    calm_turn(tale, "and now?", "Now this.")
    return finding(tale.told(), "I7")


def test_an_answer_that_was_continued_stays_whole_in_the_context() -> None:
    assert next_turn_after_a_continued_answer("Hello wonderful world.").held is True
    assert "lacks its answer" in next_turn_after_a_continued_answer("world.").why


# Words ------------------------------------------------------------------------------------------------------


def continued_with(*heard: str) -> Finding:
    tale = Tale()
    tale.user("hello", "Hello wonderful world.")
    tale.says("Hello wonderful", status=None)
    tale.hears("Hello ", "wonderful")
    tale.breaks()
    tale.context += [{"role": "assistant", "content": "Hello"}]
    tale.says("wonderful world.")
    tale.hears(*heard)
    tale.turns[-1].spoken_before_loss.append("Hello wonderful")
    tale.ends()
    return finding(tale.told(), "I1")


def test_two_words_are_not_heard_as_one_where_an_answer_goes_on() -> None:
    assert continued_with(" world.").held is True
    assert continued_with("world.").held is False


# What is told of a loss -------------------------------------------------------------------------------------


def test_a_loss_is_told_once() -> None:
    tale = Tale()
    lost_in_mid_sentence(tale)
    tale.reports()
    tale.turns[-1].spoken_before_loss[:] = ["Hello wonderful "] * 2
    tale.ends()
    assert "twice" in finding(tale.told(), "I6").why


def test_a_loss_that_nobody_heard_is_not_told() -> None:
    tale = Tale()
    tale.user("hello", "Hello there.")
    tale.says("", status=None)
    tale.breaks()
    tale.speaks("Hello there.")
    tale.ends()
    assert finding(tale.told(), "I6").held is not False
    tale.turns[-1].spoken_before_loss.append("Hello there.")
    assert "no answer broke off" in finding(tale.told(), "I6").why


# When a service may give up ---------------------------------------------------------------------------------


def gave_up(at: float, **more: Any) -> list[str]:
    episode = told(turn(ended=at, errors=(at,)), said("", status=None), faults=[fault(0.0, "reset")], **more)
    return broken(episode)


def test_an_error_at_the_very_end_of_the_budget_is_in_time() -> None:
    # 25.350276365720323 + 8.0 - 25.350276365720323, as a clock that does not begin at 0 counts it
    assert gave_up(7.999999999999996) == []
    assert gave_up(7.9) == ["I5"]


def test_a_server_may_ask_to_wait_for_longer_than_the_caller_does() -> None:
    def refused(seconds: float) -> list[str]:
        status = Entry(0.5, 1, 1, None, "status", {"status": 503, "retry_after": seconds})
        return gave_up(0.5, wire=[status])

    assert refused(7.5) == []
    assert refused(7.0) == ["I5"]


def test_patience_with_a_model_that_thinks_is_not_needed_for_a_server_that_is_silent() -> None:
    assert broken(told(turn(ended=12.0, errors=(12.0,)), answer=None)) == ["I10"]
    assert broken(told(turn(ended=12.0, errors=(12.0,)), answer=None, thinks=True)) == []


def test_an_answer_behind_a_tool_that_never_began_is_a_failure_of_its_own() -> None:
    def errors(ran: bool) -> Finding:
        tale = Tale()
        tale.user("What is the weather?", "It is sunny.")
        tale.breaks("incomplete")
        tale.says("", call(1), status="incomplete")
        tale.reports()
        if ran:
            tale.runs(call(1))
        tale.reports()
        tale.ends()
        return finding(tale.told(), "I9")

    assert errors(ran=True).held is True
    assert "reported 2 errors for one failure" in errors(ran=False).why


def test_what_the_server_said_as_it_refused_may_be_the_category() -> None:
    def category(refused: bool) -> Finding:
        tale = Tale()
        lost_in_mid_sentence(tale)
        if refused:
            tale.entry("status", status=429)
        tale.reports("Too many requests. Slow down.", "rate_limit")
        tale.turns[-1].spoken_before_loss.append("Hello wonderful ")
        tale.ends()
        return finding(tale.told(), "I6")

    assert category(refused=True).held is True
    assert "category 'rate_limit'" in category(refused=False).why
