"""Reading a file of a user's: whole, but never more than its purpose allows."""

from __future__ import annotations

import errno
from pathlib import Path

SCRIPT_SIZE = 16 * 2**20
"""Bytes of the largest script, fault plan or story."""

RECORDING_SIZE = 2**30
"""Bytes of the largest recording that is read into memory."""


class TooLarge(OSError):
    """The file is larger than allowed; `strerror` says so."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(errno.EFBIG, f"larger than {most // 2**20} MiB", str(path))


def read_bytes(path: Path, most: int) -> bytes:
    """Return a file's content. Raises OSError, and TooLarge as one, for more than `most` bytes; nothing that
    has no end, such as a device, is read further than that.
    """
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise TooLarge(path, most)
    return data


def read_text(path: Path, most: int = SCRIPT_SIZE) -> str:
    """Return a UTF-8 file's text. Raises OSError as `read_bytes` does, and UnicodeDecodeError."""
    return read_bytes(path, most).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
