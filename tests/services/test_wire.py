"""The socket that hands over whole messages, however the network cuts them."""

import asyncio
import itertools
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat_responses.connection import WebSocketConnection
from pipecat_responses.heartbeat import Heartbeat
from pipecat_responses.keys import SentKeys
from pipecat_responses.message_socket import MessageCutter, MessageSocket
from pipecat_responses.tap import Tap
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Frame, Opcode

payloads = st.binary(max_size=20) | st.sampled_from([125, 126, 65_535, 65_536]).map(bytes)
plain = st.tuples(st.sampled_from([Opcode.TEXT, Opcode.BINARY]), payloads)
control = st.tuples(st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=125))


def on_the_wire(frames: list[tuple[Opcode, bytes]], *, fin: bool = True) -> bytes:
    return b"".join(Frame(kind, data, fin=fin).serialize(mask=False) for kind, data in frames)


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


def cut(pieces: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    messages: list[bytes] = []
    rest: list[bytes] = []
    cutter = MessageCutter(messages.extend, rest.append)
    for piece in pieces:
        cutter.feed(piece)
    return messages, rest


@given(st.lists(plain | control, max_size=8), st.lists(st.integers(min_value=0), max_size=12))
def test_messages_do_not_depend_on_how_the_network_cuts_them(
    frames: list[tuple[Opcode, bytes]], cuts: list[int]
) -> None:
    messages, rest = cut(in_pieces(on_the_wire(frames), cuts))

    assert messages == [data for kind, data in frames if kind in (Opcode.TEXT, Opcode.BINARY)]
    assert rest == [on_the_wire([frame]) for frame in frames if frame[0] in (Opcode.PING, Opcode.PONG)]


@given(st.lists(plain, max_size=4), plain, st.lists(plain | control, max_size=4), st.lists(st.integers(0)))
def test_from_the_first_fragment_on_everything_is_the_librarys(
    before: list[tuple[Opcode, bytes]],
    fragment: tuple[Opcode, bytes],
    after: list[tuple[Opcode, bytes]],
    cuts: list[int],
) -> None:
    left = on_the_wire([fragment], fin=False) + on_the_wire(after)

    messages, rest = cut(in_pieces(on_the_wire(before) + left, cuts))

    assert messages == [data for _, data in before]
    assert b"".join(rest) == left


def test_a_header_without_its_frame_is_no_message() -> None:
    assert cut([b"\x81\x7f" + (1 << 20).to_bytes(8, "big"), b"x" * 1000]) == ([], [])


@pytest.mark.parametrize("length", [(1 << 26) + 1, 1 << 30, 1 << 63, (1 << 64) - 1])
def test_a_frame_that_is_too_large_is_not_collected(length: int) -> None:
    head = b"\x81\x7f" + length.to_bytes(8, "big")
    before = on_the_wire([(Opcode.TEXT, b"one")])
    assert cut([before + head[:5], head[5:], b"x" * 1000]) == ([b"one"], [head, b"x" * 1000])


async def messages_from(*sent: bytes) -> list[bytes]:
    """What a client hears of a server that says all this at once, right behind its handshake."""

    async def talk(socket: ServerConnection) -> None:
        socket.transport.write(b"".join(sent))
        await socket.close()

    heard: list[bytes] = []
    async with serve(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", create_connection=MessageSocket) as socket:
            assert isinstance(socket, MessageSocket)
            socket.on_messages(heard.extend)
            async for message in socket:  # what is not handed over
                heard.append(message if isinstance(message, bytes) else message.encode())
    return heard


def test_fragments_and_whole_messages_keep_their_order() -> None:
    heard = asyncio.run(
        messages_from(
            on_the_wire([(Opcode.TEXT, b"one"), (Opcode.PING, b"?"), (Opcode.TEXT, b"two")]),
            on_the_wire([(Opcode.TEXT, b"thr")], fin=False),
            on_the_wire([(Opcode.CONT, b"ee"), (Opcode.TEXT, b"four")]),
        )
    )

    assert heard == [b"one", b"two", b"three", b"four"]


class EarlySocket:
    """A socket whose first message came together with the answer to the handshake."""

    transport = SimpleNamespace(abort=lambda: None)

    def on_messages(self, take: Callable[[list[bytes]], None]) -> None:
        take([b'{"type":"error","error":{"code":"websocket_connection_limit_reached"}}'])

    async def recv(self, decode: bool) -> bytes:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def close(self) -> None:
        pass


async def test_a_first_message_that_ends_the_connection_ends_it() -> None:
    connection = WebSocketConnection(
        EarlySocket(),  # type: ignore[arg-type]
        heartbeat=Heartbeat(),
        lanes=None,
        changed=lambda _: None,
        tap=Tap(),
        keys=SentKeys(),
    )
    assert (connection.is_open, connection.retired) == (False, True)
    await connection.close()
    assert connection.is_gone
