"""An answer that goes on after a loss: whatever the model repeats is not said again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat_responses.overlap import Overlap

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
        ("It is 21 deg", "rees.", "It is 21 degrees."),
        ("It's warm", "It’s cold.", "It's warmIt’s cold."),
        ("Well, well", "well done.", "Well, well done."),
        ("Yes.", "Yes. It is.", "Yes. It is."),
        ("Yes. ", "It is.", "Yes. It is."),
        ("One two three", "One two four", "One two threeOne two four"),
        ("One two three.", " The third is three.", "One two three. The third is three."),
        ("One two three.", "One two three.", "One two three."),
        ("One two", "", "One two"),
        ("...", "Hello", "...Hello"),
    ],
)
def test_what_was_spoken_is_not_said_again(spoken: str, continuation: str, whole: str) -> None:
    assert heard(spoken, continuation) == whole
    assert heard(spoken, *continuation) == whole, "cut into single characters"


@given(st.data())
def test_wherever_it_broke_and_from_whichever_word_it_is_repeated_the_answer_is_heard_once(
    data: st.DataObject,
) -> None:
    cut = data.draw(st.integers(1, len(ANSWER) - 1), label="cut")
    words = [at for at in range(cut) if at == 0 or (ANSWER[at - 1] == " " and ANSWER[at] != " ")]
    begin = data.draw(st.sampled_from([*words, cut]), label="begin")
    changed = data.draw(st.sampled_from([str, str.upper, str.lower]), label="case")
    rest = ANSWER[begin:cut]
    continuation = changed(rest) + ANSWER[cut:]
    sizes = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=60), label="sizes")
    pieces, at = [], 0
    for size in sizes:
        pieces.append(continuation[at : at + size])
        at += size
    pieces.append(continuation[at:])
    assert heard(ANSWER[:cut], *pieces).split() == ANSWER.split()


def test_what_repeats_nothing_is_not_kept_back() -> None:
    overlap = Overlap("It is 21")
    assert overlap.feed(" degrees ") == " degrees "
    assert overlap.feed("and") == "and"
