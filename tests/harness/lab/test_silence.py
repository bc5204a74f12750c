"""I10, the promise that a caller is not left in silence: what counts, for whom, and what the figures say."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from mock_openai import faults
from mock_openai.journal.journal import Entry
from mock_openai.journal.sent_responses import Part, SentResponse
from mock_openai.protocol.events import Event
from ninelives.bot.turn import Heard, ReportedError, ToolCall, Turn
from ninelives.commands.verdict import table
from ninelives.lab import Episode, Finding, Outcome, judge, run_scenario
from ninelives.lab.attribution import accounts
from ninelives.lab.budgets import Budgets
from ninelives.lab.conditions import Conditions, as_option, read_conditions
from ninelives.lab.dialogue import scenario, weather
from ninelives.lab.figures import Figures, figures_of, percentile, together
from ninelives.lab.scenarios import scenarios
from ninelives.lab.services import http, pipecat_websocket, websocket
from ninelives.lab.silences import silences
from ninelives.usage_error import UsageError
from ninelives.voice.playback import Sound, Word
from ninelives.voice.turn import VoiceTurn
from rich.console import Console

from tests.harness.exploration.broken import TriesAgainTooLate, WaitsForASilentServer, factory_of


def said(text: str, *, began: float = 0.0, status: str | None = "completed", **request: Any) -> SentResponse:
    body = {"input": [{"role": "user", "content": "hello"}], **request}
    return SentResponse("resp_1", 1, 1, None, began, body, parts={(0, 0): Part(text)}, status=status)  # type: ignore[arg-type]


def turn(*heard: tuple[float, str], ended: float | None, errors: tuple[float, ...] = (), **more: Any) -> Turn:
    reported = [ReportedError(at, "The server is silent. Try again.", "server", False) for at in errors]
    return Turn(1, "hello", 0.0, ended, [Heard(*each) for each in heard], errors=reported, **more)


def events(*times: float) -> list[Entry]:
    return [Entry(at, 1, 1, None, "event", Event("response.created", b"{}")) for at in times]


def fault(at: float, name: str) -> Entry:
    return Entry(at, 1, 1, None, "fault", {"fault": name})


def told(turn: Turn, *said: SentResponse, answer: str | None = "So it is.", **more: Any) -> Episode:
    return Episode([turn], said, expected=[answer], **more)


def i10(episode: Episode) -> Finding:
    return judge(episode)[-1]


def lengths(episode: Episode) -> list[tuple[float, float]]:
    (account,) = accounts(episode)
    return [(round(each.seconds, 3), round(each.unexplained, 3)) for each in silences(episode, account)]


# What a silence is ------------------------------------------------------------------------------------------


def test_ten_seconds_of_silence_are_too_long_before_the_first_word_and_inside_the_answer() -> None:
    early = told(turn((10.5, "So it is."), ended=11.0), said("So it is.", began=10.4))
    assert i10(early).held is False
    assert "10.50 s" in i10(early).why
    assert "before the first word, 10.50 s of it not caused by the model, more than 10 s" in i10(early).why
    late = told(turn((0.5, "So "), (11.0, "it is."), ended=11.0), said("So it is.", began=0.1))
    assert "inside the answer, 0.50 s after the caller's words" in i10(late).why
    assert i10(told(turn((9.9, "So "), (19.8, "it is."), ended=20.0), said("So it is."))).held is True


def test_an_error_ends_a_silence_and_so_do_the_callers_own_words() -> None:
    assert lengths(told(turn(ended=20.0, errors=(6.0,)), answer=None)) == [(6.0, 6.0)]
    assert lengths(told(turn((1.0, "So "), ended=30.0, errors=(7.0,)), said("So ", status=None))) == [
        (1.0, 1.0),
        (6.0, 6.0),
    ]
    assert lengths(told(turn(ended=30.0, interrupted=3.0), answer=None)) == [(3.0, 3.0)]


def test_nobody_waits_behind_a_whole_answer() -> None:
    assert lengths(told(turn((1.0, "So it is."), ended=40.0, errors=(30.0,)), said("So it is."))) == [
        (1.0, 1.0)
    ]


def test_what_never_ends_is_silent_until_the_bound() -> None:
    assert lengths(told(turn(ended=None), bound=60.0)) == [(60.0, 60.0)]
    assert i10(told(turn((1.0, "So "), ended=None), said("So ", status=None))).held is False


def test_a_turn_that_nobody_asked_for_begins_with_its_first_sound() -> None:
    greeting = Turn(1, None, 0.0, 20.0, [Heard(15.0, "Hello "), Heard(16.0, "there.")])
    assert lengths(told(greeting, answer=None)) == [(1.0, 1.0)]


def test_with_a_voice_the_line_decides_and_not_the_text() -> None:
    spoken = VoiceTurn(1, "hello", 0.0, 30.0, [Heard(0.2, "So it is.")], interrupted=25.0)
    spoken.words = [Word(12.0, "So"), Word(14.0, "it"), Word(24.0, "is.")]
    spoken.sounds = [Sound(12.0, 14.5), Sound(24.0, 25.4)]
    episode = told(spoken, said("So it is."))
    assert lengths(episode) == [(12.0, 12.0), (9.5, 9.5)]
    assert i10(episode).held is False
    assert figures_of(episode).talk_over == pytest.approx(0.4)


# Whose time it was ------------------------------------------------------------------------------------------


def test_a_model_that_is_slow_is_no_breach_unless_the_user_gave_the_budget() -> None:
    slow = turn((12.0, "So it is."), ended=12.0)
    wire = events(4.0, 8.0, 12.0)
    assert lengths(told(slow, said("So it is."), wire=wire)) == [(12.0, 0.0)]
    assert i10(told(slow, said("So it is."), wire=wire)).held is True
    for budgets in (Budgets(dead_air=11.0), Budgets(first_word=11.0), Budgets(1.0, 60.0)):
        assert i10(told(slow, said("So it is."), wire=wire, budgets=budgets)).held is False
    assert i10(told(slow, said("So it is."), wire=wire, budgets=Budgets(60.0, 1.0))).held is True


def test_time_in_which_a_fault_struck_is_not_the_models() -> None:
    late = turn((12.0, "So it is."), ended=12.0)
    delayed = told(late, said("So it is."), wire=events(0.5, 12.0), faults=[fault(1.0, "delay")])
    assert lengths(delayed) == [(12.0, 11.5)]
    assert i10(delayed).held is False


def test_a_short_delay_cannot_be_told_from_a_slow_model() -> None:
    late = turn((12.0, "So it is."), ended=12.0)
    delayed = told(late, said("So it is."), wire=events(7.5, 12.0), faults=[fault(8.0, "delay")])
    assert lengths(delayed) == [(12.0, 0.0)]


def test_what_is_written_to_a_connection_that_went_silent_shows_nobody_anything() -> None:
    lost = told(
        turn(ended=12.0, errors=(12.0,)), said("So", status=None), wire=events(0.5, 5.0, 11.0),
        faults=[fault(0.6, "half_open")],
    )  # fmt: skip
    assert lengths(lost) == [(12.0, 11.5)]


def test_a_model_that_was_asked_to_think_may_take_thirty_seconds() -> None:
    def after(seconds: float, **request: Any) -> Finding:
        thinks = said("So it is.", began=seconds - 0.1, **request)
        return i10(told(turn((seconds, "So it is."), ended=seconds), thinks))

    assert after(29.0, reasoning={"effort": "low"}).held is True
    assert after(31.0, reasoning={"effort": "low"}).held is False
    assert after(29.0, reasoning={"effort": "minimal"}).held is False


# Services ---------------------------------------------------------------------------------------------------


def play(name: str, factory: Any, **conditions: Any) -> Outcome:
    return run_scenario(scenarios()[name], factory, conditions=read_conditions(**conditions))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (TriesAgainTooLate, "reset_before_the_first_word"),
        (TriesAgainTooLate, "outage_of_half_a_second"),
        (WaitsForASilentServer, "stall_before_the_first_word"),
        (WaitsForASilentServer, "stall_in_mid_sentence"),
        (WaitsForASilentServer, "stall_in_mid_call"),
    ],
)
def test_a_service_that_is_silent_for_too_long_breaks_this_promise_and_no_other(kind: Any, name: str) -> None:
    outcome = play(name, factory_of(kind))
    assert [each.promise for each in outcome.broken] == ["I10"]
    assert outcome.only_late
    assert play(name, factory_of(kind), max_dead_air="30s").held


def test_a_slow_drip_is_condemned_only_by_a_budget_of_the_users() -> None:
    assert play("calm_slow_drip", http).held
    strict = play("calm_slow_drip", http, max_dead_air="2s")
    assert strict.only_late
    assert all("before the first word, more than 2 s" in each.why for each in strict.broken)


def test_a_stall_in_mid_thought_ends_within_thirty_seconds() -> None:
    for factory in (websocket, http):
        longest = play("stall_in_mid_thought", factory).figures.dead_air
        assert longest is not None
        assert 10.0 < longest < 30.0  # in virtual time


@pytest.mark.parametrize("factory", [websocket, http])
def test_what_goes_wrong_on_both_sides_of_a_tool_shares_one_budget(factory: Any) -> None:
    stalls = (
        faults.at(event="response.function_call_arguments.delta", nth=2, when="before").stall(),
        faults.at(event="response.output_text.delta", nth=1, when="before").stall(),
    )
    both = scenario(
        "stalls_around_a_tool", "I10", "The model stalls before and after a tool.", (weather(*stalls),)
    )
    outcome = run_scenario(both, factory)
    assert len(outcome.episode.faults) == 2
    assert outcome.held
    (turn,) = outcome.episode.turns
    assert len(turn.errors) == 1  # rather than a third attempt that would come too late
    assert 8.0 < turn.errors[0].at - turn.began <= 10.0  # in virtual time


@pytest.mark.parametrize(
    ("struck", "own", "held"), [((), None, False), ((1.0,), None, True), ((1.0,), 10.0, False)]
)
def test_a_slow_tool_counts_unless_a_fault_cost_the_caller_time_as_well(
    struck: tuple[float, ...], own: float | None, held: bool
) -> None:
    slow = turn((11.0, "So it is."), ended=11.0)
    slow.calls = [ToolCall(4.0, "call_1", "look_up", {}, "result", ended=9.0)]
    episode = told(slow, faults=[fault(at, "reset") for at in struck], budgets=Budgets(dead_air=own))
    assert lengths(episode) == [(11.0, 6.0 if struck else 11.0)]
    assert i10(episode).held == held


def test_an_error_before_the_budget_is_spent_is_no_excuse() -> None:
    early = told(turn(ended=7.0, errors=(7.0,)), said("So", status=None), faults=[fault(0.5, "stall")])
    late = told(turn(ended=9.0, errors=(9.0,)), said("So", status=None), faults=[fault(0.5, "stall")])
    assert [finding.held for finding in judge(early) if finding.promise == "I5"] == [False]
    assert [finding.held for finding in judge(late) if finding.promise == "I5"] == [True]


def test_a_service_that_waits_for_ever_breaks_it_too() -> None:
    outcome = play("stall_in_mid_sentence", pipecat_websocket)
    assert "I10" in [each.promise for each in outcome.broken]
    assert not outcome.only_late


# Figures and budgets ----------------------------------------------------------------------------------------


def test_percentiles_are_values_that_were_measured() -> None:
    assert [percentile([1.0, 2.0, 3.0, 4.0], each) for each in (0, 25, 50, 51, 95, 100)] == [1, 1, 2, 3, 4, 4]
    assert percentile([], 50) is None


def test_figures_of_many_conversations_are_those_of_one_long_one() -> None:
    both = together([Figures((0.2, 0.9), 1.5), Figures((0.1,), 0.3, 0.4), Figures()])
    assert both == Figures((0.1, 0.2, 0.9), 1.5, 0.4)
    shown = "first word p50 0.20 s, p95 0.90 s, longest dead air 1.50 s, talk-over 0.40 s"
    assert str(both) == shown
    assert str(Figures()) == "nobody had to wait"


@pytest.mark.parametrize(
    ("given", "seconds"), [("2s", 2.0), ("500ms", 0.5), ("1.5", 1.5), (2, 2.0), ("", None), (None, None)]
)
def test_budgets_are_read_as_durations(given: Any, seconds: float | None) -> None:
    assert read_conditions(max_dead_air=given) == Conditions(budgets=Budgets(dead_air=seconds))
    assert read_conditions(max_first_word=given) == Conditions(budgets=Budgets(first_word=seconds))


@pytest.mark.parametrize("given", ["soon", "-1s", "0", 0, "2 weeks", float("nan"), float("inf"), "1e3"])
def test_a_budget_that_is_none_says_what_one_looks_like(given: Any) -> None:
    with pytest.raises(
        UsageError, match=r"--max-dead-air .*expected a duration above zero, such as 2s, 500ms"
    ):
        read_conditions(max_dead_air=given, spelled=as_option)


def test_the_table_has_a_column_for_talking_over_where_there_is_a_voice() -> None:
    spoken = VoiceTurn(1, "hello", 0.0, 30.0, [Heard(0.2, "So it is.")], interrupted=2.0)
    spoken.words, spoken.sounds = [Word(1.0, "So")], [Sound(1.0, 2.25)]
    episode = told(spoken, answer=None)
    long = "interruption_of_a_server_that_falls_silent"
    outcomes = [
        Outcome(scenarios()[long], each, judge(each), transport="websocket", figures=figures_of(each))
        for each in (episode, told(turn(ended=1.0), answer=None))
    ]
    console = Console(width=100, file=StringIO())
    console.print(table(outcomes))
    heading, with_voice, without = console.file.getvalue().splitlines()
    assert heading.split()[-5:] == ["p50", "p95", "dead", "air", "talk-over"]
    assert with_voice.split()[-4:] == ["1.00", "1.00", "1.00", "0.25"]
    assert without.split()[-1] == "1.00"
    assert with_voice.startswith(long.replace("_", " "))
