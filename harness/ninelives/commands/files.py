"""Writes output files; an error is one line instead of a traceback."""

from __future__ import annotations

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
            path.write_text(text, encoding="utf-8")
        else:
            write_whole(path, text.encode())
    except CassetteError as error:
        raise UsageError(f"{path} cannot be written ({error.found}); choose another path") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}); choose another path") from None
