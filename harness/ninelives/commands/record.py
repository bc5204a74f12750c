"""`ninelives record`: the recording proxy around a command, or by itself, in one of the record modes.

The recording is kept if it ended well: the command's exit code was 0, or the user pressed Enter or sent
SIGTERM. After Ctrl-C, a failing command or a crash, the old cassette is unchanged and the new one is beside
it as a partial.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mock_openai.visible import one_line
from rich.console import Console

from ninelives.cassette.writer import CassetteWriter
from ninelives.commands.printing import notes
from ninelives.commands.running import BrokenOff, run_command, until_ended_by_user
from ninelives.commands.secrets import Secrets
from ninelives.environment import Urls
from ninelives.fixtures.cassettes import Mode
from ninelives.recorder import Recorder
from ninelives.usage_error import UsageError

PROGRESS = 0.25
"""Seconds between two updates of the progress."""


def run(
    upstream: str,
    cassette: Path,
    command: list[str],
    host: str,
    port: int,
    extend: bool,
    mode: Mode,
    secrets: Secrets,
) -> int:
    """Record, or do what the mode says; return the command's exit code."""
    if mode == "none" or (mode == "once" and os.path.exists(cassette)):
        return _replay(cassette, command, host, port)
    if mode == "off" and not command:
        raise UsageError("--mode off does not record, so it needs a COMMAND to run")
    if mode == "new_episodes":
        extend = True
    console = notes()
    try:
        bound = 0 if mode == "new_episodes" else port  # then the mock answers in front of it
        recorder = Recorder(
            upstream, cassette, host=host, port=bound, extend=extend, redactor=secrets.redactor()
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
    if mode == "off":
        return _directly(recorder, command)
    if mode != "new_episodes":
        _bind(recorder, host, port)
    recorder.writer.open()
    if recorder.writer.aside is not None:
        console.print(f"an earlier incomplete recording is kept in {recorder.writer.aside}")
    try:
        asyncio.run(_record(recorder, command, console, mode, host, port))
    except BrokenOff as end:
        if mode == "all" and recorder.writer.lines:
            console.print(f"{end}; kept {_count(recorder.writer)} in {one_line(cassette)}")
        else:
            _print_broken_off(console, recorder, str(end))
        return end.code
    if recorder.writer.lines:
        console.print(f"recorded {_count(recorder.writer)} into {cassette}")
    elif mode != "new_episodes":
        left = f"{cassette} is unchanged" if cassette.exists() else f"{cassette} was not written"
        console.print(
            "nothing passed through the proxy: does the client read OPENAI_BASE_URL or OPENAI_WS_URL? " + left
        )
    else:
        console.print(f"there was nothing new to record; {cassette} is unchanged")
    return 0


def _count(writer: CassetteWriter) -> str:
    return f"{writer.lines} lines"


def _bind(recorder: Recorder, host: str, port: int) -> None:
    try:
        recorder.bind()  # now, so that a taken port is known before anything is written
    except OSError as error:
        raise _taken(host, port, error) from None


def _taken(host: str, port: int, error: OSError) -> UsageError:
    return UsageError(
        f"{host}:{port} cannot be used ({error.strerror or error}); choose another --host or --port"
    )


def _print_broken_off(console: Console, recorder: Recorder, why: str) -> None:
    path, partial = recorder.writer.path, recorder.writer.partial
    old = f"{path} is unchanged" if path.exists() else f"{path} was not written"
    console.print(f"{why}; {old}")
    if partial.exists() and recorder.writer.lines:  # never advise an empty file over a good one
        keep = f"mv {shlex.quote(str(partial))} {shlex.quote(str(path))}"
        console.print(f"{recorder.writer.lines} lines are in {partial}; to keep them: {keep}")


async def _record(
    recorder: Recorder, command: list[str], console: Console, mode: Mode, host: str, port: int
) -> None:
    offline = mode == "new_episodes" and recorder.writer.path.exists()
    async with _recording_server(recorder, mode, host, port) as urls:
        console.print(f"recording {recorder.upstream} into {one_line(recorder.writer.path)}")
        await _serve(urls, command, console, recorder, offline=offline)


@asynccontextmanager
async def _recording_server(recorder: Recorder, mode: Mode, host: str, port: int) -> AsyncIterator[Urls]:
    """Return the server for the client while this mode records."""
    if mode == "all":
        await recorder.start()
        ended_well = False
        try:
            yield recorder
            ended_well = True
        finally:
            await recorder.stop(commit=True, patient=ended_well)
    elif mode == "new_episodes":
        from mock_openai import MockServer

        from ninelives.new_episodes import NewEpisodes
        from ninelives.player import Player

        path = recorder.writer.path
        episodes = NewEpisodes(Player(path, strict=False) if path.exists() else None, recorder)
        ended_well = False
        await episodes.start()
        try:
            async with MockServer(responders=[episodes], host=host, port=port) as server:
                yield server
            ended_well = True
        except OSError as error:
            raise _taken(host, port, error) from None
        finally:
            await episodes.stop(commit=ended_well)
    else:
        async with recorder:
            yield recorder


async def _serve(
    urls: Urls, command: list[str], console: Console, recorder: Recorder | None = None, *, offline: bool
) -> None:
    console.print(f"  OPENAI_BASE_URL={urls.base_url}")
    console.print(f"  OPENAI_WS_URL={urls.ws_url}")
    shows = recorder is not None and console.is_terminal
    watching = asyncio.create_task(_show_progress(recorder, console)) if shows and recorder else None
    try:
        if command:
            await run_command(urls, command, offline=offline)
        else:
            end = (
                "Press Enter to finish and keep the recording, Ctrl-C to abort"
                if recorder
                else "Press Enter to stop"
            )
            console.print(end)
            await until_ended_by_user()
    finally:
        if watching is not None:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching


def _directly(recorder: Recorder, command: list[str]) -> int:
    """Mode off: the command uses the upstream itself."""
    try:
        asyncio.run(run_command(recorder.direct, command))
    except BrokenOff as end:
        return end.code
    return 0


def _replay(path: Path, command: list[str], host: str, port: int) -> int:
    """Replay only (modes none and once with a cassette): a request without a recording fails."""
    from mock_openai import MockServer

    from ninelives.player import Player

    console = notes()
    player = Player(path)

    async def serve() -> None:
        async with MockServer(responders=[player], pace="recorded", host=host, port=port) as server:
            console.print(f"replaying {one_line(path)}")
            await _serve(server, command, console, offline=True)

    code = 0
    try:
        asyncio.run(serve())
    except OSError as error:
        raise _taken(host, port, error) from None
    except BrokenOff as end:
        console.print(str(end))
        code = end.code
    for miss in player.missed:
        console.print(miss, markup=False)
    used = f"{len(player.used)} of {len(player.exchanges)} recorded exchanges were requested"
    console.print(f"{used}; {len(player.missed)} requests had no recording")
    return code or (1 if player.missed else 0)


async def _show_progress(recorder: Recorder, console: Console) -> None:
    with console.status("waiting for the first request") as status:
        while True:
            await asyncio.sleep(PROGRESS)
            if recorder.writer.lines:
                size = recorder.writer.partial.stat().st_size / 1000
                status.update(f"recording: {recorder.writer.lines} lines, {size:.0f} kB")
