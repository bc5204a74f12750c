"""Words in sound: heard as they were spoken, in any chunks, at any rate, and cut off anywhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ninelives.evals.worded_sound import Listener, Speaker, is_silent, sound_of

WORDS = st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=30), max_size=8)


def heard(sound: bytes, sizes: list[int]) -> list[str]:
    listener = Listener()
    words: list[str] = []
    at = 0
    for size in sizes:
        words += listener.hear(sound[at : at + size])
        at += size
    return words + listener.hear(sound[at:])


@given(WORDS, st.sampled_from([8000, 16000, 24000, 48000]), st.lists(st.integers(1, 2000), max_size=30))
def test_words_are_heard_as_they_were_spoken(words: list[str], rate: int, sizes: list[int]) -> None:
    sound = sound_of(words, rate)
    assert len(sound) == 2 * round(len(words) * 0.3 * rate)
    assert heard(sound, sizes) == words
    assert not words or not is_silent(sound[:40])


@given(WORDS, st.integers(0, 20000), WORDS)
def test_what_was_cut_off_does_not_spoil_what_follows(before: list[str], cut: int, after: list[str]) -> None:
    broken = sound_of(before, 16000)[: 2 * cut]
    words = heard(broken + bytes(640) + sound_of(after, 16000), [])
    assert words[len(words) - len(after) :] == after
    assert words[: len(words) - len(after)] == before[: len(words) - len(after)]


@given(WORDS, st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 400)), max_size=8))
def test_a_gap_inside_a_word_does_not_spoil_it(words: list[str], gaps: list[tuple[int, int]]) -> None:
    sound = sound_of(words, 16000)
    for at, length in gaps:
        sound = sound[: 2 * at] + bytes(2 * length) + sound[2 * at :]
    assert heard(sound, [640] * 50) == words


@given(WORDS, st.lists(st.integers(0, 400), max_size=20))
def test_a_speaker_gives_as_much_as_is_taken(words: list[str], takes: list[int]) -> None:
    speaker = Speaker()
    for word in words:
        speaker.begin(word)
    sound = [speaker.take(count) for count in takes]
    assert [len(each) for each in sound] == [2 * count for count in takes]
    rest = speaker.take(sum(len(each.encode()) + 3 for each in words) + 1)
    assert heard(b"".join([*sound, rest]), []) == words


def test_silence_and_other_sound_say_nothing() -> None:
    assert heard(bytes(9999), [333] * 20) == []
    assert heard(bytes(range(256)) * 50, [7] * 100) == []
