"""Recorded streams are read as the standard says: by the vectors that hold the server's reader too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ninelives.cassette.payload import type_of
from ninelives.cassette.sse import Splitter, parse

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "sse.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["why"])
def test_a_stream_is_read_as_the_standard_says(vector: dict[str, Any]) -> None:
    data = vector["stream"].encode()
    for pieces in ([data], [data[at : at + 1] for at in range(len(data))]):
        splitter = Splitter()
        blocks = [block for t, piece in enumerate(pieces) for block in splitter.feed(piece, t)]
        if (left := splitter.flush()) is not None:
            blocks.append(left)
        assert b"".join(block.data for block in blocks) == data
        told = [parse(block.data) for block in blocks]
        expected = [(name or type_of(text.encode()), text.encode()) for name, text in vector["events"]]
        assert [one for one in told if one[1]][: len(expected)] == [one for one in expected if one[1]]
