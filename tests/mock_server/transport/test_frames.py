"""Frames that break the protocol, through the server's port: each gets the close code for it, and the server
goes on.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai import MockServer, reply
from mock_openai.protocol.behaviour import Behaviour
from mock_openai.wire.frames import TEXT, FrameReader, Message

from tests.effort import HANG

HANDSHAKE = (
    b"GET /v1/responses HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
)
CREATE = b'{"type":"response.create","model":"gpt-4o","input":"hi"}'


def frame(payload: bytes, first: int = 0x81, *, masked: bool = True, size: int | None = None) -> bytes:
    length = len(payload) if size is None else size
    bit = 0x80 if masked else 0
    if length < 126:
        head = struct.pack("!BB", first, bit | length)
    elif length < 65536:
        head = struct.pack("!BBH", first, bit | 126, length)
    else:
        head = struct.pack("!BBQ", first, bit | 127, length)
    mask = b"\x11\x22\x33\x44"
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return head + (mask + body if masked else payload)


class Raw:
    """A socket below any client library."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, server: MockServer, more: bytes = b"") -> Raw:
        raw = cls(*await asyncio.open_connection("127.0.0.1", server.port))
        raw.writer.write(HANDSHAKE + more + b"\r\n")
        head = await raw.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        return raw

    async def frame(self) -> tuple[int, bytes]:
        first, second = await self.reader.readexactly(2)
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2))
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(size)

    async def closed_with(self) -> int:
        while True:
            opcode, payload = await self.frame()
            if opcode == 8:
                assert await self.reader.read() == b""
                return int.from_bytes(payload[:2])

    async def ends_a_turn(self) -> bool:
        while True:
            opcode, payload = await self.frame()
            if opcode == 1 and b'"type":"response.completed"' in payload:
                return True

    async def answers(self) -> bool:
        self.writer.write(frame(CREATE))
        return await self.ends_a_turn()


@pytest.fixture
async def server() -> AsyncIterator[MockServer]:
    async with MockServer(script=[reply("Hello.")]) as server:
        yield server


BROKEN = {
    "unmasked": (frame(CREATE, masked=False), 1002),
    "reserved-bit": (frame(CREATE, 0xC1), 1002),
    "reserved-bits": (frame(CREATE, 0xB1), 1002),
    "unknown-opcode": (frame(b"", 0x83), 1002),
    "unknown-control": (frame(b"", 0x8B), 1002),
    "fragmented-ping": (frame(b"", 0x09), 1002),
    "long-ping": (frame(b"x" * 126, 0x89), 1002),
    "orphan-continuation": (frame(b"x", 0x80), 1002),
    "text-within-text": (frame(b"x", 0x01) + frame(b"y", 0x81), 1002),
    "no-utf8": (frame(b'{"type":"\xff"}'), 1007),
    "cut-character": (frame("é".encode()[:1], 0x01) + frame(b"x", 0x80), 1007),
    "too-big": (frame(b"", size=17 * 1024 * 1024), 1009),
    "enormous": (frame(b"", size=2**63), 1009),
    "close-of-one-byte": (frame(b"\x03", 0x88), 1002),
    "close-code-1005": (frame(b"\x03\xed", 0x88), 1002),
    "close-code-0": (frame(b"\x00\x00", 0x88), 1002),
    "close-reason": (frame(b"\x03\xe8\xff", 0x88), 1007),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_rule_closes_with_its_code_and_disturbs_nobody(server: MockServer, name: str) -> None:
    data, code = BROKEN[name]
    raw, other = await Raw.open(server), await Raw.open(server)
    raw.writer.write(data)
    assert await raw.closed_with() == code
    assert await other.answers()
    ended = next(entry.data for entry in server.journal.entries if entry.kind == "close")
    assert ended == {"by": "server", "code": code, "reason": "", "how": "close"}


async def test_the_message_may_come_in_fragments_with_pings_between(server: MockServer) -> None:
    raw = await Raw.open(server)
    raw.writer.write(frame(CREATE[:9], 0x01) + frame(b"are you there", 0x89) + frame(b"", 0x00))
    assert await raw.frame() == (10, b"are you there")
    for at in range(9, len(CREATE)):
        raw.writer.write(frame(CREATE[at : at + 1], 0x00))
    raw.writer.write(frame(b"", 0x80))
    assert await raw.ends_a_turn()


async def test_bytes_may_come_one_by_one(server: MockServer) -> None:
    raw = await Raw.open(server)
    for byte in frame(CREATE):
        raw.writer.write(bytes([byte]))
        await raw.writer.drain()
    assert await raw.ends_a_turn()


@pytest.mark.parametrize(
    ("offer", "agreed"),
    [
        (b"permessage-deflate; client_max_window_bits", b"server_no_context_takeover"),
        (b"foo, permessage-deflate; server_max_window_bits=10", b"server_max_window_bits=10"),
        (b"permessage-deflate; surprise=1", None),
    ],
)
async def test_deflate_is_agreed_to_when_that_is_switched_on(offer: bytes, agreed: bytes | None) -> None:
    async with MockServer(behaviour=Behaviour(deflate=True)) as server:
        raw = Raw(*await asyncio.open_connection("127.0.0.1", server.port))
        raw.writer.write(HANDSHAKE + b"Sec-WebSocket-Extensions: " + offer + b"\r\n\r\n")
        head = await raw.reader.readuntil(b"\r\n\r\n")
        assert (b"permessage-deflate" in head) is (agreed is not None)
        if agreed is not None:
            assert agreed in head
            packer = zlib.compressobj(wbits=-15)
            packed = packer.compress(CREATE) + packer.flush(zlib.Z_SYNC_FLUSH)
            raw.writer.write(frame(packed[:-4], 0xC1))
            assert await raw.ends_a_turn()


async def test_a_bomb_is_not_inflated() -> None:
    async with MockServer(behaviour=Behaviour(deflate=True, max_message=1_000_000)) as server:
        raw = await Raw.open(server, b"Sec-WebSocket-Extensions: permessage-deflate\r\n")
        packer = zlib.compressobj(wbits=-15)
        packed = packer.compress(b" " * 300_000_000) + packer.flush(zlib.Z_SYNC_FLUSH)
        raw.writer.write(frame(packed[:-4], 0xC1))
        assert await raw.closed_with() == 1009


# The reader alone


FRAMES = st.builds(
    frame,
    st.binary(max_size=200),
    st.integers(0, 255),
    masked=st.sampled_from([True, True, True, False]),
    size=st.none() | st.integers(0, 300) | st.sampled_from([65_535, 65_536, 2**31, 2**63]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(FRAMES | st.binary(max_size=50), max_size=6), st.integers(1, 64), st.booleans())
def test_any_bytes_in_any_pieces_give_the_same_messages_or_the_same_broken_rule(
    parts: list[bytes], piece: int, inflate: bool
) -> None:
    def read(pieces: list[bytes]) -> list[object]:
        reader = FrameReader(1000, inflate=inflate)
        heard: list[object] = []
        for data in pieces:
            text = reader.alone(data)
            heard.extend(reader.feed(data) if text is None else [Message(TEXT, text)])
        if reader.broken is not None:
            heard.append(reader.broken.code)
        return heard

    data = b"".join(parts)
    expected = read([data])
    assert read([data[at : at + piece] for at in range(0, len(data), piece)]) == expected
    assert read(parts) == expected


@pytest.mark.parametrize("begun", [frame(b"he", 0x01), frame(b"", 0x82, size=14)[:6]])
def test_a_text_behind_something_unfinished_does_not_come_alone(begun: bytes) -> None:
    whole = frame(b"llo, you")
    assert FrameReader().alone(whole) == b"llo, you"
    reader = FrameReader()
    assert reader.alone(begun) is None
    assert reader.feed(begun) == []
    assert reader.alone(whole) is None


@settings(max_examples=30, deadline=None)
@given(st.lists(FRAMES | st.just(frame(CREATE)) | st.binary(max_size=50), max_size=5))
def test_no_bytes_hang_a_socket_or_disturb_another(parts: list[bytes]) -> None:
    async def story() -> None:
        async with MockServer(script=[reply("Hello.")]) as server:
            raw, other = await Raw.open(server), await Raw.open(server)
            raw.writer.write(b"".join(parts))
            assert await other.answers()
            raw.writer.write_eof()
            async with asyncio.timeout(HANG):
                while await raw.reader.read(65536):
                    pass

    asyncio.run(story())
