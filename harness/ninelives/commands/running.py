"""A command run against a server of ours, or the server standing by itself until somebody ends it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys

from ninelives.environment import Urls, variables

BROKEN_OFF = 130
"""Exit code after Ctrl-C."""


class BrokenOff(Exception):
    """It did not end well. Leaves a recorder as an error does, so that it keeps the partial."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


async def run_command(urls: Urls, command: list[str], *, offline: bool = False) -> None:
    """Run it to its end; BrokenOff when that is not a good one. `offline` as in `variables`."""
    environment = {**os.environ, **variables(urls, offline=offline)}
    try:
        process = await asyncio.create_subprocess_exec(*command, env=environment)
    except OSError as error:
        reason = f"{command[0]!r} cannot be run ({error.strerror})"
        raise BrokenOff(127 if isinstance(error, FileNotFoundError) else 126, reason) from None
    stop = _signals()
    ending = asyncio.create_task(process.wait())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([ending, stopping], return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set() and process.returncode is None:
        # A terminal sends Ctrl-C to the command too; whoever signals us alone expects it to be passed on.
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(ending), 5.0)
        if process.returncode is None:
            process.kill()
            await ending
    stopping.cancel()
    if stop.is_set():
        raise BrokenOff(BROKEN_OFF, "the recording was broken off")
    code = process.returncode or 0
    if code:
        raise BrokenOff(code if code > 0 else 128 - code, f"{command[0]} {_ended(code)}")


def _ended(code: int) -> str:
    return (
        f"ended with exit code {code}"
        if code > 0
        else f"was ended by signal {-code} ({signal.strsignal(-code)})"
    )


async def until_told() -> None:
    """Wait for Enter or SIGTERM, which end the recording well, or Ctrl-C, which breaks it off."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    interrupted = _signals(terminated=done)
    watched = _watch_keyboard(loop, done)
    waiting = [asyncio.create_task(done.wait()), asyncio.create_task(interrupted.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    if watched:
        loop.remove_reader(sys.stdin)
    if interrupted.is_set():
        raise BrokenOff(BROKEN_OFF, "the recording was broken off")


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


def _signals(terminated: asyncio.Event | None = None) -> asyncio.Event:
    loop = asyncio.get_running_loop()
    interrupted = asyncio.Event()
    with contextlib.suppress(NotImplementedError):
        loop.add_signal_handler(signal.SIGINT, interrupted.set)
        loop.add_signal_handler(signal.SIGTERM, (terminated or interrupted).set)
    return interrupted
