"""Keeps what a bot prints and logs out of a command's own output, and remembers its last line, which may say
why the bot ended.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from typing import IO, Any

TAIL = 4096
"""Bytes at the end that are searched for the last line."""


class Overheard:
    """The output that was written to a stream. It goes to a real file, so that child processes can write to
    it as well.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._last = ""

    @property
    def last(self) -> str:
        """The last non-empty line."""
        if not self._stream.closed:
            self._stream.flush()
            end = os.lseek(self._stream.fileno(), 0, os.SEEK_END)
            text = os.pread(self._stream.fileno(), TAIL, max(0, end - TAIL)).decode("utf-8", "replace")
            self._last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
        return self._last


class _Roomy(io.FileIO):
    """A file that drops what it has no room for: a full disk of ours is no error of the bot's `print`."""

    def write(self, data: Any) -> int:
        """Write what can be written, and return that it all was."""
        with suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes


@contextmanager
def overheard() -> Iterator[Overheard]:
    """Redirect standard output and standard error, as far as Python writes there."""
    with (
        tempfile.TemporaryFile(buffering=0) as file,
        _Roomy(file.fileno(), "r+", closefd=False) as raw,
        io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="replace") as stream,
    ):
        logging = _loguru(stream) if "loguru" in sys.modules else nullcontext()
        heard = Overheard(stream)
        with redirect_stdout(stream), redirect_stderr(stream), logging:
            try:
                yield heard
            finally:
                _ = heard.last  # a closed stream cannot be asked


@contextmanager
def _loguru(heard: IO[str]) -> Iterator[None]:
    """Let the bot configure its log as if the process were its own: `logger.remove(0)` and a handler for
    stderr. It may do so repeatedly; what it adds is removed at the end.
    """
    from loguru import logger

    patched: Any = logger
    add, remove = logger.add, logger.remove
    before = {name: vars(patched)[name] for name in ("add", "remove") if name in vars(patched)}
    """The streams of an enclosing `overheard`."""
    added: list[int] = []

    def adding(sink: Any, **how: Any) -> int:
        number = add(sink, **how)
        if sink is heard:
            added.append(number)
        return number

    def removing(number: int | None = None) -> None:
        with suppress(ValueError):
            remove(number)

    patched.add, patched.remove = adding, removing
    try:
        yield
    finally:
        del patched.add, patched.remove
        vars(patched).update(before)
        for number in added:
            with suppress(ValueError):
                remove(number)
