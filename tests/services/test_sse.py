"""Server-sent events in any pieces."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat_responses.sse import EventParser, TooLarge

LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


def parsed(body: bytes, cuts: list[int]) -> list[bytes]:
    parser = EventParser()
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    events = [data for a, b in pairwise(edges) for data in parser.feed(body[a:b])]
    return events + parser.close()


@pytest.mark.thorough
@settings(max_examples=150)
@given(
    payloads=st.lists(
        st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1), max_size=6
    ),
    end=LINE_ENDS,
    cuts=st.lists(st.integers(min_value=0), max_size=12),
)
def test_where_the_network_cuts_makes_no_difference(payloads: list[str], end: bytes, cuts: list[int]) -> None:
    encoded = [payload.encode() for payload in payloads]
    body = b"".join(b"event: x" + end + b"data: " + data + end + end for data in encoded)
    assert parsed(body, cuts) == encoded


def test_comments_names_ids_and_blank_lines_are_no_events() -> None:
    assert parsed(b": hello\n\n\nid: 7\nretry: 10\n\ndata: a\n\n", []) == [b"a"]


def test_lines_of_one_event_are_joined() -> None:
    assert parsed(b"data: {\ndata:  1}\n\n", [3, 9]) == [b"{\n 1}"]


def test_a_byte_order_mark_and_bare_returns() -> None:
    assert parsed(b"\xef\xbb\xbfdata: a\r\rdata:b\r\r", [4, 11]) == [b"a", b"b"]


def test_an_event_that_only_lacks_its_empty_line_is_still_told_at_the_end() -> None:
    parser = EventParser()
    assert parser.feed(b"data: a\n\ndata: b\n") == [b"a"]
    assert parser.close() == [b"b"]
    assert parser.close() == []


def test_a_large_event_in_small_pieces() -> None:
    data = b"x" * 300_000
    body = b"data: " + data + b"\n\n"
    parser = EventParser()
    found = [
        event for start in range(0, len(body), 1000) for event in parser.feed(body[start : start + 1000])
    ]
    assert found == [data]


VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "sse.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["why"])
def test_a_stream_is_read_as_the_standard_says(vector: dict[str, Any]) -> None:
    """The same vectors hold the mock server's and the harness's reader."""
    data = vector["stream"].encode()
    for pieces in ([data], [data[at : at + 1] for at in range(len(data))]):
        parser = EventParser()
        found = [one for piece in pieces for one in parser.feed(piece)]
        if not vector.get("unfinished"):
            found += parser.close()
        assert found == [text.encode() for _, text in vector["events"]]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 1_000])
def test_an_event_is_there_as_soon_as_its_last_line_ends(end: bytes, size: int) -> None:
    parser = EventParser()
    for payload in (b"one", b"two"):
        body = b"data: " + payload + end + end
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        assert [data for piece in pieces for data in parser.feed(piece)] == [payload]


@pytest.mark.parametrize(
    "piece", [b"x" * (1 << 20), (b"data:" + b"x" * 1_018 + b"\n") * 1_024], ids=["a line", "lines"]
)
def test_an_event_without_an_end_is_not_collected(piece: bytes) -> None:
    parser = EventParser()
    for size in range(64):
        assert (size, parser.feed(piece)) == (size, [])
    with pytest.raises(TooLarge, match="64 MiB"):
        parser.feed(piece)


def test_many_events_are_not_one_large_one() -> None:
    parser = EventParser()
    for _ in range(65):
        assert len(parser.feed((b"data: " + b"x" * 1_000 + b"\n\n") * 1_000)) == 1_000


def test_events_that_pieces_never_end_with_are_not_one_large_one() -> None:
    """Each piece ends between an event's data and its empty line."""
    parser = EventParser()
    line = b"data: " + b"x" * 1_000_000
    assert parser.feed(line + b"\n") == []
    for _ in range(70):
        assert len(parser.feed(b"\n" + line + b"\n")) == 1
