"""The judge of answers that go on after a loss: every repetition is found, and nothing else."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from mock_openai.journal.journal import Entry
from mock_openai.journal.sent_responses import Part, SentResponse
from ninelives.bot.turn import Captured, Heard, ReportedError, Turn
from ninelives.lab import Episode, Finding, judge
from ninelives.lab.run import run_scenario
from ninelives.lab.scenario_file import load
from ninelives.lab.scenarios import scenarios
from ninelives.lab.seams import voice_flaw
from ninelives.lab.services import as_factory
from ninelives.voice.playback import Word
from ninelives.voice.turn import VoiceTurn
from pipecat_responses import OpenAIResponsesHttpLLMService
from pipecat_responses.overlap import Overlap

from tests.repository import ROOT

WHOLE = "It is 21 degrees and sunny in Paris."
LOST = "The connection was lost in mid-answer (reset). Ask the user to repeat; the next turn works."


def frame(name: str) -> Any:
    return type(name, (), {})()


def said(
    number: int, text: str, *items: dict[str, Any], status: Any = "completed", refusal: str = ""
) -> SentResponse:
    question = {"role": "user", "content": "weather?"}
    request = {"input": [question, *items]}
    parts = {(0, 0): Part(text), (0, 1): Part(refusal, refuses=True)}
    return SentResponse(f"resp_{number}", 1, 1, None, float(number), request, parts=parts, status=status)


def went_on(
    spoken: str,
    heard: str,
    *continuations: str,
    told: str | None = None,
    expected: str = WHOLE,
    event: str | None = None,
    refusal: str = "",
    errors: int = 0,
    sent: str = "",
) -> Episode:
    """A turn whose answer broke off after `spoken`, and what was heard of it and its continuations."""
    turn = Turn(number=1, user="weather?", began=0.0, ended=9.0)
    rest = heard.removeprefix(spoken)
    turn.heard = [Heard(0.5, spoken), *([Heard(8.0, rest)] if rest else [])]
    turn.frames.extend(
        Captured(at, "down", frame(f"LLMFullResponse{name}Frame"))
        for at, name in ((0.0, "Start"), (9.0, "End"))
    )
    turn.spoken_before_loss = [spoken if event is None else event]
    turn.errors = [ReportedError(9.0, LOST, "connectivity", False) for _ in range(errors)]
    told = spoken if told is None else told
    behind = (
        ({"role": "assistant", "content": told}, {"role": "developer", "content": "Go on."}) if told else ()
    )
    attempts = [said(0, sent or spoken, status=None)]
    attempts += [said(n, text, *behind) for n, text in enumerate(continuations, 1)]
    if refusal:
        attempts.append(said(9, "", *behind, refusal=refusal))
    faults = [Entry(0.6, 1, 1, None, "fault", {"fault": "reset", "trigger": {}})]
    return Episode([turn], attempts, faults, [expected], wire=faults)


def finding(episode: Episode, promise: str) -> Finding:
    return next(each for each in judge(episode) if each.promise == promise)


@pytest.mark.parametrize("told", ["It is 21 degrees", "It is 21"])
@pytest.mark.parametrize(
    ("heard", "continuation", "again"),
    [
        ("It is 21 degreesIt is 21 degrees and sunny in Paris.", WHOLE, "It is 21 degrees"),
        ("It is 21 degrees It is 21 degrees and sunny in Paris.", WHOLE, "It is 21 degrees"),
        ("It is 21 degrees degrees and sunny in Paris.", " degrees and sunny in Paris.", "degrees"),
        ("It is 21 degrees DEGREES and sunny in Paris.", " DEGREES and sunny in Paris.", "DEGREES"),
        ("It is 21 degrees, degrees and sunny in Paris.", ", degrees and sunny in Paris.", "degrees"),
        ("It is 21 degrees 21 degrees and sunny in Paris.", "21 degrees and sunny in Paris.", "21 degrees"),
    ],
)
def test_i1_finds_every_word_that_is_said_again(told: str, heard: str, continuation: str, again: str) -> None:
    found = finding(went_on("It is 21 degrees", heard, continuation, told=told), "I1")
    assert found.held is False
    assert again in found.why


@pytest.mark.parametrize(
    ("spoken", "heard", "continuation", "told"),
    [
        ("It is 21 degrees", WHOLE, " and sunny in Paris.", "It is 21 degrees"),
        ("It is 21 degrees", WHOLE, " degrees and sunny in Paris.", "It is 21"),
        ("It is 21 degrees", WHOLE, WHOLE, "It is 21"),
        ("It is 21 degrees", WHOLE, "IT IS 21 DEGREES and sunny in Paris.", "It is 21"),
        ("It is 21 deg", WHOLE, " degrees and sunny in Paris.", "It is 21"),
        ("It", WHOLE, WHOLE, ""),
        ("It is 21 degrees", "It is 21 degrees Sunny, and 21.", "Sunny, and 21.", "It is 21"),
        ("It is very", "It is very very warm.", " very very warm.", "It is"),
        ("I think that", "I think that that is all.", " that that is all.", "I think"),
        ("Yes.", "Yes. It is.", "Yes. It is.", ""),
        (WHOLE, WHOLE, " Paris.", "It is 21 degrees and sunny in"),
        (WHOLE, WHOLE, WHOLE, "It is 21 degrees and sunny in"),
    ],
)
def test_i1_and_i6_are_kept_by_an_answer_that_goes_on(
    spoken: str, heard: str, continuation: str, told: str
) -> None:
    expected = heard if "Sunny" not in heard else WHOLE
    episode = went_on(spoken, heard, continuation, told=told, expected=expected)
    assert [(each.promise, each.why) for each in judge(episode) if each.held is False] == []
    assert finding(episode, "I6").held is True


def test_more_may_have_left_the_server_than_was_heard() -> None:
    episode = went_on(
        "It is 21 degrees",
        WHOLE,
        " degrees and sunny in Paris.",
        told="It is 21",
        sent="It is 21 degrees and sun",
    )
    assert [each.why for each in judge(episode) if each.held is False] == []


def test_i1_finds_what_is_lost_at_the_seam() -> None:
    lost = "It is 21 degrees sunny in Paris."
    assert (
        finding(went_on("It is 21 degrees", lost, " degrees and sunny in Paris.", told="It is 21"), "I1").held
        is False
    )
    lost = "It is very warm."
    episode = went_on("It is very", lost, " very very warm.", told="It is", expected="It is very very warm.")
    assert finding(episode, "I1").held is False


@pytest.mark.parametrize("event", ["", "It is", "Something else", WHOLE])
def test_i6_wants_an_event_that_says_what_was_spoken(event: str) -> None:
    episode = went_on("It is 21 degrees", WHOLE, " degrees and sunny in Paris.", told="It is 21", event=event)
    assert finding(episode, "I6").held is (event == WHOLE)  # all of it was spoken, in the end


def test_i6_finds_an_error_about_an_answer_that_was_finished_and_one_that_was_not() -> None:
    whole = went_on("It is 21 degrees", WHOLE, " degrees and sunny in Paris.", told="It is 21", errors=1)
    assert "heard its whole answer" in finding(whole, "I6").why
    half = went_on(
        "It is 21 degrees", "It is 21 degrees and", " degrees and sunny in Paris.", told="It is 21"
    )
    assert "continued without" in finding(half, "I6").why
    refused = went_on("It is 21 degrees", "It is 21 degrees", told="It is 21", refusal="No.", errors=1)
    assert finding(refused, "I6").held is True
    silent = went_on("It is 21 degrees", "It is 21 degrees", told="It is 21", refusal="No.")
    assert finding(silent, "I6").held is False


@pytest.mark.parametrize(
    ("heard", "played", "flaw"),
    [
        ("One two three four.", "One two three four.", None),
        ("One two three four.", "one, two", None),
        ("It is very very warm.", "It is very very warm.", None),
        ("It is very warm.", "It is very very warm.", "'very' was played twice"),
        ("One two three four.", "One two One two three four.", "'one two' was played twice"),
        ("One two three four.", "One two two", "'two' was played twice"),
        ("One two three four.", "One two four.", "'three' is missing from what was played"),
        ("It is 21.", "It is twenty-one.", None),
    ],
)
def test_what_a_voice_played_is_judged_by_its_words(heard: str, played: str, flaw: str | None) -> None:
    assert voice_flaw(heard, played) == flaw


def test_i1_looks_at_what_was_played() -> None:
    episode = went_on("It is 21 degrees", WHOLE, " degrees and sunny in Paris.", told="It is 21")
    fields = {name: getattr(episode.turns[0], name) for name in Turn.__dataclass_fields__}
    words = [Word(1.0, word) for word in f"It is 21 degrees {WHOLE}".split()]
    turn = VoiceTurn(**fields, words=words)
    flawed = Episode([turn], episode.said, episode.faults, episode.expected, wire=episode.wire)
    assert "was played twice" in finding(flawed, "I1").why


NAMES = [
    "model_repeats_after_some_words",
    "model_repeats_in_an_answer_to_a_tool",
    "model_goes_on_after_some_words",
    "words_that_come_twice",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_service_that_trims_nothing_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Overlap, "feed", lambda self, text: text)
    monkeypatch.setattr(Overlap, "end", lambda self: "")

    def make(base_url: str, ws_url: str) -> OpenAIResponsesHttpLLMService:
        return OpenAIResponsesHttpLLMService(api_key="any", base_url=base_url, rng=random.Random(0))

    outcome = run_scenario(scenarios()[name], make)
    assert "I1" in [each.promise for each in outcome.broken]


def test_a_failure_that_was_not_heard_does_not_name_the_category_of_a_later_loss() -> None:
    episode = went_on("It is 21 degrees", "It is 21 degrees", told="It is 21", refusal="No.", errors=1)
    failed = said(0, "", status="failed")
    assert finding(replace(episode, said=[failed, *episode.said]), "I6").held is True


def test_behind_a_tool_a_service_that_tells_too_little_of_what_was_spoken_is_found() -> None:
    class TellsTooLittle(OpenAIResponsesHttpLLMService):
        async def _report_interrupted(self, spoken_text: str, *, continued: bool) -> None:
            await super()._report_interrupted(spoken_text[:-4], continued=continued)

    scenario = load(ROOT / "tests" / "services" / "scenarios" / "i6_reset_behind_a_tool.yaml")
    outcomes = [
        run_scenario(scenario, as_factory(each)) for each in (OpenAIResponsesHttpLLMService, TellsTooLittle)
    ]
    assert [[each.promise for each in outcome.broken] for outcome in outcomes] == [[], ["I6"]]
