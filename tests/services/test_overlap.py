"""An answer that goes on after a loss: whatever the model repeats is not said again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat_responses.overlap import Overlap, told_of

ANSWER = "It is 21 degrees and sunny in Paris, and it's warm."


def heard(spoken: str, *pieces: str) -> str:
    """All that is said: what was spoken, and what is new of the continuation."""
    overlap = Overlap(spoken)
    return spoken + "".join(overlap.feed(piece) for piece in pieces) + overlap.end()


@pytest.mark.parametrize(
    ("spoken", "continuation", "whole"),
    [
        ("It is 21", " degrees.", "It is 21 degrees."),
        ("It is 21", "It is 21 degrees.", "It is 21 degrees."),
        ("It is 21", "it is  21 degrees.", "It is 21 degrees."),
        ("It is 21 ", "21 degrees.", "It is 21 degrees."),
        ("It is 21,", "is 21, or 22.", "It is 21, or 22."),
        ("It is 21", "is 21 degrees.", "It is 21 degrees."),
        ("It is 21 deg", "degrees.", "It is 21 degrees."),
        ("It is 21 deg", "It is 21 degrees.", "It is 21 degrees."),
        ("It is 21 deg", " degrees.", "It is 21 degrees."),
        ("It is 21 degrees", "and sunny.", "It is 21 degrees and sunny."),
        ("It is 21 degrees", " degrees and sunny.", "It is 21 degrees and sunny."),
        ("It is 21 degrees", "DEGREES, and sunny.", "It is 21 degrees, and sunny."),
        ("It is very", " very very nice.", "It is very very nice."),
        ("I think that", " that that is all.", "I think that that is all."),
        ("Call 555", " 555 555 1.", "Call 555 555 1."),
        ("Row, row", ", row your boat.", "Row, row your boat."),
        ("Very very", " very nice.", "Very very nice."),
        ("It's warm", "It’s cold.", "It's warm It’s cold."),
        ("It's warm", "it’s warmer.", "It's warmer."),
        ("He said “it", "'It's' fine.", "He said “it's' fine."),
        ("At the café", "at the CAFE\u0301 noir.", "At the café noir."),
        ("At the cafe", "\u0301 noir.", "At the cafe\u0301 noir."),
        ("At the caf", "At the cafe\u0301 noir.", "At the cafe\u0301 noir."),
        ("The fine", "The ﬁne day.", "The fine day."),
        ("The STRASSE", "The straße.", "The STRASSE."),
        ("The soft", "The so\u00adft light.", "The soft light."),
        ("It was. ", "It was. Now.", "It was. Now."),
        ("今天天", "今天天气很好。", "今天天气很好。"),
        ("今天天", "天气很好。", "今天天气很好。"),
        ("今天", "明天很好。", "今天明天很好。"),
        ("สวัสดี", "สวัสดีครับ", "สวัสดีครับ"),
        ("It is 3", " 3.14.", "It is 3.14."),
        ("Say ", "Hello", "Say Hello"),
        ('Say "', "Hello", 'Say "Hello'),
        ("It is 21", ", or 22.", "It is 21, or 22."),
        ("Well, well", "well done.", "Well, well done."),
        ("Yes.", "Yes. It is.", "Yes. It is."),
        ("Yes. ", "It is.", "Yes. It is."),
        ("One two three", "One two four", "One two three One two four"),
        ("One two three.", " The third is three.", "One two three. The third is three."),
        ("One two three.", "One two three.", "One two three."),
        ("One two", "", "One two"),
        ("...", "Hello", "... Hello"),
    ],
)
def test_what_was_spoken_is_not_said_again(spoken: str, continuation: str, whole: str) -> None:
    assert heard(spoken, continuation) == whole
    assert heard(spoken, *continuation) == whole, "cut into single characters"


@given(st.data())
def test_wherever_it_broke_and_from_whichever_word_it_is_repeated_the_answer_is_heard_once(
    data: st.DataObject,
) -> None:
    cut = data.draw(st.integers(1, len(ANSWER)), label="cut")
    spoken = ANSWER[:cut]
    told = len(told_of(spoken))
    begins = [at for at in range(told + 1) if at == 0 or (ANSWER[at - 1] == " " and ANSWER[at] != " ")]
    begin = data.draw(st.sampled_from([*begins, told]), label="begin")
    changed = data.draw(st.sampled_from([str, str.upper, str.lower]), label="case")
    continuation = changed(ANSWER[begin:cut]) + ANSWER[cut:]
    sizes = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=60), label="sizes")
    pieces, at = [], 0
    for size in sizes:
        pieces.append(continuation[at : at + size])
        at += size
    pieces.append(continuation[at:])
    assert heard(spoken, *pieces) == ANSWER


WORDS = st.sampled_from(["very", "that", "no", "5", "Yes", "it's", "où", "日", "-", "...", "a"])


@given(st.lists(WORDS, min_size=2, max_size=12), st.data())
def test_whatever_the_words_a_model_that_says_the_rest_loses_and_doubles_none(
    words: list[str], data: st.DataObject
) -> None:
    whole = " ".join(words)
    cut = data.draw(st.integers(1, len(whole)), label="cut")
    rest = whole[len(told_of(whole[:cut])) :]
    assert heard(whole[:cut], rest) == heard(whole[:cut], *rest) == whole


@given(st.lists(WORDS, min_size=2, max_size=12), st.data())
def test_the_rest_begins_with_the_last_word_and_what_is_told_is_a_beginning(
    words: list[str], data: st.DataObject
) -> None:
    whole = " ".join(words)
    told = told_of(whole)
    assert whole.startswith(told)
    assert told == told.rstrip()
    assert told != whole or not whole


def test_what_repeats_nothing_is_not_kept_back() -> None:
    overlap = Overlap("It is 21")
    assert overlap.feed(" degrees ") == " degrees "
    assert overlap.feed("and") == "and"


def test_a_long_answer_that_comes_again_is_compared_once() -> None:
    words = " ".join(f"word{number}" for number in range(4000))
    overlap = Overlap(words[: len(words) // 2])
    pieces = [words.upper()[at : at + 4] for at in range(0, len(words), 4)]
    said = "".join(overlap.feed(piece) for piece in pieces)
    assert said == words.upper()[len(words) // 2 :]
    assert len(overlap._alive) == 1
