"""Reads users' files: whole, but never more than the file's purpose allows."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

SCRIPT_SIZE = 16 * 2**20
"""Bytes of the largest script, fault plan or scenario file."""

RECORDING_SIZE = 2**30
"""Bytes of the largest recording that is read into memory."""


class TooLarge(OSError):
    """The file is larger than allowed; `strerror` says so."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(errno.EFBIG, f"larger than {most // 2**20} MiB", str(path))


class _Waiting(io.FileIO):
    """A file that tells "nothing to read yet" from "the end"."""

    waits = False

    def readinto(self, buffer: Any) -> int | None:
        count: int | None = super().readinto(buffer)
        self.waits = count is None
        return count


def open_file(path: Path) -> BinaryIO:
    """Open a file to read it. Raises OSError, also for a named pipe that no program has opened to write,
    because opening that would wait for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(kind):
        os.close(descriptor)
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raw = _Waiting(descriptor)
    file = io.BufferedReader(raw)
    if stat.S_ISFIFO(kind) and not file.peek(1) and not raw.waits:
        file.close()
        raise OSError(errno.ENXIO, "a pipe into which no program writes", str(path))
    os.set_blocking(raw.fileno(), True)
    return file


def read_bytes(path: Path, most: int) -> bytes:
    """Return a file's content. Raises OSError as `open_file` does, and TooLarge for more than `most` bytes;
    nothing that has no end, such as a device, is read further than that.
    """
    with open_file(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise TooLarge(path, most)
    return data


def refused_path(error: OSError) -> str | None:
    """Return the line for a person about a file or folder that cannot be used; None for other errors."""
    if isinstance(error.filename, str | bytes):  # it may be a descriptor
        return f"{os.fsdecode(error.filename)} cannot be used ({error.strerror}); choose another path"
    if "temporary" in str(error.strerror):
        return f"{error.strerror}; set TMPDIR to a folder that can be written"
    try:
        os.getcwd()
    except FileNotFoundError:
        return "the current folder no longer exists; change into another one"
    return None


def read_text(path: Path, most: int = SCRIPT_SIZE) -> str:
    """Return a UTF-8 file's text. Raises OSError as `read_bytes` does, and UnicodeDecodeError."""
    return read_bytes(path, most).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
