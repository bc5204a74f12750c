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


def test_other_frames_stay_as_they_are() -> None:
    shown = snapshot_of(LLMTextFrame("The token "), LLMTextFrame("is a word."))
    assert [line.partition(" {")[2] for line in shown.splitlines()] == [
        '"text":"The token "}',
        '"text":"is a word."}',
    ]
