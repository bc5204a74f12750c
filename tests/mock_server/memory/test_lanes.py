"""What a connection remembers: one response a lane, forks, evictions, and how many lanes may be named."""

from __future__ import annotations

import pytest
from mock_openai import ApiError
from mock_openai.memory import LaneMemory, Remembered


def remembered(name: str) -> Remembered:
    return Remembered(name, before=(), input=(), events=())


def test_each_lane_keeps_its_own_latest():
    lanes = LaneMemory()
    for lane, name in ((None, "a1"), ("x", "x1"), (None, "a2")):
        lanes.advance(lane, remembered(name))
    assert lanes.find("a1") is None
    assert lanes.find("a2") is not None
    assert lanes.find("x1") is not None


def test_only_the_lane_itself_evicts():
    lanes = LaneMemory()
    lanes.advance("x", remembered("x1"))
    lanes.evict("y", "x1")
    lanes.evict("x", "something else")
    assert lanes.find("x1") is not None
    lanes.evict("x", "x1")
    assert lanes.find("x1") is None


def test_names_are_counted_once_and_the_default_lane_never():
    lanes = LaneMemory(limit=2)
    for name in ("a", "b", "a", None):
        assert lanes.admit(name) == name
    with pytest.raises(ApiError) as raised:
        lanes.admit("c")
    assert raised.value.code == "websocket_stream_limit_reached"
    assert lanes.admit("b") == "b"


@pytest.mark.parametrize("name", ["", "a/b", "a\n", "x" * 257, 1, [], True])
def test_malformed_names_are_refused_and_not_counted(name):
    lanes = LaneMemory(limit=1)
    with pytest.raises(ApiError) as raised:
        lanes.admit(name)
    assert raised.value.code == "invalid_stream_id"
    assert lanes.admit("x" * 256) == "x" * 256
