"""Hours of bad company in minutes: does the server's memory stay flat, and does a good client notice?

Usage: python -m benchmarks.soak [--minutes M] [--sockets N]
One server process meets good traffic on all transports, clients that hang up, faults, stored responses beyond
their limit, thousands of idle sockets, clients that never read, headers that never end, clients that vanish,
and rubbish, all at once. A well-behaved client measures its waits all the time. At the end everything has to
be as it was: memory within a tenth of what it was after a third of the time, no answer of 5xx, no wait of
the good client beyond two seconds. Exit status 1 when it is not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from rich.console import Console

from benchmarks.contestants import ROOT, Contestant, start
from benchmarks.turns import HANDSHAKE, HEADERS, MODEL, Load, frame

console = Console()
GROWTH, LONGEST_WAIT = 1.10, 2.0

SERVER = """
import asyncio, sys
from mock_openai.cli import collect_rarely
from mock_openai import MockServer, Text, reply
from mock_openai.memory import MemoryStore

async def serve():
    collect_rarely()
    rules = [reply(Text("word " * 200, deltas=200), user="long-reply"), reply("Hello.", user="short-reply")]
    store = MemoryStore(20_000_000)
    async with MockServer(rules, store=store, journal_limit=20_000, port=int(sys.argv[1])):
        await asyncio.get_running_loop().create_future()

asyncio.run(serve())
"""
"""As `mock-openai serve`, but with a store so small that its limit is reached within seconds."""

FAULTS = """
- at: {event: response.output_text.delta, nth: 3}
  do: {delay: {seconds: 0.01}}
  times: null
"""


class Company:
    """Everybody who talks to one server; counts what they did and what went wrong."""

    def __init__(self, server: Contestant, until: float) -> None:
        self.done: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.waits = {"turn": 0.0, "slowest": 0.0, "turns": 0}
        """What the well-behaved client measured, in seconds."""
        self._server = server
        self._until = until
        self._rng = random.Random(1)

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._until

    async def keep(self, name: str, act: Callable[[], Awaitable[None]]) -> None:
        """Do the same thing until the time is up."""
        while not self.over:
            try:
                await act()
                self.done[name] += 1
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                if name in ("json", "sse", "ws"):
                    self.wrong[f"{name}: {type(error).__name__}"] += 1
            await asyncio.sleep(0)

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect."""
        return await asyncio.open_connection("127.0.0.1", self._server.port)

    async def good(self) -> None:
        """Ask again and again, in a process that does nothing else, and measure the waits."""
        seconds = str(max(0.1, self._until - time.monotonic()))
        load = json.dumps(asdict(Load("json", "short-reply", 1)))
        command = ["-m", "benchmarks.load", load, str(self._server.port), seconds]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        told, wrong = await process.communicate()
        if process.returncode:
            self.wrong[wrong.decode().strip().rpartition("\n")[2]] += 1
        else:
            self.waits = json.loads(told)

    async def sse(self) -> None:
        """Read a stream to its end, with a new prompt each time."""
        await self._ask(
            {"model": MODEL, "input": f"long-reply {self._rng.random()}", "stream": True}, b"0\r\n\r\n"
        )

    async def json(self) -> None:
        """Store responses, one continuing the other."""
        data = await self._ask({"model": MODEL, "input": "x" * 2000}, b"}")
        found = data.partition(b'"id": "')[2].partition(b'"')[0].decode()
        await self._ask({"model": MODEL, "input": "And then?", "previous_response_id": found}, b"}")

    async def ws(self) -> None:
        """Take a few turns on a socket and close it in good order."""
        reader, writer = await self.upgraded()
        for number in range(20):
            asked = {"type": "response.create", "model": MODEL, "input": f"short-reply {number}"}
            writer.write(frame(json.dumps(asked).encode()))
            await reader.readuntil(b'"type":"response.completed"')
        writer.write(frame(b"\x03\xe8", 8))
        await reader.read()
        writer.close()

    async def abort(self) -> None:
        """Reset the connection in mid-stream."""
        reader, writer = await self.dial()
        writer.write(Load("sse", "long-reply", 1).request())
        await reader.readuntil(b"\r\n")
        _reset(writer)

    async def rubbish(self) -> None:
        """Send bytes that mean nothing, to the port and into a socket."""
        reader, writer = await self.dial()
        writer.write(self._rng.randbytes(self._rng.randint(1, 2000)))
        writer.write_eof()
        answer = await reader.read()
        if answer.startswith(b"HTTP/1.1 5"):
            self.wrong[answer[:20].decode()] += 1
        writer.close()
        reader, writer = await self.upgraded()
        writer.write(self._rng.randbytes(self._rng.randint(1, 500)))
        writer.write_eof()
        await reader.read()
        writer.close()

    async def bad_body(self) -> None:
        """Ask for what the API refuses."""
        data = await self._ask({"model": MODEL, "input": [{"role": "user"}], "x": "y" * 100}, b"}")
        if not data.startswith(b"HTTP/1.1 400"):
            self.wrong[data[:20].decode()] += 1

    async def never_reads(self) -> None:
        """Ask for more and more and read nothing, then hang up."""
        _, writer = await self.upgraded()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        asked = frame(json.dumps({"type": "response.create", "model": MODEL, "input": "long-reply"}).encode())
        ping = frame(bytes(125), 9)
        writer.write(asked * 300 + ping * 20_000)
        await asyncio.sleep(self._rng.uniform(1, 5))
        _reset(writer)

    async def slow_headers(self) -> None:
        """Send headers letter by letter for a while, then go away without a word."""
        _, writer = await self.dial()
        writer.write(b"POST /v1/responses HTTP/1.1\r\n")
        for letter in HEADERS[:40].encode():
            writer.write(bytes([letter]))
            await asyncio.sleep(0.05)
        _reset(writer)

    async def vanish(self) -> None:
        """Hang up without the closing handshake."""
        _, writer = await self.upgraded()
        await asyncio.sleep(0.2)
        writer.transport.abort()

    async def trouble(self) -> None:
        """Plan a fault for a while: without one, most turns are answered at once and never take the usual
        way.
        """
        for method, body in (("POST", FAULTS.encode()), ("DELETE", b"")):
            reader, writer = await self.dial()
            head = (
                f"{method} /__mock__/faults HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/yaml\r\n"
            )
            more = f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + more.encode() + body)
            answer = await reader.read()
            writer.close()
            if not answer.startswith(b"HTTP/1.1 200"):
                self.wrong[answer[:20].decode(errors="replace")] += 1
            await asyncio.sleep(5)

    async def upgraded(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a WebSocket."""
        reader, writer = await self.dial()
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        return reader, writer

    async def _ask(self, body: dict[str, object], end: bytes) -> bytes:
        reader, writer = await self.dial()
        data = json.dumps(body).encode()
        more = f"Connection: close\r\nContent-Length: {len(data)}\r\n\r\n"
        head = f"POST /v1/responses HTTP/1.1\r\n{HEADERS}{more}"
        writer.write(head.encode() + data)
        answer = await reader.read()
        writer.close()
        if answer.startswith(b"HTTP/1.1 5") or not answer.endswith(end):
            self.wrong[answer[:20].decode(errors="replace")] += 1
        return answer


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


async def soak(server: Contestant, minutes: float, sockets: int) -> bool:
    """Let everybody in, and judge."""
    began = time.monotonic()
    company = Company(server, began + minutes * 60)
    idle = [await company.upgraded() for _ in range(sockets)]
    console.print(f"{len(idle):,} idle sockets: {server.memory:.0f} MB")
    everybody = (
        *(company.sse, company.json, company.ws, company.bad_body, company.trouble),
        *(company.abort, company.rubbish, company.never_reads, company.slow_headers, company.vanish),
    )
    tasks = [asyncio.create_task(company.keep(act.__name__, act)) for act in everybody]
    tasks.append(asyncio.create_task(company.good()))
    memory: list[float] = []
    with console.status("soaking") as status:
        while not company.over:
            await asyncio.sleep(2)
            memory.append(server.memory)
            left = max(0, int(company._until - time.monotonic()))
            status.update(f"{left} s left, {memory[-1]:.0f} MB, {sum(company.done.values()):,} visits")
    await asyncio.gather(*tasks)
    for _, writer in idle:
        writer.close()
    return _judge(company, memory)


def _judge(company: Company, memory: list[float]) -> bool:
    third = len(memory) // 3
    first, before, after = (statistics.median(memory[at : at + third]) for at in (0, third, 2 * third))
    console.print("visits:  " + ", ".join(f"{name} {number:,}" for name, number in company.done.items()))
    console.print(
        f"memory:  {first:.0f} MB in the first third, {before:.0f} in the second, {after:.0f} in the last"
    )
    median, longest = company.waits["turn"], company.waits["slowest"]
    console.print(f"waits:   median {1000 * median:.1f} ms, longest {1000 * longest:.0f} ms")
    held = {
        f"memory is flat (at most {GROWTH:g} times)": after <= before * GROWTH,
        f"the good client never waits longer than {LONGEST_WAIT:g} s": 0 < longest <= LONGEST_WAIT,
        "nothing went wrong for those who behaved, nobody got a 5xx": not company.wrong,
    }
    for promise, kept in held.items():
        console.print(f"{'[green]held[/]' if kept else '[red]broken[/]'}  {promise}")
    if company.wrong:
        console.print(f"         {dict(company.wrong)}")
    return all(held.values())


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--sockets", type=int, default=5000)
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = start("ninelives", [sys.executable, "-c", SERVER])
    try:
        kept = asyncio.run(soak(server, given.minutes, min(given.sockets, hard - 200)))
    finally:
        server.stop()
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
