"""Sources of lines: a terminal with a line editor and keys that break the connection, or a pipe or file."""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from typing import IO, Protocol

from ninelives.talk.typed import COMMANDS


class Lines(Protocol):
    """A source of lines, and the stream that the user reads."""

    piped: bool
    """Whether the author of the lines could not see what is heard."""

    def __enter__(self) -> IO[str]: ...
    def __exit__(self, *error: object) -> None: ...

    def read(self) -> AsyncIterator[str]:
        """Yield lines until there are no more."""
        ...

    def leave(self, runner: asyncio.Runner) -> None:
        """Restore the terminal after the runner's loop was left while lines were read. Later output appears
        at once.
        """
        ...


class Piped:
    """Lines of a file by its number, by default standard input.

    A thread reads them, because a loop cannot wait for every kind of file; it uses the system call, because
    Python's own stream cannot be closed while it is being read.
    """

    piped = True

    def __init__(self, file: int = 0) -> None:
        self._file = file

    def __enter__(self) -> IO[str]:
        return sys.stdout

    def __exit__(self, *error: object) -> None:
        pass

    async def read(self) -> AsyncIterator[str]:
        """Yield lines until the input ends."""
        loop = asyncio.get_running_loop()
        parts: asyncio.Queue[bytes] = asyncio.Queue()

        def pass_on() -> None:
            while True:
                try:
                    part = os.read(self._file, 65536)
                except OSError:
                    part = b""
                with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                    loop.call_soon_threadsafe(parts.put_nowait, part)
                if not part:
                    return

        threading.Thread(target=pass_on, name="standard input", daemon=True).start()
        decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        rest, ended = "", False
        while not ended:
            part = await parts.get()
            ended = not part
            *lines, rest = (rest + decoder.decode(part, ended)).split("\n")
            for line in lines:
                yield line
        if rest:
            yield rest

    def leave(self, runner: asyncio.Runner) -> None:
        """Do nothing."""


class Typed:
    """Lines typed in a terminal, with history, and a key for each way to break the connection.

    Inside `with ... as stream`, what is written to the stream appears above the line that is being typed.
    """

    piped = False

    def __init__(self) -> None:
        self._terminal = ExitStack()
        self._asking: asyncio.Task[None] | None = None

    def __enter__(self) -> IO[str]:
        from prompt_toolkit.application import create_app_session
        from prompt_toolkit.input import create_input
        from prompt_toolkit.output import create_output
        from prompt_toolkit.patch_stdout import patch_stdout

        self._terminal.enter_context(create_app_session(create_input(sys.stdin), create_output(sys.stdout)))
        self._terminal.enter_context(patch_stdout(raw=True))
        return sys.stdout

    def __exit__(self, *error: object) -> None:
        self._terminal.close()

    async def read(self) -> AsyncIterator[str]:
        """Yield lines, and the commands whose keys are pressed, until Ctrl-D. Ctrl-C sends SIGINT."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.key_binding import KeyBindings

        lines: asyncio.Queue[str | None] = asyncio.Queue()
        keys = KeyBindings()
        for command in COMMANDS:
            if command.key:
                keys.add(command.key)(lambda _, name=command.name: lines.put_nowait(f"/{name}"))
        session: PromptSession[str] = PromptSession(
            key_bindings=keys, bottom_toolbar=_keys, erase_when_done=True
        )

        async def ask() -> None:
            try:
                while True:
                    lines.put_nowait(await session.prompt_async("> ", handle_sigint=False))
            except EOFError:
                pass
            except KeyboardInterrupt:  # the editor has taken the key
                signal.raise_signal(signal.SIGINT)
            finally:
                lines.put_nowait(None)

        self._asking = asyncio.create_task(ask(), name="keyboard")
        try:
            while (line := await lines.get()) is not None:
                yield line
        finally:
            await self._stop_asking(self._asking)

    def leave(self, runner: asyncio.Runner) -> None:
        """Restore the terminal after the runner's loop was left while lines were read."""
        if self._asking is not None:
            runner.run(self._stop_asking(self._asking))
        self._terminal.close()

    async def _stop_asking(self, asking: asyncio.Task[None]) -> None:
        asking.cancel()
        await asyncio.wait([asking])


def _keys() -> str:
    shown = [f"{each.key.upper()} {each.short}" for each in COMMANDS if each.key]
    return "  ".join([*shown, "Ctrl-D quit", "/help"])


def source() -> Lines:
    """Return the source of lines here."""
    return Typed() if sys.stdin.isatty() and sys.stdout.isatty() else Piped()
