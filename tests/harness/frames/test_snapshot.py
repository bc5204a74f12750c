"""The syrupy extension: what it accepts, and what it can be told to keep."""

import pytest

PROJECT = """
import pytest
from pipecat.frames.frames import (
    LLMFullResponseEndFrame, LLMFullResponseStartFrame, LLMTextFrame, MetricsFrame,
)
from syrupy.filters import props
from ninelives import FrameSnapshotExtension
from ninelives.bot import Captured, Turn
from ninelives.frames import to_lines

CAPTURED = [
    Captured(0, "down", LLMFullResponseStartFrame()),
    Captured(0.5, "down", LLMTextFrame("Hello")),
    Captured(0.5, "up", MetricsFrame([])),
    Captured(1, "down", LLMFullResponseEndFrame()),
]
"""


@pytest.fixture
def snapshots(pytester):
    def run(source, *options):
        pytester.makepyfile(test_it=PROJECT + source)
        options = (
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:asyncio",
            "-p",
            "no:anyio",
            *options,
        )
        result = pytester.runpytest_subprocess(*options)
        files = {path.stem: path.read_text() for path in pytester.path.glob("__snapshots__/test_it/*.frames")}
        return result, files

    return run


@pytest.mark.thorough
def test_turns_lists_and_lines_give_the_same_snapshot(snapshots):
    source = """
@pytest.mark.parametrize("kind", ["turn", "list", "lines"])
def test_kinds(frame_snapshot, kind):
    turn = Turn(number=1, user="hi", began=0)
    turn.frames.extend(CAPTURED)
    assert {"turn": turn, "list": CAPTURED, "lines": to_lines(CAPTURED)}[kind] == frame_snapshot

class Chosen(FrameSnapshotExtension):
    include = ["LLM*"]
    exclude = ["LLMFullResponse*"]
    times = True

def test_subclass(snapshot):
    assert CAPTURED == snapshot.use_extension(Chosen)

def test_filters(frame_snapshot):
    assert CAPTURED == frame_snapshot(exclude=props("MetricsFrame", "LLMTextFrame"))
"""
    result, files = snapshots(source, "--snapshot-update")
    result.assert_outcomes(passed=5)
    whole = (
        '- ↓ LLMFullResponseStartFrame\n- ↓ LLMTextFrame {"text":"Hello"}\n'
        '- ↑ MetricsFrame {"data":[]}\n- ↓ LLMFullResponseEndFrame\n'
    )
    assert files == {
        "test_kinds[turn]": whole,
        "test_kinds[list]": whole,
        "test_kinds[lines]": whole,
        "test_subclass": '0.500 ↓ LLMTextFrame {"text":"Hello"}\n',
        "test_filters": "- ↓ LLMFullResponseStartFrame\n- ↓ LLMFullResponseEndFrame\n",
    }
    snapshots(source, "-n", "2")[0].assert_outcomes(passed=5)


@pytest.mark.thorough
def test_virtual_times_are_part_of_the_snapshot(snapshots):
    source = """
from ninelives import virtual
from ninelives.bot.turn import Frames

def test_virtual(frame_snapshot):
    frames = Frames(CAPTURED)
    frames.virtual = True
    assert frames == frame_snapshot
"""
    result, files = snapshots(source, "--snapshot-update")
    result.assert_outcomes(passed=1)
    assert files["test_virtual"].splitlines()[-1] == "1.000 ↓ LLMFullResponseEndFrame"
