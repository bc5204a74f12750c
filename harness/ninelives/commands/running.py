"""Runs a command against one of our servers, or the server by itself until somebody ends it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process

from mock_openai.interruption import at_once, handling_signals

from ninelives.commands import child
from ninelives.environment import Urls, variables

BROKEN_OFF = 130
"""Exit code after Ctrl-C."""


class BrokenOff(Exception):
    """The command failed or was interrupted. Raised inside a recorder's context, so that the recorder keeps
    the partial.
    """

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


async def run_command(urls: Urls, command: list[str], *, offline: bool = False) -> None:
    """Run a command to its end. Raises BrokenOff unless it succeeds. `offline` is that of `variables`."""
    environment = {**os.environ, **variables(urls, offline=offline)}
    guard = child.Guard()
    try:
        await _run(command, environment, guard)
    finally:
        guard.release()


async def _run(command: list[str], environment: dict[str, str], guard: child.Guard) -> None:
    stop = asyncio.Event()
    at_once.append(guard.kill)
    try:
        with handling_signals(
            lambda _: stop.set()
        ):  # from before the command starts: nothing may leave it behind
            process = await _started(command, environment)
            guard.watch(process.pid)
            await _ended_or_stopped(process, stop)
    finally:
        at_once.remove(guard.kill)
    if stop.is_set():
        raise BrokenOff(BROKEN_OFF, "the recording was aborted")
    code = process.returncode or 0
    if code:
        raise BrokenOff(code if code > 0 else 128 - code, f"{command[0]} {_ended(code)}")


async def _started(command: list[str], environment: dict[str, str]) -> Process:
    try:
        return await asyncio.create_subprocess_exec(*command, env=environment)
    except OSError as error:
        reason = f"{command[0]!r} cannot be run ({error.strerror})"
        raise BrokenOff(127 if isinstance(error, FileNotFoundError) else 126, reason) from None


async def _ended_or_stopped(process: Process, stop: asyncio.Event) -> None:
    ending = asyncio.create_task(process.wait())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([ending, stopping], return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set() and process.returncode is None:
            # A terminal sends Ctrl-C to the command too; a signal to us alone is passed on.
            await asyncio.to_thread(child.end, process.pid)
            await ending
    finally:
        stopping.cancel()


def _ended(code: int) -> str:
    return (
        f"ended with exit code {code}"
        if code > 0
        else f"was killed by signal {-code} ({signal.strsignal(-code)})"
    )


async def until_ended_by_user() -> None:
    """Wait for Enter or SIGTERM, which end the recording well, or Ctrl-C or the end of the terminal (SIGHUP),
    which break it off.
    """
    loop = asyncio.get_running_loop()
    done, interrupted = asyncio.Event(), False

    def on_signal(number: int) -> None:
        nonlocal interrupted
        interrupted = number != signal.SIGTERM
        done.set()

    with handling_signals(on_signal):
        watched = _watch_keyboard(loop, done)
        await done.wait()
        if watched:
            loop.remove_reader(sys.stdin)
    if interrupted:
        raise BrokenOff(BROKEN_OFF, "the recording was aborted")


def _watch_keyboard(loop: asyncio.AbstractEventLoop, done: asyncio.Event) -> bool:
    def typed() -> None:
        if sys.stdin.readline():
            done.set()
        else:  # nobody can press Enter there: only signals end the recording
            loop.remove_reader(sys.stdin)

    try:
        loop.add_reader(sys.stdin, typed)
    except (OSError, ValueError, NotImplementedError):  # no standard input, or a plain file
        return False
    return True
