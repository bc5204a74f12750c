"""A COMMAND of `ninelives record` does not outlive it, and neither does what the command started."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.effort import HANG

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux says when another's child ends"),
]

DEAF = """
import os, signal, sys, time
for number in (1, 2, 15):
    signal.signal(number, signal.SIG_IGN)
print(os.getpid(), flush=True)
sys.stdin.read()
time.sleep(3600)
"""
PLAIN = """
import os, time
print(os.getpid(), flush=True)
time.sleep(3600)
"""
COMMANDS = {
    "a command": [sys.executable, "-c", PLAIN],
    "a deaf command": [sys.executable, "-c", DEAF],
    "a shell with a command": ["sh", "-c", '"$@"; true', "sh", sys.executable, "-c", PLAIN],
    "a shell with a deaf command": ["sh", "-c", '"$@"; true', "sh", sys.executable, "-c", DEAF],
}


@contextlib.contextmanager
def recording(command: list[str], folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A recorder, and a descriptor that becomes readable when the last process of its command has ended."""
    options = ["--upstream", "http://127.0.0.1:1", "--cassette", "talk.jsonl"]
    arguments = [sys.executable, "-m", "ninelives", "record", *options, "--", *command]
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        bot = int(process.stdout.readline())
        end = os.pidfd_open(bot)
        try:
            yield process, end
        finally:
            process.kill()
            with contextlib.suppress(ProcessLookupError):
                os.kill(bot, signal.SIGKILL)
            os.close(end)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("signals", [[signal.SIGKILL], [signal.SIGTERM], [signal.SIGTERM, signal.SIGINT]])
def test_what_it_started_ends_with_the_recorder(
    name: str, signals: list[signal.Signals], tmp_path: Path
) -> None:
    with recording(COMMANDS[name], tmp_path) as (process, end):
        for number in signals:
            process.send_signal(number)
        code = process.wait(HANG)
        assert code in ((-signal.SIGKILL,) if signal.SIGKILL in signals else (130, 143))
        assert select.select([end], [], [], HANG)[0], "it lives on"


def test_a_command_that_has_just_started_ends_with_the_recorder(tmp_path: Path) -> None:
    """Both signals come before the recorder knows which process its command is."""
    program = f"""
import asyncio, os, signal, sys
start = asyncio.create_subprocess_exec
async def instead(*command, **more):
    await start(*command, **more)
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep({HANG})
asyncio.create_subprocess_exec = instead
sys.argv = "ninelives record --upstream http://127.0.0.1:1 --cassette talk.jsonl --".split()
sys.argv += {COMMANDS["a deaf command"]!r}
from ninelives.__main__ import main
main()
"""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.read()  # to its end: the command holds it as well
        assert process.wait(HANG) in (130, 143)


@pytest.mark.parametrize("code", [0, 3])
def test_what_it_left_to_run_by_itself_stays(code: int, tmp_path: Path) -> None:
    """As a service that a command starts in the background: nobody asked it to end."""
    command = ["sh", "-c", f'"$@" & exit {code}', "sh", sys.executable, "-c", PLAIN]
    with recording(command, tmp_path) as (process, end):
        assert process.wait(HANG) == code
        assert not select.select([end], [], [], 0)[0]


FORKS = {
    "no fork": "raise BlockingIOError(11, 'Resource temporarily unavailable')",
    "a guard that was ended": "pid = fork() or os._exit(1); os.waitid(os.P_PID, pid, os.WEXITED); return pid",
}


@pytest.mark.parametrize("fork", FORKS)
def test_a_command_runs_without_a_guard_as_well(fork: str, tmp_path: Path) -> None:
    program = f"""
import os, sys
fork = os.fork
def instead():
    {FORKS[fork]}
os.fork = instead
sys.argv = "ninelives record --upstream http://127.0.0.1:1 --cassette talk.jsonl -- sh -c".split()
sys.argv.append("echo it runs; exit 4")
from ninelives.__main__ import main
main()
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (4, "it runs\n")
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []
