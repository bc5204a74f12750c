"""Writes output files; an error is one line instead of a traceback."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ninelives.cassette.errors import CassetteError
from ninelives.cassette.replacing import write_whole
from ninelives.usage_error import UsageError


def write_text(path: Path, text: str) -> None:
    """Write a file in one step, creating its folder; a device or a pipe is written directly.

    Raises UsageError if that is not possible; an existing file is then unchanged.
    """
    try:
        if path.exists() and not path.is_file():
            _write_directly(path, text.encode())
        else:
            write_whole(path, text.encode())
    except CassetteError as error:
        raise UsageError(f"{path} cannot be written ({error.found}); choose another path") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}); choose another path") from None


def _write_directly(path: Path, data: bytes) -> None:
    """Write into a device or a pipe. Raises OSError, also for a pipe that no program reads."""
    file = os.open(
        path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK
    )  # a pipe without a reader is an error then
    if stat.S_ISFIFO(os.fstat(file).st_mode):
        os.set_blocking(file, True)
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
