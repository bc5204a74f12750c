"""The client of the benchmark, in a process of its own so that it never shares a core's time with the server.

A bare asyncio.Protocol that sends a request, waits until the reply's last bytes are there and sends the next.
It reads no more of a reply than it needs to find its end; the very first reply is counted event by event.
Usage: python -m benchmarks.load LOAD PORT SECONDS, where LOAD are the fields of a Load as JSON; prints one
line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from itertools import count

from benchmarks.turns import COUNTER, HANDSHAKE, Load

WS_END = b'"type":"response.completed"'
FIRST = b"output_text.delta"
_TAIL = 64
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_ID = re.compile(rb'"response":\{[^{]*?"id":"([^"]+)"')


_numbers = count(1)


class Asking(asyncio.Protocol):
    """One connection that asks again and again until told to stop."""

    def __init__(self, load: Load, asked: bytes) -> None:
        self.turns = 0
        self.first: list[float] = []
        """Seconds from each request to the first delta of its reply."""
        self.took: list[float] = []
        """Seconds from each request to the end of its reply."""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.going = True
        self._load = load
        self._asked = asked
        self._began = 0.0
        self._heard = False
        self._tail = b""
        self._whole: list[bytes] | None = []
        self._upgrading = load.way == "ws"
        self._expected = -1
        self._chunked = load.way == "sse"
        self._transport: asyncio.Transport | None = None
        self._parent = b""
        """The id of the latest response, in a chain."""
        self._continued: dict[int, bytes] = {}
        """Requests that continue a response, by the length of its id, in place of which underscores stand."""
        self._most = load.turns // load.connections if load.turns else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._upgrading:
            transport.write(HANDSHAKE)
        else:
            self._ask()

    def data_received(self, data: bytes) -> None:
        if self._upgrading:
            if data.startswith(b"HTTP/1.1 101") and data.endswith(b"\r\n\r\n"):
                self._upgrading = False
                self._ask()
                return
            raise SystemExit(f"the handshake was answered with {data[:200]!r}")
        if self._whole is not None:
            self._whole.append(data)
        if self._load.chain and not self._parent and (found := _ID.search(data)) is not None:
            self._parent = found[1]
        if not self._heard and FIRST in data:
            self._heard = True
            self.first.append(time.perf_counter() - self._began)
        if self._ends(data):
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"the server hung up: {exc}"))

    def _ends(self, data: bytes) -> bool:
        if self._load.way == "ws":
            found = WS_END in self._tail + data
            self._tail = data[-_TAIL:]
            if found and not data.endswith(b"}"):
                self._tail = WS_END  # the last frame's rest is on its way
                return False
            return found
        if self._chunked:
            self._tail = (self._tail + data)[-len(_LAST_CHUNK) :]
            return self._tail == _LAST_CHUNK
        if self._expected < 0:
            self._tail += data
            head, complete, body = self._tail.partition(b"\r\n\r\n")
            if not complete:
                return False
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            if not length:
                self._chunked = True
                return self._tail.endswith(_LAST_CHUNK)
            self._expected = int(length) - len(body)
        else:
            self._expected -= len(data)
        return self._expected <= 0

    def _end(self) -> None:
        if self._whole is not None:
            self._check(b"".join(self._whole))
            self._whole = None
        self.turns += 1
        self.took.append(time.perf_counter() - self._began)
        self._tail = b""
        self._expected = -1
        if self.going and self.turns != self._most:
            self._ask()
        elif not self.done.done():
            self.done.set_result(None)

    def _ask(self) -> None:
        assert self._transport is not None
        self._heard = False
        self._began = time.perf_counter()
        asked = self._asked
        if self._load.chain and self.turns % self._load.chain:
            asked = self._continuing(self._parent)
        self._parent = b""
        if self._load.fresh:
            asked = asked.replace(COUNTER, b"%08d" % next(_numbers), 1)
        self._transport.write(asked)

    def _continuing(self, parent: bytes) -> bytes:
        size = len(parent)
        if size not in self._continued:
            self._continued[size] = self._load.request("_" * size)
        return self._continued[size].replace(b"_" * size, parent, 1)

    def _check(self, reply: bytes) -> None:
        found = (
            reply.count(b'{"type":"response.') if self._load.way != "json" else reply.count(b'"completed"')
        )
        wanted = self._load.events
        if self._load.way == "json":
            found = min(found, 1)
        if found != wanted:
            raise SystemExit(f"a reply has {found} events instead of {wanted}: {reply[:300]!r}")


async def run(load: Load, port: int, seconds: float) -> dict[str, object]:
    """Ask for so many seconds and say how it went."""
    loop = asyncio.get_running_loop()
    asked = load.request()
    made = [
        await loop.create_connection(lambda: Asking(load, asked), "127.0.0.1", port)
        for _ in range(load.connections)
    ]
    asking = [protocol for _, protocol in made]
    over = asyncio.gather(*(one.done for one in asking))
    if load.turns:
        began = time.perf_counter()
        await over
        took = time.perf_counter() - began
        return {"turns": sum(one.turns for one in asking), "seconds": took, "first": None}
    await asyncio.wait([over], timeout=0.15)  # warm
    before = sum(one.turns for one in asking)
    began = time.perf_counter()
    await asyncio.wait([over], timeout=seconds)
    turns = sum(one.turns for one in asking) - before
    took = time.perf_counter() - began
    for one in asking:
        one.going = False
    await over
    for transport, _ in made:
        transport.close()
    firsts = sorted(first for one in asking for first in one.first[1:])
    whole = sorted(whole for one in asking for whole in one.took[1:])
    return {
        "turns": turns,
        "seconds": took,
        "first": firsts[len(firsts) // 2] if firsts else None,
        "turn": whole[len(whole) // 2] if whole else None,
        "slowest": whole[-1] if whole else None,
    }


if __name__ == "__main__":
    load, port, seconds = sys.argv[1:]
    print(json.dumps(asyncio.run(run(Load(**json.loads(load)), int(port), float(seconds)))))
