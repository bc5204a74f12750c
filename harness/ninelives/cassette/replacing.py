"""Replaces a file in one step: no reader sees it half written, links are followed, mode and owner are kept.

A new file gets the mode that the umask allows, as with other programs: cassettes are meant to be committed. A
replacement is never more accessible than the old file, not even for a moment.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE, S_ISDIR, S_ISREG

from mock_openai.interruption import at_once, uninterrupted

from ninelives.cassette.errors import CassetteError

NEW = 0o666
"""The mode of a new file, before the umask."""
_PRIVATE = 0o600
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def behind_links(path: Path) -> Path:
    """Return the file to which a path leads. Raises CassetteError if its links form a circle, or if the
    current folder was removed.
    """
    with reporting(path):
        real = Path(os.path.realpath(path))
    if os.path.islink(real):
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
        with suppress(OSError):
            os.fchown(file, old.st_uid, old.st_gid)
    os.fchmod(file, S_IMODE(old.st_mode))


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in place in one step. Raises CassetteError if it cannot be written."""
    real = to_replace(path)
    with reporting(path), uninterrupted():
        real.parent.mkdir(parents=True, exist_ok=True)
        with _new_file(real.parent, real) as (file, beside):
            write_all(file, data)
            make_like(file, real)
            os.replace(beside, real)


def write_all(file: int, data: bytes) -> None:
    """Write all of the data to a descriptor. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def require_writable(path: Path) -> None:
    """Raise CassetteError if `write_whole` could not put a file there now. Nothing is left behind."""
    real = to_replace(path)
    with reporting(path), uninterrupted():
        folder = real.parent
        while not folder.exists():
            folder = folder.parent
        with _new_file(folder, real) as (file, _):
            os.write(file, b"\n")


@contextmanager
def reporting(path: Path) -> Iterator[None]:
    """Raise CassetteError, which names the path, for an OSError."""
    try:
        yield
    except OSError as error:
        room = error.errno in _NO_ROOM
        raise CassetteError(
            path,
            None,
            error.strerror or str(error),
            "room for more data" if room else "a file that can be written",
            "free some space, or choose another folder" if room else "check the path and its permissions",
        ) from None


def to_replace(path: Path, fix: str = "choose a file") -> Path:
    """Return the file that will be replaced or made, behind all links. Raises CassetteError if there is
    something else, or can be nothing.
    """
    real = behind_links(path)
    with reporting(path):
        try:
            mode = real.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return real
    if not S_ISREG(mode):
        what = "a folder" if S_ISDIR(mode) else "a device or pipe"
        raise CassetteError(path, None, what, "a file to write", fix)
    return real


@contextmanager
def _new_file(folder: Path, real: Path) -> Iterator[tuple[int, Path]]:
    """Open a new file in a folder, and remove it in the end under that name, however that comes.

    The name is random: containers that share a folder may have the same process id.
    """
    beside = folder / f".ninelives-{os.urandom(8).hex()}.tmp"

    def remove() -> None:
        beside.unlink(missing_ok=True)

    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    at_once.append(remove)
    try:
        file = os.open(beside, flags, mode_for(real))
        try:
            yield file, beside
        finally:
            os.close(file)
            remove()
    finally:
        at_once.remove(remove)
