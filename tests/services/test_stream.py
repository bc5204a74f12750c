"""Events of one response in, steps out: said once, in order, and nothing that was not surely meant."""

import copy
import json
from typing import Any

import pytest
from pipecat_responses.steps import (
    Broken,
    Call,
    CallStarted,
    Failed,
    Finished,
    FirstOutput,
    Incomplete,
    ReasoningItem,
    Say,
    Step,
    ThoughtEnd,
    ThoughtStart,
    ThoughtText,
    Usage,
)
from pipecat_responses.stream import ResponseStream
from pipecat_responses.text import read_event

from tests.effort import calls_of as count_calls

Event = dict[str, Any]


def numbered(*events: Event) -> list[Event]:
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def created(response_id: str = "resp_1") -> Event:
    return {"type": "response.created", "response": {"id": response_id}}


PROGRESS: Event = {"type": "response.in_progress", "response": {"id": "resp_1"}}


def added(kind: str, index: int = 0, **item: Any) -> Event:
    return {
        "type": "response.output_item.added",
        "output_index": index,
        "item": {"type": kind, "id": f"i{index}", **item},
    }


def done(kind: str, index: int = 0, **item: Any) -> Event:
    return {
        "type": "response.output_item.done",
        "output_index": index,
        "item": {"type": kind, "id": f"i{index}", **item},
    }


def delta(text: str, index: int = 0) -> Event:
    return {"type": "response.output_text.delta", "output_index": index, "content_index": 0, "delta": text}


def arguments(text: str, index: int = 0) -> Event:
    return {
        "type": "response.function_call_arguments.delta",
        "output_index": index,
        "item_id": f"i{index}",
        "delta": text,
    }


def completed(*output: Event, response_id: str = "resp_1", usage: Event | None = None) -> Event:
    response = {"id": response_id, "model": "m-1", "output": list(output), "usage": usage}
    return {"type": "response.completed", "response": response}


def steps_of(events: list[Event | None], stream: ResponseStream | None = None) -> list[Step]:
    """The steps of a stream, which are the same for events as they are read and for dicts."""
    stream = stream or ResponseStream()
    other = copy.deepcopy(stream)
    steps, as_read = [], []
    for event in events:
        steps += stream.feed(event) if event is not None else stream.feed_unreadable()
        read = None if event is None else read_event(json.dumps(event, separators=(",", ":")).encode())
        as_read += other.feed(read) if read is not None else other.feed_unreadable()
    assert as_read == steps
    return steps


def said(steps: list[Step]) -> str:
    return "".join(step.text for step in steps if isinstance(step, Say))


def last(steps: list[Step]) -> Step:
    return steps[-1]


TEXT = numbered(created(), PROGRESS, added("message"), delta("Hello"), delta(" there"), completed())


def test_text_is_said_as_it_comes() -> None:
    usage = {
        "input_tokens": 3,
        "output_tokens": 2,
        "total_tokens": 5,
        "input_tokens_details": {"cached_tokens": 1},
    }
    steps = steps_of([*TEXT[:-1], completed(usage=usage)])
    assert steps == [
        FirstOutput(),
        Say("Hello"),
        Say(" there"),
        Usage(3, 2, 5, 1, 0, 0, None),
        Finished("resp_1", "m-1", [], [], [], silent=False),
    ]


def test_a_repeated_event_is_said_once() -> None:
    assert said(steps_of([*TEXT[:4], TEXT[3], *TEXT[4:]])) == "Hello there"


WHOLE = {"type": "message", "content": [{"type": "output_text", "text": "Hello there"}]}
TEXT_DONE: Event = {
    "type": "response.output_text.done",
    "output_index": 0,
    "content_index": 0,
    "text": "Hello there",
}


def test_even_the_first_event_may_be_repeated() -> None:
    assert said(steps_of([TEXT[0], *TEXT[:4], TEXT[3], *TEXT[4:]])) == "Hello there"


def test_a_repeated_event_is_said_once_although_the_first_was_lost() -> None:
    assert said(steps_of([*TEXT[1:4], TEXT[3], *TEXT[4:]])) == "Hello there"


@pytest.mark.parametrize("lost", [2, 3, 4])
def test_what_a_lost_event_would_have_told_is_said_when_the_whole_text_is_known(lost: int) -> None:
    events = numbered(
        created(), PROGRESS, added("message"), delta("Hello"), delta(" there"), TEXT_DONE, completed(WHOLE)
    )
    assert said(steps_of([*events[:lost], *events[lost + 1 :]])) == "Hello there"
    del events[5]  # not even the text's own end came
    steps = steps_of([*events[:lost], *events[lost + 1 :]])
    assert said(steps) == "Hello there"
    assert isinstance(last(steps), Finished)


def test_a_loss_that_no_later_event_makes_good_breaks_the_answer() -> None:
    steps = steps_of([*TEXT[:3], *TEXT[4:]])
    assert said(steps) == ""
    assert isinstance(last(steps), Broken)


def test_after_a_loss_nothing_is_said_that_contradicts_what_was_heard() -> None:
    events = numbered(created(), PROGRESS, added("message"), delta("Hello"), delta("!"), completed(WHOLE))
    events[5]["response"]["output"] = [
        {"type": "message", "content": [{"type": "output_text", "text": "Bye"}]}
    ]
    steps = steps_of([*events[:4], events[5]])
    assert said(steps) == "Hello"
    assert isinstance(last(steps), Broken)


def test_after_a_loss_a_message_that_begins_like_the_one_before_is_said_in_full() -> None:
    texts = ("Hello there", "Hello there again")
    both = [{"type": "message", "content": [{"type": "output_text", "text": text}]} for text in texts]
    events = numbered(*TEXT[:5], TEXT_DONE, completed(*both))
    assert said(steps_of([*events[:5], events[6]])) == "Hello thereHello there again"


def test_after_a_loss_the_messages_stay_in_order() -> None:
    texts = ("One.", "Two.")
    both = [{"type": "message", "content": [{"type": "output_text", "text": text}]} for text in texts]
    second_done = {**TEXT_DONE, "output_index": 1, "text": "Two."}
    events = numbered(
        created(),
        PROGRESS,
        added("message"),
        delta("On"),
        delta("e."),
        delta("Two.", 1),
        second_done,
        completed(*both),
    )
    assert said(steps_of([*events[:4], *events[5:]])) == "One.Two."


def test_an_event_lost_early_does_not_end_the_counting() -> None:
    events = [{**event, "sequence_number": number} for number, event in enumerate(TEXT)]
    again = events[3]
    at = 3
    heard = said(steps_of([*events[:1], *events[2 : at + 1], again, *events[at + 1 :]]))
    assert heard == "Hello there"


@pytest.mark.parametrize(
    "numbers", [[0, 0, 0, 0, 0, 0], [1, 1, 2, 2, 1, 2], [-1] * 6, [5, 9, 11, 12, 30, 31]]
)
def test_servers_that_number_in_their_own_way_are_believed(numbers: list[int]) -> None:
    events = [{**event, "sequence_number": number} for event, number in zip(TEXT, numbers, strict=True)]
    assert said(steps_of(events)) == "Hello there"


def test_an_unreadable_message_that_was_no_event_does_no_harm() -> None:
    assert said(steps_of([*TEXT[:4], None, *TEXT[4:]])) == "Hello there"


def test_an_unreadable_message_that_was_an_event_is_made_good_or_breaks_the_answer() -> None:
    steps = steps_of([*TEXT[:4], None, TEXT[5]])
    assert said(steps) == "Hello"
    assert isinstance(last(steps), Broken)
    assert said(steps_of([*TEXT[:4], None, {**TEXT[5], **completed(WHOLE)}])) == "Hello there"


def test_after_an_unreadable_message_among_unnumbered_events_only_whole_text_counts() -> None:
    steps = steps_of([created(), delta("Hello"), None, delta(" there"), completed()])
    assert said(steps) == "Hello"
    assert isinstance(last(steps), Broken)
    assert (
        said(steps_of([created(), delta("Hello"), None, delta(" there"), TEXT_DONE, completed()]))
        == "Hello there"
    )


def test_a_stream_without_its_last_event_is_broken() -> None:
    stream = ResponseStream()
    assert said(steps_of(list(TEXT[:-1]), stream)) == "Hello there"
    assert isinstance(stream.end_of_stream()[-1], Broken)


def test_a_keepalive_that_shares_its_number_with_an_event_takes_nothing_away() -> None:
    keepalive = {"type": "keepalive", "sequence_number": TEXT[4]["sequence_number"]}
    assert said(steps_of([*TEXT[:4], keepalive, *TEXT[4:]])) == "Hello there"


def test_after_the_end_nothing_counts() -> None:
    assert said(steps_of([*TEXT, delta("ghost")])) == "Hello there"


def test_another_response_in_its_place_breaks_the_answer() -> None:
    steps = steps_of([created(), delta("Hello"), created("resp_2"), delta("stale")])
    assert said(steps) == "Hello"
    assert isinstance(last(steps), Broken)


def test_a_server_may_give_its_response_another_id_at_the_end() -> None:
    steps = steps_of([created(), delta("Hello"), completed(response_id="resp_x")])
    assert said(steps) == "Hello"
    end = last(steps)
    assert isinstance(end, Finished)
    assert end.response_id == "resp_x"


def test_text_that_comes_only_at_the_end_is_said() -> None:
    message = {"type": "message", "content": [{"type": "output_text", "text": "Hi."}]}
    assert said(steps_of([created(), completed(message)])) == "Hi."
    whole = {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "Hi."}
    assert said(steps_of([created(), whole, completed(message)])) == "Hi."


def test_refusals_are_spoken_or_not() -> None:
    refusal = {"type": "response.refusal.delta", "output_index": 0, "content_index": 0, "delta": "No."}
    assert said(steps_of([created(), refusal, completed()])) == "No."
    steps = steps_of([created(), refusal, completed()], ResponseStream(speak_refusals=False))
    assert said(steps) == ""
    end = last(steps)
    assert isinstance(end, Finished)
    assert end.silent


def calls_of(events: list[Event | None]) -> list[Call]:
    end = last(steps_of(events))
    assert isinstance(end, Finished | Incomplete)
    return end.calls


def test_calls_are_told_when_the_response_is_complete() -> None:
    events = [
        created(),
        added("function_call", 0, name="f", call_id="c1"),
        arguments('{"a"', 0),
        arguments(":1}", 0),
        done("function_call", 0, name="f", call_id="c1", arguments='{"a":1}'),
        added("function_call", 1, name="g", call_id="c2"),
        {"type": "response.function_call_arguments.done", "output_index": 1, "arguments": "{}"},
        completed(),
    ]
    steps = steps_of(list(events))
    assert [type(step) for step in steps] == [FirstOutput, CallStarted, CallStarted, Finished]
    assert calls_of(list(events)) == [Call("c1", "f", {"a": 1}), Call("c2", "g", {})]


@pytest.mark.parametrize("place", ["index", "call id"])
def test_two_calls_without_item_ids_are_two_calls(place: str) -> None:
    events = []
    for index, (name, text) in enumerate((("f", '{"x":1}'), ("g", '{"y":2}'))):
        item = {"type": "function_call", "name": name, "call_id": f"c{index}"}
        at = {"output_index": index} if place == "index" else {}
        events += [
            {"type": "response.output_item.added", "item": {**item, "arguments": ""}, **at},
            {"type": "response.function_call_arguments.delta", "delta": text, **at},
            {"type": "response.output_item.done", "item": {**item, "arguments": text}, **at},
        ]
    assert calls_of([created(), *events, completed()]) == [
        Call("c0", "f", {"x": 1}),
        Call("c1", "g", {"y": 2}),
    ]


@pytest.mark.parametrize("at", [{}, {"output_index": 0}], ids=["no place", "places"])
@pytest.mark.parametrize("told", ["whole", "finished only", "at the end too", "at the end only"])
def test_two_calls_without_any_id_are_two_calls(at: dict[str, int], told: str) -> None:
    events, items = [], []
    for index, (name, text) in enumerate((("f", '{"x":1}'), ("f", '{"x":1}'), ("g", '{"y":2}'))):
        place = dict.fromkeys(at, index)
        item = {"type": "function_call", "name": name}
        items.append({**item, "arguments": text})
        if told == "at the end only":
            continue
        if told != "finished only":
            events += [
                {"type": "response.output_item.added", "item": {**item, "arguments": ""}, **place},
                {"type": "response.function_call_arguments.done", "arguments": text, **place},
            ]
        events.append({"type": "response.output_item.done", "item": items[-1], **place})
    ending = completed(*(items if "the end" in told else []))
    assert calls_of([created(), *events, ending]) == [
        Call("", "f", {"x": 1}),
        Call("", "f", {"x": 1}),
        Call("", "g", {"y": 2}),
    ]


def test_a_call_that_was_not_finished_never_runs() -> None:
    half = [created(), added("function_call", 0, name="f", call_id="c1"), arguments('{"a":1}', 0)]
    incomplete = {
        "type": "response.incomplete",
        "response": {"incomplete_details": {"reason": "max_output_tokens"}},
    }
    assert calls_of([*half, incomplete]) == []
    cut = done("function_call", 0, name="f", call_id="c1", arguments='{"a":1}', status="incomplete")
    assert calls_of([*half, cut, incomplete]) == []


def test_a_call_finished_before_the_limit_runs() -> None:
    finished = [
        created(),
        added("function_call", 0, name="f", call_id="c1"),
        done("function_call", 0, name="f", call_id="c1", arguments="{}"),
        added("function_call", 1, name="g", call_id="c2"),
    ]
    incomplete = {
        "type": "response.incomplete",
        "response": {"incomplete_details": {"reason": "max_output_tokens"}},
    }
    assert calls_of([*finished, incomplete]) == [Call("c1", "f", {})]


@pytest.mark.parametrize("text", ['{"a":', "[1]", "null", "{} {}"])
def test_arguments_that_are_no_object_never_run(text: str) -> None:
    end = last(
        steps_of([created(), done("function_call", 0, name="f", call_id="c1", arguments=text), completed()])
    )
    assert isinstance(end, Finished)
    assert (end.calls, end.unusable_calls, end.silent) == ([], ["f"], False)


def test_a_call_named_twice_runs_once() -> None:
    item = {"type": "function_call", "name": "f", "call_id": "c1", "arguments": "{}"}
    events = [created(), done("function_call", 0, **item), done("function_call", 1, **item), completed(item)]
    assert calls_of(events) == [Call("c1", "f", {})]


def test_a_call_that_only_the_finished_response_tells() -> None:
    item = {"type": "function_call", "name": "f", "call_id": "c1", "arguments": '{"a":1}'}
    assert calls_of([created(), completed(item)]) == [Call("c1", "f", {"a": 1})]
    announced = [created(), added("function_call", 0, name="f", call_id="c1"), arguments('{"a"', 0)]
    assert calls_of([*announced, completed(item)]) == [Call("c1", "f", {"a": 1})]


def thought(text: str) -> Event:
    return {"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": text}


REASONED = done("reasoning", 0, summary=[{"type": "summary_text", "text": "Hm."}], encrypted_content="gAAA")


def test_thoughts_pair_and_the_reasoning_is_kept_once_something_follows() -> None:
    steps = steps_of(
        [created(), added("reasoning"), thought("H"), thought("m."), REASONED, delta("Hi", 1), completed()]
    )
    assert steps[:-1] == [
        FirstOutput(),
        ThoughtStart(),
        ThoughtText("H"),
        ThoughtText("m."),
        ThoughtEnd(),
        ReasoningItem("i0", [{"type": "summary_text", "text": "Hm."}], "gAAA"),
        Say("Hi"),
    ]


def test_reasoning_that_led_to_nothing_is_not_kept() -> None:
    steps = steps_of([created(), added("reasoning"), REASONED, completed()])
    assert not [step for step in steps if isinstance(step, ReasoningItem)]


ENDS = {
    "text": delta("Hi", 1),
    "failed": {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "no"}}},
    "incomplete": {"type": "response.incomplete", "response": {}},
    "error": {"type": "error", "error": {"message": "no"}},
    "completed": completed(),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_a_thought_ends_whatever_comes(end: Event) -> None:
    kinds = [type(step) for step in steps_of([created(), thought("Hm"), end])]
    assert kinds.count(ThoughtStart) == kinds.count(ThoughtEnd) == 1


@pytest.mark.parametrize(
    "event",
    [
        {
            "type": "error",
            "status": 429,
            "error": {"code": "rate_limit_exceeded", "message": "try again in 2s"},
        },
        {"type": "error", "code": "rate_limit_exceeded", "message": "try again in 2s", "param": None},
        {
            "type": "response.failed",
            "response": {"error": {"code": "rate_limit_exceeded", "message": "try again in 2s"}},
        },
    ],
    ids=["nested", "flat", "failed"],
)
def test_errors_are_understood_in_every_shape(event: Event) -> None:
    end = last(steps_of([created(), event]))
    assert isinstance(end, Failed)
    assert (end.failure.code, end.failure.retry_after) == ("rate_limit_exceeded", 2.0)


def test_events_nobody_knows_are_signs_of_life() -> None:
    odd: list[Event] = [
        {"type": "keepalive"},
        {"type": "response.new_thing", "delta": 7},
        {"no": "type"},
        {"type": None},
    ]
    assert said(steps_of([created(), *odd, delta("Hi"), completed()])) == "Hi"


def test_sparse_payloads_do_not_hurt() -> None:
    sparse: list[Event | None] = [
        {"type": "response.created"},
        {"type": "response.output_item.added"},
        {"type": "response.output_item.done", "item": None},
        {"type": "response.output_text.delta"},
        {"type": "response.completed"},
    ]
    end = last(steps_of(sparse))
    assert isinstance(end, Finished)
    assert end.silent


def test_white_space_alone_is_no_answer() -> None:
    for texts in (("  ",), ("\n", " ", "\t")):
        message = {"type": "message", "content": [{"type": "output_text", "text": "".join(texts)}]}
        steps = steps_of([created(), added("message"), *map(delta, texts), completed(message)])
        assert said(steps) == ""
        end = last(steps)
        assert isinstance(end, Finished)
        assert end.silent


def test_white_space_before_the_first_word_is_said_with_it() -> None:
    steps = steps_of([created(), added("message"), delta("\n"), delta("Hello"), delta(" there"), completed()])
    assert [step.text for step in steps if isinstance(step, Say)] == ["\n", "Hello", " there"]


@pytest.mark.parametrize(
    ("status", "kind"), [("completed", Finished), ("incomplete", Incomplete), ("failed", Failed)]
)
def test_response_done_ends_a_response_as_its_status_says(status: str, kind: type[Step]) -> None:
    end = {"type": "response.done", "response": {"id": "resp_1", "status": status}}
    assert isinstance(last(steps_of([created(), delta("Hello"), end])), kind)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"input_tokens": "12", "output_tokens": "3", "total_tokens": "15"}, (12, 3)),
        ({"input_tokens": 12.0, "output_tokens": None}, (12, 0)),
        ({"input_tokens": "many", "output_tokens": [], "input_tokens_details": "none"}, (0, 0)),
    ],
)
def test_counts_that_are_no_numbers_break_no_turn(usage: Any, tokens: tuple[int, int]) -> None:
    end = completed()
    end["response"]["usage"] = usage
    steps = steps_of([created(), delta("Hello"), end])
    told = next(step for step in steps if isinstance(step, Usage))
    assert (told.input_tokens, told.output_tokens) == tokens
    assert isinstance(last(steps), Finished)


@pytest.mark.parametrize("wrong", ["x", 1, [], None])
def test_what_should_be_an_object_and_is_not_breaks_nothing(wrong: Any) -> None:
    events = [
        {"type": "response.created", "response": wrong},
        {"type": "response.output_item.added", "output_index": 0, "item": wrong},
        delta("Hello"),
        {"type": "response.output_item.done", "output_index": 0, "item": wrong},
        {"type": "response.completed", "response": wrong},
    ]
    steps = steps_of(list(events))
    assert said(steps) == "Hello"
    assert isinstance(last(steps), Finished)


@pytest.mark.parametrize(
    ("deltas", "heard"),
    [
        (["a\ud83d", "\ude00b"], "a\U0001f600b"),
        (["a\ud83d", "b"], "a\ufffdb"),
        (["\ude00", "b"], "\ufffdb"),
        (["a", "\ud83d\ude00"], "a\U0001f600"),
    ],
)
def test_half_a_character_waits_for_its_other_half(deltas: list[str], heard: str) -> None:
    assert said(steps_of([created(), *map(delta, deltas), completed()])) == heard
    whole = {
        "type": "response.output_text.done",
        "output_index": 0,
        "content_index": 0,
        "text": "".join(deltas),
    }
    assert said(steps_of([created(), *map(delta, deltas), whole, completed()])) == heard


def call(number: int, index: int = 0, text: str = "") -> Event:
    """The fields of a call's item."""
    return {"index": index, "name": "f", "call_id": f"c{number}", "arguments": text or f'{{"a": {number}}}'}


def test_calls_that_all_have_the_same_place_are_all_run() -> None:
    """Some servers give every item place 0."""
    events = [created()]
    for number in (1, 2, 3):
        events += [
            added("function_call", **{**call(number), "arguments": ""}),
            arguments(f'{{"a": {number}}}'),
            done("function_call", **call(number)),
        ]
    items = [{"type": "function_call", **call(number)} for number in (1, 2, 3)]
    end = steps_of([*events, completed(*items)])[-1]
    assert isinstance(end, Finished)
    assert end.calls == [Call(f"c{number}", "f", {"a": number}) for number in (1, 2, 3)]


@pytest.mark.parametrize("changed", ["in its item", "in the end"])
def test_a_call_whose_id_changes_runs_once(changed: str) -> None:
    items = [call(1), call(1 if changed == "in the end" else 2)]
    last = {"type": "function_call", **call(2)}
    events = [created(), added("function_call", **items[0]), done("function_call", **items[1])]
    end = steps_of([*events, completed(last)])[-1]
    assert isinstance(end, Finished)
    assert len(end.calls) == 1


TOO_DEEP = ['{"a": ' * 100_000, '{"a": ' * 600 + "1" + "}" * 600, "[" * 100_000, "9" * 5_000]


@pytest.mark.parametrize("text", TOO_DEEP, ids=["endless", "deep", "a list", "a number"])
def test_arguments_that_are_nested_too_deeply_are_no_object(text: str) -> None:
    events = [
        created(),
        added("function_call", **call(1, text=text)),
        done("function_call", **call(1, text=text)),
    ]
    end = steps_of([*events, completed()])[-1]
    assert isinstance(end, Finished)
    assert (end.calls, end.unusable_calls) == ([], ["f"])


def test_a_thousand_calls_take_a_thousand_times_the_work_of_one() -> None:
    def work(calls: int) -> int:
        items = [{"type": "function_call", **call(number)} for number in range(calls)]
        events = [created()]
        for number, item in enumerate(items):
            events += [{**event("function_call", number), "item": item} for event in (added, done)]
        return count_calls(lambda: steps_of([*events, completed(*items)]), 10_000_000)

    assert work(1_000) <= 11 * work(100)


@pytest.mark.parametrize("place", ["output_index", "content_index"])
@pytest.mark.parametrize("jumps", [[0, 1, 2], [3, 1, 2], [0, 1, 0], [0, 0, 5], [7, 7, 7]])
def test_pieces_of_one_text_under_several_places_are_said_once(place: str, jumps: list[int]) -> None:
    words = ["one ", "two ", "three"]
    pieces = [{**delta(word), place: jump} for word, jump in zip(words, jumps, strict=True)]
    whole = {**delta(""), "type": "response.output_text.done", "text": "one two three"}
    message = {"type": "message", "content": [{"type": "output_text", "text": "one two three"}]}
    for events in ([created(), *pieces, whole, completed(message)], [created(), *pieces, completed(message)]):
        for stream in (events, numbered(*events)):
            assert said(steps_of(stream)) == "one two three"


def test_a_text_that_ended_under_another_place_is_not_said_again_after_a_loss() -> None:
    message = {"type": "message", "content": [{"type": "output_text", "text": "one two"}]}
    whole = {**delta("", 1), "type": "response.output_text.done", "text": "one two"}
    events = numbered(created(), PROGRESS, added("message", 1), delta("one ", 1), delta("two", 1), whole)
    end = {**completed(message), "sequence_number": 8}
    assert said(steps_of([*events, end])) == "one two"
