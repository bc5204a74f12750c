"""Server-sent events are read as the WHATWG standard says, however the network cuts them. The vectors are
data: the harness and the services are held to them too.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai.wire.sse import EventStream, ServerEvent, event, parse

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "sse.json").read_text(encoding="utf-8"))


def seen(events: list[ServerEvent]) -> list[list[str]]:
    return [[one.name, one.data.decode()] for one in events if one.data is not None]


def cuts(data: bytes) -> list[list[bytes]]:
    """The bytes at once, one by one, and in every two pieces."""
    twice = [[data[:at], data[at:]] for at in range(1, len(data))]
    return [[data], [data[at : at + 1] for at in range(len(data))], *twice]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["why"])
def test_a_stream_is_read_as_the_standard_says(vector: dict[str, Any]) -> None:
    data = vector["stream"].encode()
    for pieces in cuts(data):
        stream = EventStream()
        found = [one for piece in pieces for one in stream.feed(piece)]
        assert stream.rest == data[sum(len(one.raw) for one in found) :]
        left = stream.close()
        if left is not None and not vector.get("unfinished"):
            found.append(left)  # the last CR might have been half of a line end
        assert seen(found) == vector["events"]
        rest = left.raw if left is not None and left not in found else b""
        assert b"".join(one.raw for one in found) + rest == data


PIECES = st.sampled_from(
    [
        b"data: x",
        b"data",
        b"event: a",
        b"event:",
        b": c",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\xef\xbb\xbf",
        b"\xff",
        b" ",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=14).map(b"".join), st.lists(st.integers(0, 90), max_size=5))
def test_no_byte_is_lost_and_no_cut_matters(data: bytes, places: list[int]) -> None:
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    whole, cut = EventStream(), EventStream()
    at_once = [*whole.feed(data), whole.close()]
    piecewise = [one for start, end in itertools.pairwise(ends) for one in cut.feed(data[start:end])]
    assert [*piecewise, cut.close()] == at_once
    assert b"".join(one.raw for one in at_once if one is not None) == data


def test_what_is_written_is_read() -> None:
    assert parse(event("response.created", b'{"a":1}')) == ("response.created", b'{"a":1}')
