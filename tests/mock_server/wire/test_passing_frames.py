"""WebSocket messages are read out of any byte stream that is passed on, however it is cut."""

from __future__ import annotations

import itertools
import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai.wire.frames import BINARY, CLOSE, NO_STATUS, PING, TEXT, Message, PassingFrames


def frame(opcode: int, data: bytes, *, final: bool = True, mask: bytes = b"", reserved: int = 0) -> bytes:
    head = bytes([(0x80 if final else 0) | reserved | opcode])
    size = len(data)
    bit = 0x80 if mask else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 2**16:
        head += bytes([bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", size)
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data)) if mask else data
    return head + mask + masked


messages = st.lists(
    st.tuples(st.sampled_from([TEXT, BINARY]), st.binary(max_size=300), st.integers(1, 4), st.booleans()),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(messages, st.lists(st.integers(0, 3000), max_size=6), st.booleans())
def test_messages_come_out_whole_whatever_the_fragments_masks_and_reads(
    said: list[tuple[int, bytes, int, bool]], cuts: list[int], masked: bool
) -> None:
    mask = b"\x01\x80\xff\x10" if masked else b""
    stream = b""
    expected: list[Message] = []
    for opcode, data, parts, ping in said:
        size = max(1, -(-len(data) // parts))
        pieces = [data[start : start + size] for start in range(0, len(data), size)] or [b""]
        for place, piece in enumerate(pieces):
            stream += frame(opcode if place == 0 else 0, piece, final=place == len(pieces) - 1, mask=mask)
            if ping and place == 0:
                stream += frame(PING, b"p", mask=mask)
                expected.append(Message(PING, b"p"))
        expected.append(Message(opcode, data))
    reader = PassingFrames()
    ends = sorted({cut % (len(stream) + 1) for cut in cuts} | {0, len(stream)})
    found = [message for start, end in itertools.pairwise(ends) for message in reader.feed(stream[start:end])]
    key = lambda message: message.opcode == PING  # noqa: E731
    assert [m for m in found if not key(m)] == [m for m in expected if not key(m)]
    assert sum(map(key, found)) == sum(map(key, expected))
    assert not reader.broken


def test_close_codes_and_reasons() -> None:
    closes = PassingFrames().feed(frame(CLOSE, b"\x03\xe9bye") + frame(CLOSE, b""))
    assert [(close.close_code, close.close_reason) for close in closes] == [(1001, "bye"), (NO_STATUS, "")]


def test_a_stream_that_is_no_websocket_stops_quietly() -> None:
    for bad in (
        frame(0, b"x"),
        frame(TEXT, b"x", reserved=0x40),
        frame(5, b""),
        frame(TEXT, b"a", final=False) + frame(TEXT, b"b"),
    ):
        reader = PassingFrames()
        assert reader.feed(bad) == []
        assert reader.broken
        assert reader.feed(frame(TEXT, b"later")) == []


def test_what_was_never_finished_can_be_told() -> None:
    begun, pinged = frame(TEXT, b"Hel", final=False), frame(PING, b"p")
    reader = PassingFrames()
    assert reader.feed(frame(TEXT, b"all") + begun + pinged + frame(0, b"lo")[:3]) == [
        Message(TEXT, b"all"),
        Message(PING, b"p"),
    ]
    assert reader.unfinished() == [(begun[:2], b"Hel"), (b"\x80\x02", b"l")]
    reader.feed(b"o")
    assert reader.unfinished() == []
    reader.feed(b"\xff\xff" + b"x" * 10)
    assert reader.unfinished() == [(b"", b"\xff\xff" + b"x" * 10)]
