"""Each promise finds the bot that breaks it, and no promise speaks ill of a bot that keeps them all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai.journal.entries import Entry
from mock_openai.journal.sent_responses import Part, SentResponse
from ninelives.bot.turn import Captured, Heard, ReportedError, ToolCall, Turn
from ninelives.lab import PROMISES, Episode, Finding, judge

RESET = "The connection was lost in mid-answer (reset). Ask the user to repeat; the next turn works."


def frame(name: str) -> Any:
    return type(name, (), {})()


class Tale:
    """A conversation told step by step:

    what was asked, said, heard, and what broke. Every step takes a tenth of a second.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.turns: list[Turn] = []
        self.said: list[SentResponse] = []
        self.wire: list[Entry] = []
        self.expected: list[str | None] = []
        self.context: list[dict[str, Any]] = []

    def tick(self, seconds: float = 0.1) -> float:
        self.now = round(self.now + seconds, 6)
        return self.now

    def user(self, text: str, expect: str | None) -> Turn:
        self.tick(1.0)
        self.turns.append(Turn(number=len(self.turns) + 1, user=text, began=self.now, ended=None))
        self.expected.append(expect)
        self.context.append({"role": "user", "content": text})
        return self.turns[-1]

    def frame(self, name: str) -> None:
        self.turns[-1].frames.append(Captured(at=self.now, direction="down", frame=frame(name)))

    def entry(self, kind: str, **data: Any) -> Entry:
        entry = Entry(at=self.now, connection=1, turn=None, lane=None, kind=kind, data=data)  # type: ignore[arg-type]
        self.wire.append(entry)
        return entry

    def says(
        self, text: str, *calls: dict[str, Any], status: str | None = "completed", refusal: str = ""
    ) -> SentResponse:
        self.tick()
        request = {"input": [dict(item) for item in self.context]}
        self.entry("request", body=request)
        said = SentResponse(
            id=f"resp_{len(self.said)}",
            connection=1,
            turn=len(self.turns),
            lane=None,
            began=self.now,
            parts={(0, 0): Part(text), (0, 1): Part(refusal, refuses=True)},
            calls=list(calls),
            status=status,  # type: ignore[arg-type]
            request=request,
        )
        self.said.append(said)
        return said

    def hears(self, *texts: str) -> None:
        self.turns[-1].heard.extend(Heard(at=self.tick(), text=text) for text in texts)

    def speaks(self, text: str, status: str | None = "completed") -> None:
        """The healthy way: every word that was said is heard, between a start and an end."""
        self.frame("LLMFullResponseStartFrame")
        self.says(text, status=status)
        words = text.split(" ")
        self.hears(*(word + " " for word in words[:-1]), words[-1])
        self.frame("LLMFullResponseEndFrame")
        self.context.append({"role": "assistant", "content": text})

    def runs(self, call: dict[str, Any], arguments: dict[str, Any] | None = None) -> None:
        arguments = json.loads(call["arguments"]) if arguments is None else arguments
        self.turns[-1].calls.append(
            ToolCall(
                at=self.tick(),
                call_id=call["call_id"],
                name=call["name"],
                arguments=arguments,
                result="sunny",
            )
        )
        self.context.append({"type": "function_call", **call})
        self.context.append({"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"})

    def breaks(self, name: str = "reset") -> None:
        self.tick()
        self.entry("fault", fault=name, point={})

    def reports(self, message: str = RESET, category: str = "connectivity", permanent: bool = False) -> None:
        self.turns[-1].errors.append(
            ReportedError(at=self.tick(), message=message, category=category, permanent=permanent)
        )

    def ends(self) -> None:
        self.turns[-1].ended = self.tick()

    def told(self, **more: Any) -> Episode:
        faults = [entry for entry in self.wire if entry.kind == "fault"]
        return Episode(self.turns, self.said, faults, self.expected, wire=self.wire, **more)


def finding(episode: Episode, promise: str) -> Finding:
    return next(each for each in judge(episode) if each.promise == promise)


def call(number: int = 1, arguments: str = '{"city": "Paris"}') -> dict[str, Any]:
    return {"call_id": f"call_{number}", "name": "get_weather", "arguments": arguments}


def calm_turn(tale: Tale, question: str = "hello", answer: str = "Hello, what can I do?") -> None:
    tale.user(question, answer)
    tale.speaks(answer)
    tale.ends()


def test_a_calm_conversation_keeps_every_promise_that_it_touches() -> None:
    tale = Tale()
    calm_turn(tale)
    tale.user("weather in Paris?", "It is 21 degrees.")
    tale.says("", call())
    tale.runs(call())
    tale.speaks("It is 21 degrees.")
    tale.ends()
    findings = {each.promise: each.held for each in judge(tale.told())}
    assert list(findings) == list(PROMISES)
    kept = ["I1", "I2", "I3", "I4", "I7", "I8", "I10"]
    assert [name for name, held in findings.items() if held] == kept
    assert [name for name, held in findings.items() if held is None] == ["I5", "I6", "I9"]


def test_i1_finds_a_beginning_that_was_spoken_twice() -> None:
    tale = Tale()
    tale.user("hello", "Hello wonderful world.")
    tale.says("Hello wonderful ", status=None)
    tale.hears("Hello ", "wonderful ")
    tale.breaks()
    tale.speaks("Hello wonderful world.")
    tale.ends()
    found = finding(tale.told(), "I1")
    assert found.held is False
    assert '"Hello wonderful Hello wonderful world."' in found.why
    assert "started over" in found.why


def test_i1_finds_a_hole_and_a_swap() -> None:
    for heard, reason in ((("One ", "three."), "missing"), (("two ", "One ", "three."), "")):
        tale = Tale()
        tale.user("count", "One two three.")
        tale.says("One two three.")
        tale.hears(*heard)
        tale.ends()
        found = finding(tale.told(), "I1")
        assert found.held is False, heard
        assert reason in found.why


def test_i1_finds_words_that_nobody_said() -> None:
    tale = Tale()
    tale.user("hello", "Good day.")
    tale.says("Good day.")
    tale.hears("Good day.", " Buy XQZ!")
    tale.ends()
    found = finding(tale.told(), "I1")
    assert found.held is False
    assert "the model never said" in found.why


def test_i2_finds_the_rest_of_a_cancelled_answer_in_the_next_turn() -> None:
    tale = Tale()
    tale.user("tell me a story", None)
    tale.says("Once upon a time there was a king who slept.", status="cancelled")
    tale.hears("Once upon ")
    tale.turns[-1].interrupted = tale.tick()
    tale.ends()
    tale.user("stop, what time is it?", "It is noon.")
    tale.says("It is noon.")
    tale.hears("a time there was a king who slept.", "It is noon.")
    tale.ends()
    found = finding(tale.told(), "I2")
    assert found.held is False
    assert "turn 2 heard" in found.why
    assert "there was a king" in found.why


def test_i2_finds_speech_that_goes_on_after_the_user_cut_in() -> None:
    tale = Tale()
    calm_turn(tale)
    tale.user("tell me a story", None)
    tale.says("Once upon a time.", status="cancelled")
    tale.hears("Once ")
    tale.turns[-1].interrupted = tale.tick()
    tale.hears("upon ")
    tale.ends()
    assert finding(tale.told(), "I2").held is False


@pytest.mark.parametrize(
    ("asked", "status", "ran", "times", "reason"),
    [
        ('{"city": "Paris"}', "completed", {"city": "Paris"}, 2, "ran 2 times"),
        ('{"city": "Pa', "incomplete", {}, 1, "its response never finished"),
        ('{"city": "Paris"}', None, {"city": "Paris"}, 1, "cut off"),
        ("not json", "completed", {}, 1, "the model sent the arguments"),
        ('{"city": "Paris"}', "completed", {}, 1, "the model sent the arguments"),
    ],
)
def test_i3_finds_a_tool_that_should_not_have_run(
    asked: str, status: str | None, ran: dict[str, Any], times: int, reason: str
) -> None:
    tale = Tale()
    tale.user("weather?", None)
    tale.says("", call(arguments=asked), status=status)
    for _ in range(times):
        tale.runs(call(arguments=asked), ran)
    tale.ends()
    found = finding(tale.told(), "I3")
    assert found.held is False
    assert reason in found.why


def test_i4_finds_a_turn_that_never_ends_one_that_takes_too_long_and_frames_that_do_not_pair() -> None:
    never = Tale()
    never.user("hello", "Hi.")
    assert "never ended" in finding(never.told(), "I4").why

    slow = Tale()
    slow.user("hello", "Hi.")
    slow.speaks("Hi.")
    slow.tick(90)
    slow.ends()
    assert "more than 60 s" in finding(slow.told(), "I4").why
    assert finding(slow.told(bound=100), "I4").held is True

    unpaired = Tale()
    unpaired.user("think", "Hi.")
    unpaired.frame("LLMThoughtStartFrame")
    unpaired.speaks("Hi.")
    unpaired.ends()
    assert "a thought started and never ended" in finding(unpaired.told(), "I4").why


def lost_before_the_first_word(tale: Tale, answer: str = "Whole answer.") -> None:
    tale.user("hello", answer)
    tale.says("", status=None)
    tale.breaks()


def test_i5_finds_a_loss_before_the_first_word_that_the_user_noticed() -> None:
    noticed = Tale()
    lost_before_the_first_word(noticed)
    noticed.reports()
    noticed.ends()
    assert finding(noticed.told(), "I5").held is False

    partial = Tale()
    lost_before_the_first_word(partial)
    partial.says("Whole answer.")
    partial.hears("Whole ")
    partial.ends()
    found = finding(partial.told(), "I5")
    assert found.held is False
    assert 'heard "Whole " instead of "Whole answer."' in found.why


def lost_in_mid_sentence(tale: Tale) -> None:
    tale.user("hello", "Hello wonderful world.")
    tale.says("Hello wonderful ", status=None)
    tale.hears("Hello ", "wonderful ")
    tale.breaks()


@pytest.mark.parametrize("flaw", ["no error", "two errors", "wrong category", "no event", "wrong event"])
def test_i6_finds_a_broken_sentence_that_does_not_end_honestly(flaw: str) -> None:
    tale = Tale()
    lost_in_mid_sentence(tale)
    for _ in range({"no error": 0, "two errors": 2}.get(flaw, 1)):
        tale.reports(category="unknown" if flaw == "wrong category" else "connectivity")
    if flaw != "no event":
        tale.turns[-1].spoken_before_loss.append("Hello" if flaw == "wrong event" else "Hello wonderful ")
    tale.ends()
    assert finding(tale.told(), "I6").held is False
    tale.turns[-1].errors[:] = []
    tale.reports()
    tale.turns[-1].spoken_before_loss[:] = ["Hello wonderful"]
    assert finding(tale.told(), "I6").held is True


def test_i7_finds_a_next_turn_with_the_wrong_answer_an_error_or_the_wrong_context() -> None:
    silent = Tale()
    calm_turn(silent)
    silent.user("and now?", "Now this.")
    silent.ends()
    assert 'heard "" instead of "Now this."' in finding(silent.told(), "I7").why

    forgetful = Tale()
    calm_turn(forgetful, "my name is Ann", "Hello Ann.")
    forgetful.context.clear()
    calm_turn(forgetful, "what is my name?", "You did not say.")
    found = finding(forgetful.told(), "I7")
    assert found.held is False
    assert "the model was asked ['what is my name?']" in found.why


def test_i7_follows_previous_response_ids() -> None:
    tale = Tale()
    calm_turn(tale, "my name is Ann", "Hello Ann.")
    tale.context.clear()
    calm_turn(tale, "what is my name?", "You are Ann.")
    second = tale.said[-1]
    second.request["previous_response_id"] = tale.said[0].id  # type: ignore[index]
    assert finding(tale.told(), "I7").held is True


@pytest.mark.parametrize("cost", ["connection", "request", "silence"])
def test_i8_finds_a_later_turn_that_waits_for_housekeeping(cost: str) -> None:
    tale = Tale()
    calm_turn(tale)
    tale.tick(3600)
    tale.user("still there?", "Yes.")
    if cost == "connection":
        tale.entry("open", transport="websocket")
    if cost == "request":
        tale.entry("request", body={"input": []})
    if cost == "silence":
        tale.tick(4.0)
    tale.speaks("Yes.")
    tale.ends()
    assert finding(tale.told(), "I8").held is False


@pytest.mark.parametrize(
    ("message", "category", "permanent", "reason"),
    [
        ("Error during inference: ", "server", False, "breaks off"),
        ("It broke.", "connectivity", False, "too short"),
        ("The websocket has received an unexpected frame", "server", False, "what to do"),
        (RESET, "unknown", False, "no useful category"),
        (RESET, "connectivity", True, "is permanent"),
    ],
)
def test_i9_finds_a_report_that_does_not_help(
    message: str, category: str, permanent: bool, reason: str
) -> None:
    tale = Tale()
    lost_in_mid_sentence(tale)
    tale.reports(message, category, permanent)
    tale.ends()
    found = finding(tale.told(), "I9")
    assert found.held is False
    assert reason in found.why


def test_i9_finds_silence_and_repetition() -> None:
    silent = Tale()
    lost_in_mid_sentence(silent)
    silent.ends()
    assert "no error was reported" in finding(silent.told(), "I9").why

    chatty = Tale()
    lost_in_mid_sentence(chatty)
    for _ in range(9):
        chatty.reports()
    chatty.ends()
    assert "reported 9 errors" in finding(chatty.told(), "I9").why


def test_judging_does_not_depend_on_the_order_in_which_responses_are_listed() -> None:
    tale = Tale()
    calm_turn(tale)
    calm_turn(tale, "and?", "And this.")
    episode = tale.told()
    assert judge(replace(episode, said=list(reversed(episode.said)))) == judge(episode)


# What is no breach, and the breach next to it ---------------------------------------------------------------


def test_a_delta_lost_on_its_way_counts_as_said_once_an_event_gave_the_text_whole() -> None:
    def heard(words: str) -> Finding:
        tale = Tale()
        tale.user("hello", "Hello wonderful world.")
        said = tale.says("Hello world.")
        said.part().whole = "Hello wonderful world."
        tale.hears(words)
        tale.ends()
        return finding(tale.told(), "I1")

    assert heard("Hello wonderful world.").held is True
    assert heard("Hello world.").held is False


def cut_by_the_api(tale: Tale) -> None:
    tale.user("hello", "Hello wonderful world.")
    tale.breaks("incomplete")
    tale.says("Hello wonderful ", status="incomplete")
    tale.hears("Hello ", "wonderful ")


def test_an_answer_that_the_api_cut_short_is_no_loss_but_must_be_told() -> None:
    honest = Tale()
    cut_by_the_api(honest)
    honest.reports("The answer was cut short (max_output_tokens). Raise max_completion_tokens.", "server")
    honest.ends()
    assert [each for each in judge(honest.told()) if each.held is False] == []

    silent = Tale()
    cut_by_the_api(silent)
    silent.ends()
    assert finding(silent.told(), "I9").held is False


def test_an_answer_cut_short_and_then_given_whole_must_be_heard_whole() -> None:
    tale = Tale()
    tale.user("hello", "Hello wonderful world.")
    tale.breaks("incomplete")
    tale.says("", status="incomplete")
    tale.says("Hello wonderful world.")
    tale.hears("Hello ")
    tale.ends()
    assert finding(tale.told(), "I5").held is False


def test_each_answer_of_a_turn_with_a_tool_may_report_its_own_failure() -> None:
    def told(errors: int) -> Finding:
        tale = Tale()
        tale.user("weather in Paris?", "It is 21 degrees.")
        tale.says("Let me see. ", call(), status="incomplete")
        tale.hears("Let me see. ")
        tale.runs(call())
        tale.says("It is ", status=None)
        tale.breaks()
        tale.hears("It is ")
        for _ in range(errors):
            tale.reports()
        tale.turns[-1].spoken_before_loss.append("It is ")
        tale.ends()
        return finding(tale.told(), "I9")

    assert told(2).held is True
    assert told(3).held is False


def next_turn_with_a_connection(*, lost: bool, pause: float, opened_after: float = 0.0) -> Finding:
    tale = Tale()
    calm_turn(tale)
    if lost:
        lost_in_mid_sentence(tale)
        tale.reports()
        tale.turns[-1].spoken_before_loss.append("Hello wonderful ")
        tale.turns[-1].ended = tale.now
    tale.tick(pause - 1.0)
    tale.user("still there?", "Yes.")
    tale.tick(opened_after)
    tale.entry("open", transport="websocket")
    tale.speaks("Yes.")
    tale.ends()
    return finding(tale.told(), "I8")


def test_a_turn_that_begins_as_a_loss_ends_the_one_before_may_find_the_connection_being_mended() -> None:
    assert next_turn_with_a_connection(lost=True, pause=0.0).held is not False
    late = next_turn_with_a_connection(lost=True, pause=0.0, opened_after=0.5)
    rested = next_turn_with_a_connection(lost=True, pause=5.0)
    unprovoked = next_turn_with_a_connection(lost=False, pause=0.0)
    for found in (late, rested, unprovoked):
        assert "waited for 1 new connection" in found.why


def next_turn_after_a_cut(*, fault: str, before: float, silent: float) -> Finding:
    """The user cuts in, something breaks unheard, and the next question finds no connection."""
    tale = Tale()
    calm_turn(tale)
    tale.user("tell me more", "More.")
    tale.turns[-1].interrupted = tale.tick()
    tale.ends()
    tale.tick(1.0)
    tale.breaks(fault)
    tale.tick(before - 1.0)
    tale.user("still there?", "Yes.")
    tale.tick(silent)
    tale.entry("open", transport="websocket")
    tale.speaks("Yes.")
    tale.ends()
    return finding(tale.told(), "I8")


def test_a_turn_that_meets_a_silent_fault_may_replace_the_connection_but_only_soon() -> None:
    for fault in ("half_open", "handshake_hang"):
        assert next_turn_after_a_cut(fault=fault, before=0.5, silent=1.2).held is True
        late = next_turn_after_a_cut(fault=fault, before=0.5, silent=1.8)
        assert (late.held, "was silent for" in late.why) == (False, True)
        rested = next_turn_after_a_cut(fault=fault, before=3.0, silent=0.0)
        assert (rested.held, "waited for 1 new connection" in rested.why) == (False, True)
    # A reset is known at once: who finds it unmended has slept.
    assert next_turn_after_a_cut(fault="reset", before=0.5, silent=0.0).held is False


def next_turn_in_an_outage(*, of: float, late: float = 0.0, fault: str = "refuse") -> Finding:
    """The user goes on while no connection can be had, for so many seconds more."""
    tale = Tale()
    calm_turn(tale)
    tale.user("tell me more", "More.")
    tale.turns[-1].interrupted = tale.tick()
    tale.breaks(fault)
    tale.ends()
    tale.tick(min(of, 0.0))
    opened = tale.now + 1.0 + of
    tale.user("still there?", "Yes.")
    tale.tick(opened - tale.now)
    tale.entry("open", transport="websocket")
    tale.tick(late)
    tale.speaks("Yes.")
    tale.ends()
    return finding(tale.told(), "I8")


def test_a_turn_that_begins_in_an_outage_may_wait_for_its_end_and_no_longer() -> None:
    assert next_turn_in_an_outage(of=3.0).held is True
    assert next_turn_in_an_outage(of=3.0, late=1.0).held is False
    assert next_turn_in_an_outage(of=3.0, fault="reset").held is False


def next_turn_after_a_refusal(*, asked: float | None, opened: float, transport: str = "websocket") -> Finding:
    """A handshake is refused as the user interrupts; one is accepted so many seconds later."""
    tale = Tale()
    calm_turn(tale)
    tale.user("tell me more", "More.")
    tale.entry("open", transport=transport)
    tale.breaks("handshake_status")
    tale.entry("status", status=429, **({} if asked is None else {"retry_after": asked}))
    refused = tale.turns[-1].interrupted = tale.now
    tale.ends()
    tale.user("still there?", "Yes.")
    tale.tick(refused + opened - tale.now)
    tale.entry("open", transport="websocket")
    tale.entry("status", status=101)
    tale.speaks("Yes.")
    tale.ends()
    return finding(tale.told(), "I8")


def test_a_turn_may_wait_as_long_as_the_server_asked_to_wait_with_the_next_connection() -> None:
    assert next_turn_after_a_refusal(asked=3.0, opened=3.0).held is True
    assert next_turn_after_a_refusal(asked=3.0, opened=3.2).held is False
    assert next_turn_after_a_refusal(asked=0.5, opened=3.0).held is False  # that was over before the turn
    assert next_turn_after_a_refusal(asked=None, opened=3.0).held is False
    assert next_turn_after_a_refusal(asked=3.0, opened=3.0, transport="http").held is False


def next_turn_after_drops(*, drops: int, after: float, by: str = "fault") -> Finding:
    """So many connections are dropped in a row as the user interrupts; the next turn begins soon after."""
    tale = Tale()
    calm_turn(tale)
    tale.user("tell me more", "More.")
    tale.breaks("reset")
    tale.turns[-1].interrupted = tale.now
    tale.ends()
    for _ in range(drops):
        tale.entry("open", transport="websocket")
        tale.entry("close", by=by)
    dropped = tale.now
    tale.user("still there?", "Yes.")
    tale.turns[-1].began = tale.now = dropped + after
    tale.entry("open", transport="websocket")
    tale.speaks("Yes.")
    tale.ends()
    return finding(tale.told(), "I8")


def test_a_client_may_hold_back_for_a_moment_after_losing_one_connection_after_another() -> None:
    assert next_turn_after_drops(drops=2, after=0.1).held is True
    assert next_turn_after_drops(drops=2, after=0.3).held is False
    assert next_turn_after_drops(drops=3, after=0.3).held is True
    assert next_turn_after_drops(drops=9, after=1.2).held is False
    assert next_turn_after_drops(drops=1, after=0.1).held is False
    assert next_turn_after_drops(drops=2, after=0.1, by="client").held is False


def test_an_answer_that_was_spoilt_after_an_attempt_had_failed_broke_in_mid_sentence() -> None:
    tale = Tale()
    tale.user("hello", "Hello there.")
    tale.breaks("overloaded")
    tale.says("", status=None)
    tale.tick()
    tale.breaks("bad_frame")
    tale.says("Hello there.")  # the server believes that it sent everything
    tale.hears("Hello ")
    tale.reports()
    tale.turns[-1].spoken_before_loss.append("Hello ")
    tale.ends()
    assert finding(tale.told(), "I5").held is not False
    assert finding(tale.told(), "I6").held is True


def test_a_request_belongs_to_the_turn_that_begins_with_it_and_not_to_the_one_that_ended_then() -> None:
    def told(wasted: int) -> Finding:
        tale = Tale()
        calm_turn(tale)
        tale.user("and?", "And this.")
        tale.speaks("And this.")
        for _ in range(wasted):
            tale.entry("request", body={"input": []})
        tale.tick()
        tale.turns[-1].ended = tale.now
        tale.tick(-1.0)
        tale.user("more?", "No more.")
        tale.tick(-0.1)
        tale.says("No more.")  # asked for at the very moment in which the turn before ended
        tale.tick()
        tale.hears("No more.")
        tale.ends()
        return finding(tale.told(), "I8")

    assert told(0).held is True
    assert told(1).held is False


# Random healthy bots ----------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["the", "a", "weather", "is in", "Paris", "good", "Hello", "hello", "21", "and then.", "no"]
)
SENTENCES = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
FATES = st.sampled_from(
    ["calm", "tool", "text and tool", "interrupted", "cut before", "cut after", "refused", "bad key"]
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(FATES, SENTENCES, SENTENCES, st.integers(1, 5)), min_size=1, max_size=6))
def test_a_bot_that_behaves_is_never_accused(turns: list[tuple[str, str, str, int]]) -> None:
    tale = Tale()
    for number, (fate, question, answer, words) in enumerate(turns):
        tell(tale, fate, question, answer, words, number)
    assert [each for each in judge(tale.told()) if each.held is False] == []


def tell(tale: Tale, fate: str, question: str, answer: str, words: int, number: int) -> None:
    prefix = " ".join(answer.split(" ")[:words])
    preamble = "Let me see. "
    if fate == "bad key":
        tale.user(question, None)
        tale.breaks("status")
        tale.reports(
            "The API refused the key (invalid_api_key). Check OPENAI_API_KEY.", "authentication", True
        )
    elif fate == "interrupted":
        tale.user(question, None)
        tale.says(answer, status="cancelled")
        tale.hears(prefix)
        tale.turns[-1].interrupted = tale.now
        tale.context.append({"role": "assistant", "content": prefix})
    elif fate == "cut after":
        tale.user(question, answer)
        tale.says(prefix, status=None)
        tale.hears(prefix)
        tale.breaks()
        tale.reports()
        tale.turns[-1].spoken_before_loss.append(prefix)
        tale.context.append({"role": "assistant", "content": prefix})
    elif fate == "cut before":
        lost_before_the_first_word(tale, answer)
        tale.turns[-1].user = tale.context[-1]["content"] = question
        tale.said[-1].request["input"][-1]["content"] = question  # type: ignore[index]
        tale.speaks(answer)
    elif "tool" in fate:
        spoken = preamble if "text" in fate else ""
        tale.user(question, spoken + answer)
        tale.says(spoken, call(number))
        if spoken:
            tale.hears(spoken)
            tale.context.append({"role": "assistant", "content": spoken})
        tale.runs(call(number))
        tale.speaks(answer)
    else:
        tale.user(question, answer)
        if fate == "refused":
            tale.breaks("refused")
        tale.speaks(answer)
    tale.ends()
