"""The loudspeaker by itself: which words began, what sounded, what was cut off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ninelives import seconds, words
from ninelives.voice.playback import Playback, Sound, Word

CHUNK = 20


def loudspeaker(*pieces, interruptible=True):
    playback = Playback(rate=1000)
    for size, word in pieces:
        playback.queue(size, word, interruptible=interruptible)
    return playback


def play(playback, chunks, at=0.0):
    for number in range(chunks):
        playback.play(CHUNK, at + number * CHUNK / playback.rate)


def test_a_word_begins_in_the_middle_of_a_chunk():
    playback = loudspeaker((30, "one"), (30, "two"))
    play(playback, 3)
    assert playback.words == [Word(0.0, "one"), Word(0.03, "two")]
    assert playback.sounds == [Sound(0.0, 0.06)]


def test_what_lies_ahead_is_cut_off():
    playback = loudspeaker((30, "one"), (30, "two"), (30, "three"))
    play(playback, 2)
    playback.cut(0.025)
    assert [word.text for word in playback.words] == ["one"]
    assert playback.sounds == [Sound(0.0, 0.025)]
    assert playback.silent(0.025)


def test_what_may_not_be_interrupted_goes_on():
    playback = loudspeaker((30, "one"), (30, "two"), interruptible=False)
    playback.queue(30, "three")
    play(playback, 2)
    playback.cut(0.025)
    play(playback, 2, at=0.04)
    assert [word.text for word in playback.words] == ["one", "two"]
    assert playback.sounds == [Sound(0.0, pytest.approx(0.06))]


def test_a_gap_parts_two_sounds():
    playback = loudspeaker((20, "one"), (20, "two"))
    play(playback, 1)
    play(playback, 1, at=1.0)
    assert playback.sounds == [Sound(0.0, 0.02), Sound(1.0, 1.02)]


def test_a_silent_line_plays_nothing():
    playback = loudspeaker()
    assert playback.play(CHUNK, 0.0) == 0
    assert not playback.sounds


@given(st.lists(st.integers(1, 90), min_size=1), st.floats(0, 5))
def test_words_are_those_whose_sound_began(sizes, at):
    """Whatever the lengths, and wherever the cut: a word was played if its first byte was."""
    playback = loudspeaker(*((size, str(number)) for number, size in enumerate(sizes)))
    playback.close(CHUNK)
    chunks = -(-sum(sizes) // CHUNK)
    assert playback.waiting == chunks * CHUNK
    play(playback, min(chunks, int(at * playback.rate / CHUNK) + 1))
    playback.cut(at)
    begins = [sum(sizes[:number]) / playback.rate for number in range(len(sizes))]
    far_from_a_tie = all(abs(begin - at) > 1e-9 for begin in begins)
    if far_from_a_tie:
        assert len(playback.words) == sum(begin <= at for begin in begins)
    assert all(sound.ended <= at for sound in playback.sounds)


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_a_time_that_is_none(value):
    with pytest.raises(ValueError, match="expected a finite number of seconds"):
        seconds(value)


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_a_number_of_words_that_is_none(count):
    with pytest.raises(ValueError, match="expected a whole number, 1 or more"):
        words(count)
