"""`ninelives record`: the recording proxy round a command, or standing by itself.

The recording is kept when it ended well: the command's exit code was 0, or the user said so with Enter
or SIGTERM. Ctrl-C, a failing command and a crash leave the old cassette untouched and the new one beside
it as a partial.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import sys
from pathlib import Path

from rich.console import Console

from ninelives.commands.printing import notes
from ninelives.complaint import Complaint
from ninelives.recorder import Recorder

BROKEN_OFF = 130
"""Exit code after Ctrl-C."""

PROGRESS = 0.25
"""Seconds between two looks at how far the recording has come."""


class _BrokenOff(Exception):
    """The recording did not end well. Leaves the recorder as an error does, so that it keeps the partial."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


def run(upstream: str, cassette: Path, command: list[str], host: str, port: int, extend: bool) -> int:
    """Record; gives the command's exit code."""
    console = notes()
    try:
        recorder = Recorder(upstream, cassette, host=host, port=port, extend=extend)
    except ValueError as error:
        raise Complaint(str(error)) from None
    try:
        _ = recorder.port  # binds it, so that a taken port is known before anything is written
    except OSError as error:
        raise Complaint(
            f"{host}:{port} cannot be listened on ({error.strerror or error}); choose another --port"
        ) from None
    recorder.writer.open()
    try:
        written = asyncio.run(_record(recorder, command, console))
    except _BrokenOff as end:
        _tell_broken_off(console, recorder, str(end))
        return end.code
    if written:
        console.print(f"recorded {written} lines into {cassette}", soft_wrap=True)
    else:
        left = f"{cassette} is as it was" if cassette.exists() else f"{cassette} was not written"
        console.print(
            "nothing passed through the proxy: does the client read OPENAI_BASE_URL or OPENAI_WS_URL? "
            + left,
            soft_wrap=True,
        )
    return 0


def _tell_broken_off(console: Console, recorder: Recorder, why: str) -> None:
    path, partial = recorder.writer.path, recorder.writer.partial
    old = f"{path} is as it was" if path.exists() else f"{path} was not written"
    console.print(f"{why}; {old}", soft_wrap=True)
    if partial.exists() and recorder.writer.lines:  # never advise an empty file over a good one
        keep = f"mv {shlex.quote(str(partial))} {shlex.quote(str(path))}"
        console.print(f"{recorder.writer.lines} lines are in {partial}; to keep them: {keep}", soft_wrap=True)


async def _record(recorder: Recorder, command: list[str], console: Console) -> int:
    async with recorder:
        console.print(f"recording {recorder.upstream} into {recorder.writer.path}", soft_wrap=True)
        console.print(f"  OPENAI_BASE_URL={recorder.base_url}", soft_wrap=True)
        console.print(f"  OPENAI_WS_URL={recorder.ws_url}", soft_wrap=True)
        watching = asyncio.create_task(_show_progress(recorder, console)) if console.is_terminal else None
        try:
            if command:
                await _run_command(recorder, command)
            else:
                console.print("Enter ends and keeps the recording, Ctrl-C breaks it off", soft_wrap=True)
                await _until_told()
        finally:
            if watching is not None:
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching
    return recorder.writer.lines


async def _run_command(recorder: Recorder, command: list[str]) -> None:
    environment = {**os.environ, "OPENAI_BASE_URL": recorder.base_url, "OPENAI_WS_URL": recorder.ws_url}
    try:
        process = await asyncio.create_subprocess_exec(*command, env=environment)
    except OSError as error:
        reason = f"{command[0]!r} cannot be run ({error.strerror})"
        raise _BrokenOff(127 if isinstance(error, FileNotFoundError) else 126, reason) from None
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
        raise _BrokenOff(BROKEN_OFF, "the recording was broken off")
    code = process.returncode or 0
    if code:
        raise _BrokenOff(code if code > 0 else 128 - code, f"{command[0]} ended with exit code {code}")


async def _until_told() -> None:
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
        raise _BrokenOff(BROKEN_OFF, "the recording was broken off")


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


async def _show_progress(recorder: Recorder, console: Console) -> None:
    with console.status("waiting for the first request") as status:
        while True:
            await asyncio.sleep(PROGRESS)
            if recorder.writer.lines:
                size = recorder.writer.partial.stat().st_size / 1000
                status.update(f"recording: {recorder.writer.lines} lines, {size:.0f} kB")
