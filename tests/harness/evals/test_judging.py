"""The judge and the simulated caller: asked by script, and never waved through."""

from __future__ import annotations

from dataclasses import replace

from ninelives.commands.eval_output import problems
from ninelives.evals.play import bot_named, play_first
from ninelives.evals.session import Setting

from tests.harness.evals.stage import BOT, case, played


def test_a_judge_in_the_script_says_yes_or_no() -> None:
    assert played("judged").verdict == "passed"
    bad = played("judged_badly")
    assert bad.verdict == "failed"
    assert not bad.good


def test_a_verdict_is_never_improvised() -> None:
    found = played("judged", script=None)
    assert found.verdict in ("not judged", "failed")
    assert not found.good


def test_what_cannot_be_judged_says_so_and_what_to_do() -> None:
    from mock_openai import Script, reply

    speaks = Script([reply("It is 21 degrees in Paris.", user="weather")])
    found = played("judged", script=speaks)
    assert found.verdict == "not judged"
    assert not found.good
    (told,) = problems(found)
    assert told.startswith("turn 2: the judge was not asked")
    assert "--record" in told
    assert "--skip-judge" in told
    lenient = played("judged", script=speaks, skip_judge=True)
    assert (lenient.verdict, lenient.good) == ("not judged", True)


def test_a_simulated_caller_learns_what_it_wants_and_hangs_up() -> None:
    found = played("simulated")
    assert found.verdict == "passed", (found.failures, found.result)
    assert [asked for asked, _ in found.heard] == ["What is the weather in Paris?", "Lovely, goodbye."]


def test_a_caller_who_cannot_be_asked_is_told_of() -> None:
    from mock_openai import Script, reply

    found = played("simulated", script=Script([reply("Hello. Which city?", developer="introduce")]))
    assert not found.good
    assert any("the simulated caller has no answer to give" in told for told in problems(found))


def test_without_a_recording_and_a_script_a_tool_is_called_where_the_words_ask_for_it() -> None:
    whole = case("paris")
    greeting, asks, _ = whole.scenario.turns
    calls, _ = asks.expect
    anything = replace(whole.scenario.turns[0].expect[0], text_contains=None)
    turns = [
        replace(greeting, expect=[anything]),
        replace(asks, expect=[replace(calls, calls=None), anything]),
    ]
    found = play_first(
        replace(whole, scenario=replace(whole.scenario, turns=turns)), bot_named(BOT), Setting()
    )
    assert (found.verdict, found.source) == ("passed", "improvised")
    assert [call.name for turn in found.episode.turns for call in turn.calls] == ["get_weather"]
