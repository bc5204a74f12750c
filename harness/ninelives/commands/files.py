"""Writes output files; an error is one line instead of a traceback."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mock_openai.interruption import uninterrupted

from ninelives.cassette.errors import CassetteError
from ninelives.cassette.replacing import reporting, require_writable, write_all, write_whole
from ninelives.commands.printing import notes
from ninelives.usage_error import UsageError


def require_places(*paths: Path | None) -> None:
    """Raise UsageError for the first file that could not be written now. Call it before long work whose
    result goes there.
    """
    for path in paths:
        if path is None:
            continue
        with _refusing(path):
            if _is_special(path):
                with reporting(path):
                    _require_special(path)
            elif _our_output(path) is None:
                require_writable(path)


def require_appendable(path: Path) -> None:
    """Raise UsageError if `append_text` could not add to a file now. Its folder need not be writable."""
    if not os.path.isfile(path):
        require_places(path)
        return
    with _refusing(path), reporting(path):
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC))


def write_text(path: Path, text: str) -> None:
    """Write a text as `write_data` does."""
    write_data(path, text.encode())


def write_data(path: Path, data: bytes) -> None:
    """Write a file in one step, creating its folder; a device or a pipe is written directly, and so is the
    file to which our output goes (`--json /dev/stdout >> FILE`), which has more than this.

    Raises UsageError if that is not possible; an existing file is then unchanged.
    """
    with _refusing(path):
        if _is_special(path):
            with reporting(path):
                _write_directly(path, data)
        elif (output := _our_output(path)) is not None:
            sys.stdout.flush()
            with reporting(path):
                write_all(output, data)
        else:
            write_whole(path, data)


def append_text(path: Path, text: str) -> None:
    """Add to the end of a file, all of it or nothing; a device or a pipe is written directly. Raises
    UsageError if that is not possible.
    """
    if not os.path.isfile(path):
        write_text(path, text)
        return
    with _refusing(path), reporting(path), uninterrupted():
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            before = os.fstat(file).st_size
            try:
                write_all(file, text.encode())
            except OSError:
                os.ftruncate(file, before)
                raise
        finally:
            os.close(file)


@contextmanager
def deferred(errors: list[UsageError]) -> Iterator[None]:
    """Keep a UsageError for `raise_first`: what else there is to write or to print comes first."""
    try:
        yield
    except UsageError as error:
        errors.append(error)


def raise_first(errors: Sequence[UsageError]) -> None:
    """Raise the first of them, if any."""
    if errors:
        raise errors[0]


class Several:
    """Work on several files: one that fails is reported at once, and does not stop the others."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._failed: list[Path] = []

    @contextmanager
    def each(self, path: Path) -> Iterator[None]:
        """Report an error of this file. If there is no other file, it is raised instead."""
        try:
            yield
        except (CassetteError, UsageError) as error:
            if self._count == 1:
                raise
            notes(secrets=False).print(f"ninelives: {error}")
            self._failed.append(path)

    def end(self) -> None:
        """Raise UsageError with the files that failed, if any."""
        if self._failed:
            names = ", ".join(map(str, dict.fromkeys(self._failed)))
            raise UsageError(f"{len(set(self._failed))} of {self._count} files failed: {names}")


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except CassetteError as error:
        fix = "free some space, or choose another path" if "room" in error.expected else "choose another path"
        raise UsageError(f"{path} cannot be written ({error.found}); {fix}") from None


def _is_special(path: Path) -> bool:
    """Whether there is a device or a pipe."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _our_output(path: Path) -> int | None:
    """Return the descriptor of standard output or error, if it leads to the same file; otherwise None."""
    for output in (1, 2):
        with suppress(OSError):
            if os.path.samestat(os.stat(path), os.fstat(output)):
                return output
    return None


def _require_special(path: Path) -> None:
    """Raise OSError if a device or a pipe cannot be written. A pipe is not opened: its reader would take our
    closing it for the end.
    """
    if not stat.S_ISFIFO(path.stat().st_mode):
        os.close(os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY))
    elif not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _write_directly(path: Path, data: bytes) -> None:
    """Write into a device or a pipe. Raises OSError, also for a pipe that no program reads."""
    file = os.open(
        path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK
    )  # a pipe without a reader is an error then
    if stat.S_ISFIFO(os.fstat(file).st_mode):
        os.set_blocking(file, True)
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
