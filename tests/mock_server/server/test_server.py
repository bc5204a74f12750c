"""The server as an object: addresses before the loop, cheap to start, quick to stop, nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import subprocess
import sys
import warnings
from itertools import product

import aiohttp
import mock_openai
import pytest
import websockets
from mock_openai import MockServer, Text, faults, reply
from openai import AsyncOpenAI

from tests.effort import calls_of

ASK = {"model": "gpt-4o", "input": "hi"}


async def read_on(raw: websockets.ClientConnection) -> None:
    """Read until the socket ends, which raises."""
    while True:
        await raw.recv()


def test_addresses_are_known_before_any_loop_runs():
    server = MockServer()
    assert server.base_url == f"http://127.0.0.1:{server.port}/v1"
    assert server.ws_url == f"ws://127.0.0.1:{server.port}/v1/responses"

    async def use() -> int:
        async with (
            server,
            aiohttp.ClientSession() as session,
            session.post(server.base_url + "/responses", json=ASK) as answer,
        ):
            return answer.status

    assert asyncio.run(use()) == 200


def test_clients_of_a_bound_server_wait_until_it_starts():
    server = MockServer(script=[reply("Hi")])
    server.bind()

    async def answer(early: socket.socket) -> bytes:
        async with server:
            reader, writer = await asyncio.open_connection(sock=early)
            writer.write(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n")
            return await reader.readline()

    with socket.create_connection(("127.0.0.1", server.port)) as early:
        assert asyncio.run(answer(early)) == b"HTTP/1.1 200 OK\r\n"


def test_clients_of_a_server_that_only_gave_its_address_are_refused():
    server = MockServer()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


async def test_a_server_that_cannot_start_refuses_its_clients():
    server = MockServer(store="redis://127.0.0.1:1/0")
    server.bind()
    with pytest.raises(OSError, match="redis"):
        await server.start()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)
    await server.stop()


async def test_no_connection_is_left_half_accepted(monkeypatch) -> None:
    """Whatever asyncio is doing with a new connection at the moment in which the port is closed."""
    left: list[object] = []
    gc.collect()  # what other tests left behind is not this one's
    monkeypatch.setattr(sys, "unraisablehook", left.append)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", ResourceWarning)
        for end, steps in product(["stop", "refuse"], range(6)):
            async with MockServer() as server:
                with socket.create_connection(("127.0.0.1", server.port)):
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    if end == "stop":
                        await server.stop()
                    else:
                        server._refuse(60)
                        for _ in range(6):
                            await asyncio.sleep(0)
        gc.collect()
    assert left == []
    assert [str(each.message) for each in heard if "unclosed transport" in str(each.message)] == []


def test_a_taken_port_is_an_os_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            MockServer(port=taken.getsockname()[1]).bind()


@pytest.mark.parametrize(
    "wrong", [{"pace": "fast"}, {"connection_lifetime": 0}, {"faults": ["reset"]}, {"script": [object()]}]
)
def test_wrong_options_are_refused_at_once(wrong):
    with pytest.raises(Exception, match=r".+"):
        MockServer(**wrong)


async def test_a_stopped_server_can_be_started_again_on_its_port():
    server = MockServer(script=[reply("Hi")])
    port = server.port
    for _ in range(2):
        async with server, websockets.connect(server.ws_url) as raw:
            assert server.port == port
            await raw.send(json.dumps({"type": "response.create", **ASK}))
            await raw.recv()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_several_servers_do_not_know_each_other():
    async with MockServer(script=[reply("one")]) as one, MockServer(script=[reply("two")]) as two:
        texts = []
        for server in (one, two):
            async with AsyncOpenAI(base_url=server.base_url, api_key="any") as client:
                texts.append((await client.responses.create(**ASK)).output_text)
    assert texts == ["one", "two"]


async def test_stopping_closes_open_sockets_with_1001_and_is_quick():
    before = asyncio.all_tasks()
    server = MockServer(script=[reply(Text("x", deltas=1000))], pace="fixed:0.01")
    await server.start()
    idle, busy = await websockets.connect(server.ws_url), await websockets.connect(server.ws_url)
    await busy.send(json.dumps({"type": "response.create", **ASK}))
    await busy.recv()
    session = aiohttp.ClientSession()
    stream = await session.post(server.base_url + "/responses", json={**ASK, "stream": True})
    await stream.content.readany()
    pooled = await session.get(server.base_url + "/models")
    await pooled.read()
    began = asyncio.get_running_loop().time()
    await server.stop()
    assert asyncio.get_running_loop().time() - began < 0.2
    for raw in (idle, busy):
        with pytest.raises(websockets.ConnectionClosedOK):
            await read_on(raw)
        assert raw.close_code == 1001
    with pytest.raises(aiohttp.ClientPayloadError):
        await stream.read()
    await session.close()
    await asyncio.sleep(0.01)
    left = {task for task in asyncio.all_tasks() - before if "mock_openai" in repr(task)}
    assert left == set()
    assert {entry.data["by"] for entry in server.journal.entries if entry.kind == "close"} == {"server"}


@pytest.mark.parametrize("kind", ["half_open", "stall"])
async def test_stopping_is_quick_in_the_middle_of_a_fault(kind):
    server = MockServer(faults=[getattr(faults.at(index=1), kind)()])
    await server.start()
    raw = await websockets.connect(server.ws_url)
    await raw.send(json.dumps({"type": "response.create", **ASK}))
    await raw.recv()
    began = asyncio.get_running_loop().time()
    await server.stop()
    assert asyncio.get_running_loop().time() - began < 0.2
    raw.transport.abort()


async def test_stopping_is_quick_with_a_client_that_does_not_read():
    server = MockServer(script=[reply(Text("x" * 3_000_000, deltas=30))])
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    ask = json.dumps({**ASK, "stream": True}).encode()
    writer.write(b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(ask), ask))
    await reader.readline()
    writer.transport.pause_reading()
    began = asyncio.get_running_loop().time()
    await server.stop()
    assert asyncio.get_running_loop().time() - began < 1.0
    writer.transport.abort()


def test_a_server_for_every_test_costs_little():
    async def cycles(count: int) -> None:
        for _ in range(count):
            async with MockServer():
                pass

    asyncio.run(cycles(1))  # imports what it needs
    calls_of(lambda: asyncio.run(cycles(50)), at_most=50 * 500)  # `make bench-check` says how long they take


async def test_many_clients_at_once_each_get_their_own_answer():
    script = [reply(f"answer {number}", user=f"^question {number}$") for number in range(40)]
    async with MockServer(script=script) as server, aiohttp.ClientSession() as session:

        async def ask(number: int) -> str:
            body = {**ASK, "input": f"question {number}"}
            async with session.post(server.base_url + "/responses", json=body) as answer:
                return (await answer.json())["output"][0]["content"][0]["text"]

        answers = await asyncio.gather(*map(ask, range(40)))
    assert answers == [f"answer {number}" for number in range(40)]


def test_importing_is_light():
    code = (
        "import sys; before = len(sys.modules); import mock_openai;"
        "heavy = ('pipecat', 'openai', 'ninelives', 'aiohttp', 'typer');"
        "print(len(sys.modules) - before, [name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules, _, loaded = done.stdout.strip().partition(" ")
    assert loaded == "[]"
    assert int(modules) < 400  # `make bench-check` says how long it takes


def test_the_public_names_are_there():
    for name in mock_openai.__all__:
        assert getattr(mock_openai, name) is not None
