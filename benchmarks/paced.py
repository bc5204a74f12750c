"""How late paced events leave, beside a bare asyncio.Protocol that does the same by `call_at`.

Each server runs as a process of its own, the client as another: one turn of 208 events, 20 ms apart, on each
of N WebSockets that begin within one gap. Lateness is counted from when a session's first event arrived. What
counts is the ratio: both take turns within one run, on the same machine.
Usage: python -m benchmarks.paced [SESSIONS ...]
"""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.contestants import Contestant, ours
from benchmarks.turns import HANDSHAKE, Load

GAP = 0.02
"""Seconds from one event to the next."""
_ROUNDS = 2


def split(data: bytes) -> tuple[list[bytes], bytes]:
    """Split what a server sent into whole frames and the rest. No event is shorter than a frame's head."""
    frames: list[bytes] = []
    place = 0
    while len(data) - place > 4:
        size, head = data[place + 1], 2
        if size == 126:
            size, head = int.from_bytes(data[place + 2 : place + 4], "big"), 4
        if len(data) - place < head + size:
            break
        frames.append(data[place : place + head + size])
        place += head + size
    return frames, data[place:]


class Paced(asyncio.Protocol):
    """The bare server: upgrades, and then writes the frames that it was given, one each gap."""

    def __init__(self, frames: list[bytes]) -> None:
        self._frames = frames
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not self._upgraded:
            self._upgraded = True
            self._transport.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        else:
            self._write(0, asyncio.get_running_loop().time())

    def _write(self, place: int, due: float) -> None:
        self._transport.write(self._frames[place])
        if place + 1 < len(self._frames):
            due += GAP
            asyncio.get_running_loop().call_at(due, self._write, place + 1, due)


class Hearing(asyncio.Protocol):
    """One session of the client."""

    def __init__(self, asked: bytes, events: int, late: list[float], begins: float) -> None:
        self.over = asyncio.get_running_loop().create_future()
        self._asked = asked
        self._events = events
        self._late = late
        self._begins = begins
        self._heard = 0
        self._first = 0.0
        self._rest = b""
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        if not self._upgraded:
            self._upgraded = True
            asyncio.get_running_loop().call_later(self._begins, self._transport.write, self._asked)
            return
        frames, self._rest = split(self._rest + data)
        self._first = self._first or now
        for _ in frames:
            self._late.append(now - self._first - self._heard * GAP)
            self._heard += 1
        if self._heard >= self._events and not self.over.done():
            self.over.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(exc or ConnectionResetError("lost a session"))


async def listen(port: int, sessions: int, events: int) -> dict[str, Any]:
    """Play one turn on each of so many sessions."""
    loop = asyncio.get_running_loop()
    asked = Load("ws", "long-reply", 1).request()
    late: list[float] = []
    heard = []
    for number in range(sessions):
        begins = 1.0 + GAP * number / sessions + sessions / 2000

        def hearing(begins: float = begins) -> Hearing:
            return Hearing(asked, events, late, begins)

        _, protocol = await loop.create_connection(hearing, "127.0.0.1", port)
        heard.append(protocol.over)
    await asyncio.gather(*heard)
    late.sort()
    return {"p50": late[len(late) // 2], "p95": late[len(late) * 95 // 100], "events": len(late)}


def frames_of(port: int) -> list[bytes]:
    """Return the frames of one turn, as our server wrote them."""
    written: list[bytes] = []
    with socket.create_connection(("127.0.0.1", port)) as asking:
        asking.sendall(HANDSHAKE)
        data = b""
        while b"\r\n\r\n" not in data:
            data += asking.recv(65536)
        asking.sendall(Load("ws", "long-reply", 1).request())
        data = b""
        while not written or b'"type":"response.completed"' not in written[-1]:
            more, data = split(data + asking.recv(65536))
            written += more
    return written


async def serve(port: int, frames: list[bytes]) -> None:
    """Run the bare server."""
    server = await asyncio.get_running_loop().create_server(
        lambda: Paced(frames), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


def _played(server: Contestant, sessions: int, events: int) -> dict[str, Any]:
    given = (server.port, sessions, events)
    command = [sys.executable, "-m", "benchmarks.paced", "listen", *map(str, given)]
    before = server.cpu
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {**json.loads(done.stdout), "cpu": server.cpu - before, "memory": server.memory}


def _bare(work: Path, frames: list[bytes]) -> Contestant:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    path = work / "frames"
    path.write_bytes(pickle.dumps(frames))
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.paced", "serve", str(port), str(path)])
    time.sleep(1.0)
    return Contestant("bare", port, process)


def main(wanted: list[int]) -> None:
    """Print a line for each number of sessions."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        server = ours(work, options=("--pace", f"fixed:{GAP}"))
        frames = frames_of(server.port)
        bare = _bare(work, frames)
        try:
            for sessions in wanted:
                for _ in range(_ROUNDS):
                    told = [_played(one, sessions, len(frames)) for one in (bare, server)]
                    for one, name in zip(told, ("bare", "ours"), strict=True):
                        print(
                            f"{sessions:5} {name}  late p50 {one['p50'] * 1e3:6.1f}"
                            f" p95 {one['p95'] * 1e3:6.1f} ms"
                            f"  {one['cpu'] / one['events'] * 1e6:5.1f} us of processor an event"
                            f"  {one['memory']:.0f} MB"
                        )
        finally:
            server.stop()
            bare.stop()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", port, path]:
            asyncio.run(serve(int(port), pickle.loads(Path(path).read_bytes())))
        case ["listen", port, sessions, events]:
            print(json.dumps(asyncio.run(listen(int(port), int(sessions), int(events)))))
        case numbers:
            main([int(number) for number in numbers] or [300, 1000])
