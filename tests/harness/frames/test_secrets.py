"""A snapshot of frames is committed, so no secret stands in it."""

from __future__ import annotations

import pytest
from ninelives import FrameSnapshotExtension
from ninelives.bot import Captured
from pipecat.frames.frames import FunctionCallInProgressFrame, LLMTextFrame, TranscriptionFrame

SECRET = "Zq8rW3xK7mP2vL9t4yB6"


def snapshot_of(*frames: object) -> str:
    captured = [Captured(number, "down", frame) for number, frame in enumerate(frames)]  # type: ignore[arg-type]
    return FrameSnapshotExtension().serialize(captured)


@pytest.mark.parametrize("size", [1, 4, 9, 100])
def test_no_secret_that_words_spell_together(size: int) -> None:
    text = f"Your password is {SECRET}, as you said."
    words = [LLMTextFrame(text[at : at + size]) for at in range(0, len(text), size)]
    said = TranscriptionFrame(f"my password is {SECRET}", "bob", "now")
    shown = snapshot_of(said, *words, LLMTextFrame(f"Again: {SECRET}"))
    spelled = "".join(line.partition('"text":"')[2].removesuffix('"}') for line in shown.splitlines())
    assert not [part for part in (SECRET[at : at + 6] for at in range(15)) if part in shown + spelled]
    assert ", as you said." in spelled


def test_nor_one_in_the_arguments_of_a_tool() -> None:
    call = FunctionCallInProgressFrame("save", "call_1", {"login": {"password": SECRET}})
    assert SECRET not in snapshot_of(call)


def test_nor_one_beside_a_word_of_another() -> None:
    key = "sk-proj-Ab3xY9kQ2mZ7rT5wN8vC1b"
    lines = [f'1.000 LLMTextFrame {{"login":{{"password":"{SECRET}"}},"text":"{key[:16]}"}}']
    lines.append(f'1.000 LLMTextFrame {{"name":"x","text":"{key[16:]}"}}')
    shown = FrameSnapshotExtension().serialize(lines)
    assert SECRET not in shown
    assert key[8:16] not in shown


def test_a_text_like_the_name_of_a_member_is_replaced_where_it_is_the_text() -> None:
    lines = ['1.000 LLMTextFrame {"name":"Zq8rW3","text":"Zq8rW3"}']
    lines.insert(0, '1.000 LLMTextFrame {"text":"The password is xK7mP2vL9t"}')
    shown = FrameSnapshotExtension().serialize(lines).splitlines()
    assert shown[1].startswith('1.000 LLMTextFrame {"name":"Zq8rW3","text":"')
    assert not shown[1].endswith('"text":"Zq8rW3"}')


def test_other_frames_stay_as_they_are() -> None:
    shown = snapshot_of(LLMTextFrame("The token "), LLMTextFrame("is a word."))
    assert [line.partition(" {")[2] for line in shown.splitlines()] == [
        '"text":"The token "}',
        '"text":"is a word."}',
    ]
