"""`mock-openai serve --workers N`: processes under a parent, one port, one memory, none left behind."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import aiohttp
import psutil
import pytest
from mock_openai import MockServer

from tests.effort import HANG

pytestmark = pytest.mark.real_time  # Redis is another process

PATIENTLY = f"""
from mock_openai import workers
from mock_openai.cli import main
workers.STOP_WITHIN = {HANG}
main()
"""
"""The command, which gives workers the time that they need on a slow machine."""

COMMAND = [sys.executable, "-c", PATIENTLY, "serve", "--port", "0"]


@contextmanager
def serving(*arguments: str) -> Iterator[SimpleNamespace]:
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )
    assert process.stdout is not None
    children: list[psutil.Process] = []
    try:
        banner = [process.stdout.readline() for _ in range(5)]
        assert "ready at" in banner[0], process.communicate(timeout=HANG)
        children = psutil.Process(process.pid).children()
        base_url = banner[1].partition("=")[2].strip()
        yield SimpleNamespace(process=process, banner=banner, base_url=base_url, children=children)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


async def say(url: str, text: str, **fields: object) -> dict:
    # A connection of its own for each turn: the kernel spreads connections, not requests.
    body = {"model": "gpt-4o", "input": text, **fields}
    async with aiohttp.ClientSession() as client, client.post(f"{url}/responses", json=body) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


def another_cannot_have_its_port(run: SimpleNamespace, store: str) -> None:
    port = run.base_url.split(":")[2].split("/")[0]
    again = [*COMMAND[:-1], port, "--workers", "2", "--store", store]
    done = subprocess.run(again, capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def ended_well(run: SimpleNamespace) -> None:
    out, errors = run.process.communicate(timeout=HANG)
    assert (run.process.returncode, out, errors) == (0, "", "")
    assert gone(run.children)


def gone(children: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(children, timeout=HANG)
    return not alive


async def test_workers_answer_together_and_end_together_on_ctrl_c(store):
    with serving("--workers", "2", "--store", store) as run:
        assert run.banner[0].count("2 workers") == 1
        assert len(run.children) == 2
        parent: dict = {}
        for number in range(16):
            chained = {"previous_response_id": parent["id"]} if parent else {}
            parent = await say(run.base_url, f"turn {number}", **chained)
        root = run.base_url.removesuffix("/v1")
        async with aiohttp.ClientSession() as client:
            async with client.get(f"{root}/__mock__/journal?kind=request") as answer:
                by = [entry["worker"] for entry in await answer.json() if entry["turn"]]
            assert len(by) == 16
            assert len(set(by)) == 2, "connections are spread"
            await asyncio.to_thread(another_cannot_have_its_port, run, store)
            async with client.ws_connect(run.base_url.replace("http", "ws") + "/responses") as socket:
                os.killpg(run.process.pid, signal.SIGINT)  # as Ctrl-C in a terminal does
                message = await socket.receive()
                assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)
        ended_well(run)


@pytest.mark.thorough
async def test_many_turns_of_one_conversation_over_two_workers_lose_nothing(store):
    with serving("--workers", "2", "--store", store) as run:
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{run.base_url}/conversations", json={}) as made,
        ):
            name = (await made.json())["id"]
        await asyncio.gather(*(say(run.base_url, f"{n}", conversation=name) for n in range(24)))
        url = f"{run.base_url}/conversations/{name}/items?limit=100"
        async with aiohttp.ClientSession() as client, client.get(url) as answer:
            items = (await answer.json())["data"]
        assert len({item["id"] for item in items}) == 48
        asked = {item["content"][0]["text"] for item in items if item["role"] == "user"}
        assert asked == {str(n) for n in range(24)}
        run.process.terminate()  # the parent alone, as a supervisor does
        ended_well(run)


@pytest.mark.thorough
async def test_a_port_that_is_refused_is_refused_by_all(store):
    with serving("--workers", "2", "--store", store) as run:
        port = int(run.base_url.split(":")[2].split("/")[0])
        root = run.base_url.removesuffix("/v1")
        async with aiohttp.ClientSession() as client:
            refused = 0
            for tried in itertools.count():  # until the port is open again, after it was closed
                if tried % 200 == 0 and not refused:  # again, if this process slept while it was closed
                    plan = [{"do": {"refuse": {"seconds": 1}}}]
                    with contextlib.suppress(aiohttp.ClientError):
                        async with client.post(f"{root}/__mock__/faults", json=plan) as answer:
                            assert answer.status == 200
                        await client.post(f"{run.base_url}/responses", json={"model": "gpt-4o", "input": "x"})
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except ConnectionRefusedError:
                    refused += 1
                except ConnectionResetError:
                    pass  # it waited to be accepted when the port was closed
                else:
                    writer.close()
                    if refused:
                        break
                await asyncio.sleep(0.01)
            async with client.delete(
                f"{root}/__mock__/faults", json={}
            ) as answer:  # the other worker's own is left
                assert answer.status == 200
        await say(run.base_url, "again")


@pytest.mark.thorough
async def test_a_worker_that_dies_is_replaced_and_a_parent_that_dies_leaves_no_orphan(store):
    with serving("--workers", "2", "--store", store) as run:
        kept = await say(run.base_url, "hello")
        victim = run.children[0]
        victim.kill()
        assert "ended with signal 9; restarting it" in run.process.stderr.readline()
        parent = psutil.Process(run.process.pid)
        while len({child.pid for child in parent.children()} - {victim.pid}) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        made = {(await say(run.base_url, "more", previous_response_id=kept["id"]))["id"] for _ in range(6)}
        assert len({*made, kept["id"]}) == 7, "who comes back makes other ids"
        left = parent.children()
        run.process.kill()
        assert gone(left)


@pytest.mark.thorough
def test_workers_that_cannot_be_kept_alive_are_an_end(own_redis):
    with serving("--workers", "2", "--store", own_redis.url()) as run:
        own_redis.stop()
        run.children[1].kill()
        _, errors = run.process.communicate(timeout=HANG)
        assert run.process.returncode == 1
        assert "keeps failing; stopping" in errors
        assert "Traceback" not in errors
        assert gone(run.children)


@pytest.mark.thorough
async def test_all_workers_read_a_watched_script_again_and_one_says_so(store, tmp_path):
    script = tmp_path / "script.yaml"
    script.write_text("replies: [{reply: Before.}]")
    with serving("--workers", "2", "--store", store, "--script", str(script), "--watch") as run:
        assert run.process.stderr is not None
        root = run.base_url.removesuffix("/v1")
        script.write_text("replies: [{reply: After.}]")
        told = await asyncio.to_thread(run.process.stderr.readline)
        assert told == f"mock-openai: {script} was reloaded: 1 rule\n"
        said: list[str] = []
        while said.count("After.") < 16:  # the other worker may be a moment behind
            answer = await say(run.base_url, "hi")
            said.append(answer["output"][0]["content"][0]["text"])
        async with aiohttp.ClientSession() as client, client.get(f"{root}/ready") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ready"})


async def test_a_server_without_its_memory_lives_but_is_not_ready(own_redis):
    async with (
        MockServer(store=own_redis.url("secret-prefix")) as server,
        aiohttp.ClientSession(server.base_url.removesuffix("v1")) as client,
    ):
        own_redis.stop()
        for path, wanted in (("/health", 200), ("/ready", 503)):
            async with client.get(path) as answer:
                assert answer.status == wanted
                assert "secret" not in await answer.text()


@pytest.mark.thorough
@pytest.mark.parametrize("signals", ["TERM", "INT", "TERM INT", "INT TERM", "TERM TERM"])
async def test_workers_end_with_streams_sockets_and_half_requests_under_way(signals: str, store: str) -> None:
    numbers = [signal.Signals[f"SIG{name}"] for name in signals.split()]
    with serving("--workers", "2", "--store", store, "--pace", "fixed:600") as run:
        port = int(run.base_url.split(":")[2].split("/")[0])
        async with aiohttp.ClientSession() as client:
            body = {"model": "gpt-4o", "input": "hi", "stream": True}
            for _ in range(4):
                answer = await client.post(f"{run.base_url}/responses", json=body)
                await answer.content.readany()
                socket = await client.ws_connect(f"{run.base_url}/responses")
                await socket.send_json({"type": "response.create", "model": "gpt-4o", "input": "hi"})
                await socket.receive()
            _, half = await asyncio.open_connection("127.0.0.1", port)
            half.write(b"POST /v1/responses HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
            for number in numbers:
                run.process.send_signal(number)
            code = await asyncio.to_thread(run.process.wait, HANG)
            half.close()
        assert code == 0 if len(numbers) == 1 else code in (0, 128 + numbers[0], 128 + numbers[1])
        assert not psutil.wait_procs(run.children, timeout=HANG)[1], "no worker outlives its parent"
        assert "Traceback" not in run.process.stderr.read()


async def test_a_server_stops_while_its_memory_is_silent(own_redis):
    async with (
        asyncio.timeout(HANG / 2),  # Redis itself has longer than that to answer
        MockServer(store=own_redis.url()) as server,
    ):
        await say(server.base_url, "hello", store=True)
        own_redis.freeze()


SILENTLY = f"""
from mock_openai.memory import link
from mock_openai.cli import main
link.ANSWER_WITHIN = {HANG}
main()
"""


def test_a_server_that_still_waits_for_its_memory_ends_at_a_signal(own_redis):
    own_redis.freeze()
    command = [sys.executable, "-c", SILENTLY, "serve", "--port", "0", "--store", own_redis.url()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            while not any(
                one.raddr and one.raddr.port == own_redis.port
                for one in psutil.Process(process.pid).net_connections()
            ):
                assert process.poll() is None
            process.terminate()
            out, errors = process.communicate(timeout=HANG / 2)
        finally:
            process.kill()
        assert (process.returncode, out, errors) == (0, "", "")
