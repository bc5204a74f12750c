"""Replaces a file in one step: no reader sees it half written, links are followed, mode and owner are kept.

A new file gets the mode that the umask allows, as with other programs: cassettes are meant to be committed. A
replacement is never more accessible than the old file, not even for a moment.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from stat import S_IMODE

from ninelives.cassette.errors import CassetteError

NEW = 0o666
"""The mode of a new file, before the umask."""
_PRIVATE = 0o600


def behind_links(path: Path) -> Path:
    """Return the file to which a path leads. Raises CassetteError if its links form a circle."""
    real = Path(os.path.realpath(path))
    if real.is_symlink():
        raise CassetteError(
            path, None, "symbolic links that form a loop", "a file", "remove the link, or choose another file"
        )
    return real


def mode_for(path: Path) -> int:
    """Return the mode with which to create a file that will replace the one at `path`."""
    return _PRIVATE if path.exists() else NEW


def make_like(file: int, path: Path) -> None:
    """Give an open file the mode and, if allowed, the owner of the file that it will replace."""
    try:
        old = path.stat()
    except FileNotFoundError:
        return
    now = os.fstat(file)
    if (now.st_uid, now.st_gid) != (old.st_uid, old.st_gid):
        with contextlib.suppress(OSError):
            os.fchown(file, old.st_uid, old.st_gid)
    os.fchmod(file, S_IMODE(old.st_mode))


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in place in one step. Raises CassetteError if it cannot be written."""
    path = behind_links(path)
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a device or pipe"
        raise CassetteError(path, None, what, "a file to write", "choose a file")
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(beside, flags, mode_for(path)), "wb") as file:
            file.write(data)
            make_like(file.fileno(), path)
        os.replace(beside, path)
    except BaseException as error:
        beside.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise CassetteError(
            path,
            None,
            f"{error.strerror}",
            "a file that can be written",
            "check the path and its permissions",
        ) from None
