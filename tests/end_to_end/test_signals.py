"""Every command ends when a signal says so, whatever it is in the middle of; at once at the second.

The commands are taken from the command lines themselves. Those that read files get a pipe that never ends;
servers get streams under way, open sockets, and clients and an upstream that have fallen silent.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import mock_openai.cli
import ninelives.cli
import pytest
import typer
from ninelives.recorder import Recorder
from ninelives.virtual import run

from tests.effort import HANG

pytestmark = pytest.mark.real_time

INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
EACH = pytest.mark.parametrize(
    "number",
    [
        pytest.param(INT, id="SIGINT", marks=pytest.mark.thorough),
        pytest.param(TERM, id="SIGTERM"),
        pytest.param(HUP, id="SIGHUP", marks=pytest.mark.thorough),
    ],
)


@pytest.fixture(autouse=True)
def no_signal_is_ignored_from_the_start() -> Iterator[None]:
    """What runs the tests may ignore SIGHUP, as `nohup` does, and commands would inherit that."""
    before = signal.signal(HUP, signal.SIG_DFL)
    yield
    signal.signal(HUP, before)


READERS = {
    "show": ["show", "PIPE"],
    "show --raw": ["show", "--raw", "PIPE"],
    "diff": ["diff", "PIPE", "PIPE"],
    "lint": ["lint", "PIPE"],
    "scrub": ["scrub", "PIPE"],
    "convert": ["convert", "PIPE", "made.jsonl"],
    "pace": ["pace", "PIPE"],
    "serve --script": ["serve", "--script", "PIPE"],
}
"""Commands that are told while they read."""

PLAYERS = {
    "verdict": ["verdict", "busy:factory", "--scenario", "calm_*"],
    "explore": ["explore", "busy:factory", "--runs", "50", "--jobs", "2"],
    "explore here": ["explore", "busy:factory", "--runs", "50", "--jobs", "1"],
    "explore threads": ["explore", "busy:factory", "--runs", "50", "--jobs", "2", "--executor", "threads"],
    "eval": ["eval", "evals.yaml", "--bot", "busy:factory", "--html", "page.html", "--junit", "report.xml"],
    "eval --faults": ["eval", "evals.yaml", "--bot", "busy:factory", "--faults", "reset_*"],
    "reproduce": ["reproduce", "incident.jsonl", "--bot", "busy:factory"],
    "talk": ["talk", "busy:factory"],
    "demo": ["demo"],
    "doctor": ["doctor"],
}
"""Commands that are told while they run stories; those without a factory of ours when they print."""

PLAYED = {
    "evals.yaml": "name: hello\nturns: [{user: Hello, expect: [{event: response}]}]\n",
    "incident.jsonl": "".join(
        json.dumps(line) + "\n"
        for line in (
            {"ninelives_incident": 1, "broken": [], "errors": [], "bot": {"services": []}},
            {"t": 0, "k": "context", "data": {"messages": 1, "role": "user", "user": "Hello"}},
            {"t": 1, "k": "start"},
            {"t": 2, "k": "text", "data": "Hello."},
            {"t": 3, "k": "end"},
        )
    ),
}
"""Files that some of them play."""

SERVERS = {"record", "replay", "serve"}
"""Commands that have a test of their own below."""

SHORT = {"scenarios", "options", "faults", "init", "schema"}
"""Commands that print a list, or write a few files, and end."""


def commands(app: typer.Typer) -> set[str]:
    found = typer.main.get_command(app)
    return set(getattr(found, "commands"))  # noqa: B009 - a group of typer's own


def test_no_command_is_forgotten() -> None:
    tested = {each.partition(" ")[0] for each in (*READERS, *PLAYERS)} | SERVERS | SHORT
    assert commands(ninelives.cli.app) | commands(mock_openai.cli.app) == tested


def start(arguments: list[str], folder: Path) -> subprocess.Popen[str]:
    module = "mock_openai" if arguments[0] == "serve" else "ninelives.cli"
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def started(arguments: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = start(arguments, folder)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=HANG)
    return process.returncode, errors


@pytest.mark.thorough
@EACH
@pytest.mark.parametrize("name", READERS)
def test_who_reads_a_file_ends(name: str, number: signal.Signals, tmp_path: Path) -> None:
    pipe = tmp_path / "endless.jsonl"
    os.mkfifo(pipe)
    arguments = [str(pipe) if each == "PIPE" else each for each in READERS[name]]
    with started(arguments, tmp_path) as process, pipe.open("wb"):  # opens once the command reads
        process.send_signal(number)
        code, errors = ended(process)
    assert code == 128 + number
    assert "Traceback" not in errors
    assert sorted(each.name for each in tmp_path.iterdir()) == ["endless.jsonl"]


BUSY = """
    import asyncio, os

    def factory(base_url, ws_url):
        os.write(1, b"busy\\n")
        from pipecat_responses import OpenAIResponsesLLMService

        class Never(OpenAIResponsesLLMService):
            async def stop(self, frame):
                while True:
                    with __import__("contextlib").suppress(asyncio.CancelledError):
                        await asyncio.get_running_loop().run_in_executor(None, __import__("time").sleep, 3600)

        return Never(api_key="x", base_url=base_url, ws_url=ws_url)
"""


@pytest.mark.thorough
@EACH
@pytest.mark.parametrize("name", PLAYERS)
def test_who_plays_stories_ends(name: str, number: signal.Signals, tmp_path: Path) -> None:
    """The bot's own code refuses to end."""
    given = {"busy.py": textwrap.dedent(BUSY)}
    given |= {file: text for file, text in PLAYED.items() if file in PLAYERS[name]}
    for file, text in given.items():
        (tmp_path / file).write_text(text)
    with started(PLAYERS[name], tmp_path) as process:
        assert process.stdout is not None
        if "busy:factory" in PLAYERS[name]:
            assert any("busy" in line for line in process.stdout)
        else:
            assert process.stdout.readline()
        process.send_signal(number)
        code, errors = ended(process)
    assert code == 128 + number
    noise = ("Traceback", "Warning", "warn(", "ERROR", "CRITICAL", "Exception ignored")
    assert not [line for line in errors.splitlines() if any(word in line for word in noise)]
    if name.startswith("explore"):
        assert "ninelives: interrupted; " in errors


class Upstream:
    """Answers requests with a stream that never ends, after the bytes that it is given."""

    EVENT = b'event: response.created\\ndata: {"type":"response.created","sequence_number":0}\\n\\n'.replace(
        b"\\n", b"\n"
    )
    HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        if b"/silent" in head:
            await asyncio.get_running_loop().create_future()
        writer.write(self.HEAD + self.EVENT)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while b"/flood" in head:
                writer.write(self.EVENT * 1000)
                await writer.drain()
            await asyncio.get_running_loop().create_future()


async def line_with(stream: asyncio.StreamReader, words: str) -> str:
    async with asyncio.timeout(HANG):
        while words not in (line := (await stream.readline()).decode()):
            assert line, f"ended before {words!r} was said"
    return line


@contextlib.asynccontextmanager
async def running(arguments: list[str], folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    module = "mock_openai" if arguments[0] == "serve" else "ninelives.cli"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def asked(port: int, path: str, *, read: bytes = b"") -> asyncio.StreamWriter:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b'{"model":"gpt-4o","input":"hi","stream":true}'
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    async with asyncio.timeout(HANG):
        if read:
            await reader.readuntil(read)
    return writer


async def half_a_request(port: int) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    return writer


async def socket_open(port: int) -> asyncio.StreamWriter:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with asyncio.timeout(HANG):
        await reader.readuntil(b"\r\n\r\n")
    return writer


def port_in(line: str) -> int:
    return int(line.split(":")[-1].partition("/")[0])


def kinds(path: Path) -> list[str]:
    return [json.loads(line).get("k", "") for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("", id="alone"),
        pytest.param("COMMAND", marks=pytest.mark.thorough),
        pytest.param("--mode all", marks=pytest.mark.thorough),
        pytest.param("--mode new_episodes", marks=pytest.mark.thorough),
    ],
)
@EACH
async def test_a_recorder_ends_and_keeps_what_it_has(
    how: str, number: signal.Signals, tmp_path: Path
) -> None:
    upstream = Upstream()
    server = await asyncio.start_server(upstream, "127.0.0.1", 0)
    to = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    deaf = [
        sys.executable,
        "-c",
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(3600)",
    ]
    more = ["--", *deaf] if how == "COMMAND" else how.split()
    arguments = ["record", "--upstream", to, "--port", "0", "--cassette", "talk.jsonl", *more]
    async with running(arguments, tmp_path) as process:
        assert process.stderr is not None
        port = port_in(await line_with(process.stderr, "OPENAI_BASE_URL="))
        if how == "COMMAND":
            assert process.stdout is not None
            await line_with(process.stdout, "deaf")
        clients = [await asked(port, "/v1/responses", read=b"response.created")]
        if how != "--mode new_episodes":
            clients += [
                await asked(port, "/v1/flood", read=b"response.created"),
                await asked(port, "/v1/silent"),
            ]
        clients += [await half_a_request(port)]
        await upstream.asked.wait()
        process.send_signal(number)
        async with asyncio.timeout(HANG):
            code = await process.wait()
        errors = (await process.stderr.read()).decode()
    assert "Traceback" not in errors
    well = number == TERM and how != "COMMAND"
    assert code == (0 if well else 130)
    kept = tmp_path / ("talk.jsonl" if well or how == "--mode all" else "talk.jsonl.partial")
    assert os.listdir(tmp_path) == [kept.name]
    assert {"request", "response", "event", "abort"} <= set(kinds(kept))
    for writer in clients:
        writer.close()
    server.close()


SLOW = [
    {"ninelives": 1, "recorded": "2026-11-24T09:00:00Z", "upstream": "https://api.openai.com"},
    {
        "t": 0,
        "c": 1,
        "k": "request",
        "method": "POST",
        "path": "/v1/responses",
        "body": {"model": "gpt-4o", "input": "hi", "stream": True},
    },
    {"t": 1, "c": 1, "k": "response", "status": 200, "headers": {"content-type": "text/event-stream"}},
    {"t": 2, "c": 1, "k": "event", "data": {"type": "response.created"}},
    {"t": 3_600_000, "c": 1, "k": "event", "data": {"type": "response.completed"}},
    {"t": 3_600_001, "c": 1, "k": "end"},
]
SERVING = {
    "replay": ["replay", "slow.jsonl", "--port", "0"],
    "serve": ["serve", "--port", "0", "--pace", "fixed:600"],
    "record --mode none": ["record", "--cassette", "slow.jsonl", "--mode", "none", "--port", "0"],
}


@pytest.mark.thorough
@EACH
@pytest.mark.parametrize("name", SERVING)
async def test_a_server_ends(name: str, number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "slow.jsonl").write_text("".join(json.dumps(line) + "\n" for line in SLOW))
    async with running(SERVING[name], tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        stream = process.stderr if name.startswith("record") else process.stdout
        port = port_in(await line_with(stream, "OPENAI_BASE_URL="))
        clients = [
            await asked(port, "/v1/responses", read=b"response.created"),
            await half_a_request(port),
            await socket_open(port),
        ]
        process.send_signal(number)
        async with asyncio.timeout(HANG):
            code = await process.wait()
        assert "Traceback" not in (await process.stderr.read()).decode()
    assert code == (130 if name.startswith("record") and number != TERM else 0)
    for writer in clients:
        writer.close()


@contextlib.contextmanager
def on_a_terminal(arguments: list[str], folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a command on a terminal of its own; closing the descriptor closes the terminal."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "ninelives", *arguments]
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=lambda: os.login_tty(theirs),
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("command", [[], ["sleep", "3600"]], ids=["alone", "COMMAND"])
@pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(),
    reason="looks at children as Linux shows them",
)
def test_a_terminal_that_is_closed_ends_a_recording_in_order(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "talk.jsonl").write_text("the old recording")
    given = ["record", "--upstream", "http://127.0.0.1:1", "--cassette", "talk.jsonl", "--", *command]
    with on_a_terminal(given, tmp_path) as (process, terminal):
        told = b""
        while b"OPENAI_WS_URL" not in told:
            told += os.read(terminal, 4096)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while command and len(children.read_text().split()) < 2:  # the command, and what guards it
            pass
        started = [int(each) for each in children.read_text().split()]
        port = port_in(told.split(b"OPENAI_BASE_URL=")[1].split(b"\r")[0].decode())
        asyncio.run(asked_once(port))
        os.close(terminal)
        assert process.wait(HANG) in (2, 130)  # what it says, and so that it was broken off, reaches nobody
    assert (tmp_path / "talk.jsonl").read_text() == "the old recording"
    assert "request" in kinds(tmp_path / "talk.jsonl.partial")
    for child in started:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


async def asked_once(port: int) -> None:
    with contextlib.suppress(ConnectionError):  # as the recorder answers without an upstream
        writer = await asked(port, "/v1/responses", read=b"\r\n\r\n")
        writer.close()


def test_nohup_keeps_a_command_running_without_its_terminal(tmp_path: Path) -> None:
    arguments = ["nohup", sys.executable, "-m", "mock_openai", "serve", "--port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        arguments, cwd=tmp_path, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        assert process.stdout is not None
        try:
            port = next(port_in(line) for line in process.stdout if "OPENAI_BASE_URL=" in line)
            process.send_signal(HUP)
            asyncio.run(asked_once(port))
            process.send_signal(TERM)
            assert process.wait(HANG) == 0
        finally:
            process.kill()  # or a failed test would wait for it


STUCK = """
    import sys, time
    from mock_openai import interruption
    import asyncio

    def sleep():  # in naps: a signal that comes just before the system call does not end a long sleep
        while True:
            time.sleep(0.01)

    async def main():
        with interruption.handling_signals(lambda number: print("told", number, flush=True)):
            print("ready", flush=True)
            await asyncio.sleep(3600)

    if sys.argv[1] == "loop":
        asyncio.run(main())
    else:
        interruption.LIMIT = 3600.0
        interruption.listen()
        while True:
            try:
                print("ready", flush=True)
                sleep()
            except KeyboardInterrupt:
                print("told", flush=True)
                sleep()
"""


@pytest.mark.parametrize("second", [INT, TERM, HUP])
@pytest.mark.parametrize("where", ["loop", "program"])
def test_the_second_signal_ends_at_once(where: str, second: signal.Signals, tmp_path: Path) -> None:
    """Of a program that takes no notice of the first."""
    script = tmp_path / "stuck.py"
    script.write_text(textwrap.dedent(STUCK))
    with subprocess.Popen([sys.executable, str(script), where], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(TERM)
        assert process.stdout.readline().startswith("told")
        process.send_signal(second)
        try:
            assert process.wait(HANG) == 128 + second
        finally:
            process.kill()


def test_a_command_does_not_outlive_a_recorder_that_ends_at_once(tmp_path: Path) -> None:
    deaf = (
        "import os, signal, time; [signal.signal(n, signal.SIG_IGN) for n in (2, 15)];"
        "print(os.getpid(), flush=True); time.sleep(3600)"
    )
    arguments = [
        "record",
        "--upstream",
        "http://127.0.0.1:1",
        "--cassette",
        "talk.jsonl",
        "--",
        sys.executable,
        "-c",
        deaf,
    ]
    with started(arguments, tmp_path) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.send_signal(INT)
        process.send_signal(TERM)
        code, _ = ended(process)
    assert code in (130, 143)
    wait_until_gone(child)


def wait_until_gone(child: int) -> None:
    """Wait until a process has ended, also if its parent has not asked for its exit code."""
    if not hasattr(os, "pidfd_open"):
        pytest.skip("only Linux says when a process ends that is not a child of ours")
    with contextlib.suppress(ProcessLookupError):
        process = os.pidfd_open(child)
        ended, _, _ = select.select([process], [], [], HANG)
        os.close(process)
        assert ended, "the child lives on"


SLOW_START = """
    import sys, time, os

    if "--multiprocessing-fork" in sys.argv:
        os.write(1, f"{os.getpid()}\\n".encode())
        time.sleep(3600)
"""


@pytest.mark.parametrize("count", [1, 2])
def test_no_worker_outlives_an_exploration(count: int, tmp_path: Path) -> None:
    """Not even one that has not come to its first line of ours."""
    (tmp_path / "busy.py").write_text("from ninelives.lab.services import http\n")
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(SLOW_START))
    workers = []
    with started(["explore", "busy:http", "--runs", "9", "--jobs", "2"], tmp_path) as process:
        assert process.stdout is not None
        try:
            workers = [int(process.stdout.readline()) for _ in range(2)]
            for _ in range(count):
                process.send_signal(TERM)
            assert process.wait(HANG) == 128 + TERM
            for worker in workers:
                wait_until_gone(worker)
        finally:
            for worker in workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)


def test_ctrl_c_in_a_terminal_reaches_workers_that_are_starting(tmp_path: Path) -> None:
    """A terminal sends it to all processes of a command: each is silent."""
    (tmp_path / "busy.py").write_text("from ninelives.lab.services import http\n")
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(SLOW_START).replace("3600", "0.001"))
    with started(["explore", "busy:http", "--runs", "9", "--jobs", "2"], tmp_path) as process:
        assert process.stdout is not None
        workers = [int(process.stdout.readline()) for _ in range(2)]
        for each in (*workers, process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, INT)
        code, errors = ended(process)
    assert code == 128 + INT
    assert "Traceback" not in errors


TEMPORARY = {
    "tls": """
        server = MockServer(tls=True)
        assert os.listdir()
        end()
    """,
    "refresh": """
        with refresh._scratch():
            assert os.listdir()
            end()
    """,
}


@pytest.mark.parametrize("name", TEMPORARY)
def test_no_temporary_folder_is_left_by_a_program_that_ends_at_once(name: str, tmp_path: Path) -> None:
    beginning = """
        import os, signal
        from mock_openai import MockServer
        from mock_openai.interruption import listen, uninterrupted
        from ninelives.commands import refresh

        def end():
            with uninterrupted():
                os.kill(os.getpid(), signal.SIGTERM)
                os.kill(os.getpid(), signal.SIGTERM)

        listen()
    """
    program = textwrap.dedent(beginning) + textwrap.dedent(TEMPORARY[name])
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, timeout=HANG)
    assert ran.returncode == 128 + TERM
    assert not list(tmp_path.iterdir())


PROGRAMS = {
    "Recorder": """
        async with Recorder(sys.argv[1], "talk.jsonl") as recorder:
            async with aiohttp.ClientSession() as http:
                answer = await http.post(recorder.base_url + "/responses", json={"input": "hi"})
                await answer.content.readany()
                print("ready", flush=True)
                await asyncio.sleep(3600)
    """,
    "MockServer": """
        async with MockServer([reply("Hello.")], pace="fixed:600") as server:
            async with aiohttp.ClientSession() as http:
                answer = await http.post(server.base_url + "/responses", json=ASK)
                await answer.content.readany()
                socket = await http.ws_connect(server.ws_url)
                print("ready", flush=True)
                await asyncio.sleep(3600)
    """,
    "Bot": """
        from ninelives import Bot
        from pipecat_responses import OpenAIResponsesLLMService

        async with MockServer([reply("Hello.")], pace="fixed:600") as server:
            service = OpenAIResponsesLLMService(api_key="x", base_url=server.base_url, ws_url=server.ws_url)
            async with Bot(service, timeout=3600) as bot:
                asking = asyncio.create_task(bot.say("Hi"))
                await server.journal.wait(lambda journal: journal.requests)
                print("ready", flush=True)
                await asking
    """,
    "VoiceCall": """
        from ninelives import VoiceCall
        from pipecat_responses import OpenAIResponsesLLMService

        async with MockServer([reply("Hello.", delay=3600)]) as server:
            service = OpenAIResponsesLLMService(api_key="x", base_url=server.base_url, ws_url=server.ws_url)
            async with VoiceCall(service, base_url=server.base_url, ws_url=server.ws_url) as caller:
                asking = asyncio.create_task(caller.say("Hi"))
                await server.journal.wait(lambda journal: journal.requests)
                print("ready", flush=True)
                await asking
    """,
    "NewEpisodes": """
        from ninelives.new_episodes import NewEpisodes

        episodes = NewEpisodes(None, Recorder(sys.argv[1], "talk.jsonl"))
        await episodes.start()
        try:
            async with MockServer(responders=[episodes]) as server, aiohttp.ClientSession() as http:
                answer = await http.post(server.base_url + "/responses", json=ASK)
                await answer.content.readany()
                print("ready", flush=True)
                await asyncio.sleep(3600)
        finally:
            await episodes.stop(commit=False)
    """,
    "half-open peers": """
        plan = [faults.at(turn=2).half_open(), faults.at(turn=3).stall()]
        async with MockServer([reply("Hello.")], faults=plan) as server, aiohttp.ClientSession() as http:
            for _ in range(2):
                socket = await http.ws_connect(server.ws_url)
                await socket.send_json({"type": "response.create", "model": "gpt-4o", "input": "hi"})
            asking = asyncio.create_task(http.post(server.base_url + "/responses", json=ASK))
            await server.journal.wait(lambda journal: len(journal.requests) == 3)
            print("ready", flush=True)
            await asking
    """,
    "player": """
        async with MockServer(responders=[open_player("slow.jsonl")], pace="recorded") as server:
            async with aiohttp.ClientSession() as http:
                answer = await http.post(server.base_url + "/responses", json=ASK)
                await answer.content.readany()
                print("ready", flush=True)
                await asyncio.sleep(3600)
    """,
}
PROGRAM = """
import asyncio, sys
import aiohttp
from mock_openai import MockServer, faults, reply
from ninelives.player import open_player
from ninelives.recorder import Recorder

ASK = {"model": "gpt-4o", "input": "hi", "stream": True}

async def main():
"""


@pytest.mark.thorough
@pytest.mark.parametrize("name", PROGRAMS)
async def test_a_users_program_ends(name: str, tmp_path: Path) -> None:
    """Ctrl-C as Python itself does it: what is under way is cancelled, and each context manager left."""
    (tmp_path / "program.py").write_text(PROGRAM + PROGRAMS[name] + "\nasyncio.run(main())\n")
    (tmp_path / "slow.jsonl").write_text("".join(json.dumps(line) + "\n" for line in SLOW))
    server = await asyncio.start_server(Upstream(), "127.0.0.1", 0)
    upstream = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "program.py", upstream, cwd=tmp_path, stdout=pipe, stderr=pipe
    )
    try:
        assert process.stdout is not None
        await line_with(process.stdout, "ready")
        process.send_signal(INT)
        async with asyncio.timeout(HANG):
            _, errors = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert errors.decode().splitlines()[-1] == "KeyboardInterrupt"
    if name == "Recorder":
        assert {"request", "event", "abort"} <= set(kinds(tmp_path / "talk.jsonl.partial"))
    server.close()


FIXTURES = """
    import asyncio
    import aiohttp
    from mock_openai import reply

    ASK = {"model": "gpt-4o", "input": "hi", "stream": True}

    async def test_it(openai_server, tmp_path):
        openai_server.script.add(reply("Hello.", delay=3600))
        async with aiohttp.ClientSession() as http:
            asking = asyncio.create_task(http.post(openai_server.base_url + "/responses", json=ASK))
            socket = await http.ws_connect(openai_server.ws_url)
            await socket.send_json({"type": "response.create", "model": "gpt-4o", "input": "hi"})
            await openai_server.journal.wait(lambda journal: len(journal.requests) == 2)
            tmp_path.joinpath("ready").write_text("")
            print("ready", flush=True)
            await asyncio.sleep(3600)
"""


RECORDING = """
    import asyncio
    import aiohttp
    import pytest

    @pytest.mark.cassette("talk.jsonl")
    async def test_it(openai_server, cassette):
        async with aiohttp.ClientSession() as http:
            answer = await http.post(openai_server.base_url + "/responses", json={"input": "hi"})
            await answer.content.readany()
            print("ready", flush=True)
            await asyncio.sleep(3600)
"""


@pytest.mark.thorough
@pytest.mark.parametrize("program", [FIXTURES, RECORDING], ids=["openai_server", "cassette"])
async def test_a_test_run_ends_with_its_fixtures(program: str, tmp_path: Path) -> None:
    upstream = await asyncio.start_server(Upstream(), "127.0.0.1", 0)
    to = f"http://127.0.0.1:{upstream.sockets[0].getsockname()[1]}/v1"
    (tmp_path / "talk.jsonl").write_text("the old recording")
    (tmp_path / "test_it.py").write_text(textwrap.dedent(program))
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-s", "-q", "-p", "no:cacheprovider", "test_it.py"),
        "--cassette-mode=rewrite",
        cwd=tmp_path,
        env={**os.environ, "OPENAI_BASE_URL": to, "OPENAI_API_KEY": "x"},
        stdout=pipe,
        stderr=pipe,
    )
    try:
        assert process.stdout is not None
        await line_with(process.stdout, "ready")
        process.send_signal(INT)
        async with asyncio.timeout(HANG):
            told, errors = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == pytest.ExitCode.INTERRUPTED, told.decode() + errors.decode()
    assert (tmp_path / "talk.jsonl").read_text() == "the old recording"
    if program is RECORDING:
        assert {"request", "event", "abort"} <= set(kinds(tmp_path / "talk.jsonl.partial"))
    upstream.close()


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(8))
async def test_a_signal_may_come_at_any_moment(seed: int, tmp_path: Path) -> None:
    """After any number of steps of any clients, from the first line on that a command prints."""
    drawn = random.Random(seed)
    (tmp_path / "slow.jsonl").write_text("".join(json.dumps(line) + "\n" for line in SLOW))
    upstream = await asyncio.start_server(Upstream(), "127.0.0.1", 0)
    to = f"http://127.0.0.1:{upstream.sockets[0].getsockname()[1]}/v1"
    recording = ["record", "--upstream", to, "--port", "0", "--cassette", "talk.jsonl"]
    arguments = drawn.choice([*SERVING.values(), recording])
    numbers = [drawn.choice([INT, TERM, HUP]) for _ in range(drawn.randint(1, 2))]
    async with running(arguments, tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        stream = process.stderr if arguments[0] == "record" else process.stdout
        port = port_in(await line_with(stream, "OPENAI_BASE_URL="))
        clients = []
        for _ in range(drawn.randint(0, 5)):
            step = drawn.choice(["stream", "half", "unread", "gone"])
            clients.append(await (half_a_request(port) if step == "half" else asked(port, "/v1/responses")))
            if step == "gone":
                clients[-1].transport.abort()
            for _ in range(drawn.randint(0, 20)):
                await asyncio.sleep(0)
        for number in numbers:
            process.send_signal(number)
        async with asyncio.timeout(HANG):
            code = await process.wait()
        errors = (await process.stderr.read()).decode()
    assert "Traceback" not in errors
    missed = "had no recording" in errors and "; 0 requests had no recording" not in errors
    assert code in (
        (1, 129, 130, 143) if missed else (0, 129, 130, 143)
    )  # 1: the cassette has one answer, several asked
    for path in tmp_path.glob("talk.jsonl*"):  # noqa: ASYNC240
        kinds(path)  # every line is whole
    for writer in clients:
        writer.close()
    upstream.close()


@pytest.mark.parametrize(
    "path", ["/v1/responses", "/v1/silent", pytest.param("/v1/flood", marks=pytest.mark.thorough)]
)
@pytest.mark.parametrize("commit", [True, False])
def test_a_recorder_stops_within_its_bounds(path: str, commit: bool, tmp_path: Path) -> None:
    """In virtual time: with an upstream that never ends and a client that does not read."""

    async def story() -> float:
        loop = asyncio.get_running_loop()
        upstream = Upstream()
        server = await asyncio.start_server(upstream, "127.0.0.1", 0)
        to = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        recorder = Recorder(to, tmp_path / "talk.jsonl")
        await recorder.start()
        _, writer = await asyncio.open_connection("127.0.0.1", recorder.port, limit=1)
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        await upstream.asked.wait()
        await asyncio.sleep(1)
        began = loop.time()
        await recorder.stop(commit=commit)
        took = loop.time() - began
        writer.close()
        server.close()
        return took

    assert run(story()) < 2.0
