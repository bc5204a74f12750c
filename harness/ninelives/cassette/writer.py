"""Writes a cassette so that a crash loses at most the line that was being written.

Lines go to `FILE.partial`, each flushed to the operating system as it happens; `commit()` replaces the old
file by the finished one in one step, with the mode of the old one. If FILE is a symbolic link, all of this
happens beside the file that it leads to. A crash, an exception or Ctrl-C leaves the old cassette unchanged
and the partial beside it. A lock on the partial prevents two processes from writing one cassette. The next
recording renames a partial that it finds to `FILE.1.partial` and so on.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Self

from mock_openai.deprecation import warn_renamed

from ninelives.cassette.errors import CassetteError
from ninelives.cassette.line_writer import InexactRecording, LineWriter
from ninelives.cassette.lines import header_line
from ninelives.cassette.redact import Redactor
from ninelives.cassette.replacing import behind_links, make_like, mode_for, to_replace

_HEADER_AT_MOST = 1 << 20
_SUCH_AS = "cassettes/talk.jsonl"
TOOL = "ninelives 0.1"
"""The name of the tool in the header."""


class CassetteWriter:
    """Records into `path`. A context manager: commits on a clean exit, leaves the partial on an exception.

    `clock` returns milliseconds since the recording began. With `extend=True` the new lines follow those of
    the old cassette, otherwise they replace them. A recording in which nothing happened leaves the old
    cassette unchanged. Raises CassetteError if the file cannot be written or another process is recording
    into it.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        upstream: str = "",
        origin: str = "",
        recorded: str | None = None,
        redactor: Redactor | None = None,
        clock: Callable[[], float] | None = None,
        extend: bool = False,
    ) -> None:
        self.path = Path(path)
        self._real = behind_links(self.path)
        self.partial = self._real.with_name(self._real.name + ".partial")
        self.redactor = redactor or Redactor()
        self.lines = 0
        """How many lines this recording has written, without the header."""
        began = time.monotonic()
        self._clock = clock or (lambda: (time.monotonic() - began) * 1000)
        self._upstream, self._origin = upstream, origin
        self._recorded = recorded
        self._extend = extend
        self._connections = 0
        self._holding: set[LineWriter] = set()
        self.failure: str | None = None
        """Why the recording is unusable; None if it is usable."""
        self.begun: Callable[[], object] = lambda: None
        """Called when an exchange or socket begins."""
        self.aside: Path | None = None
        """The new name of a partial that was found when this recording began."""
        self._file: int | None = None
        self._ended = False
        self._refused: OSError | None = None
        """Why nothing more can be written to the file."""
        self._one_at_a_time = threading.Lock()

    @property
    def connections(self) -> int:
        """How many exchanges and sockets are in the file, including those of an extended cassette."""
        return self._connections

    def line_writer(self) -> LineWriter:
        """Begin a new exchange or socket; they are numbered in the order of these calls."""
        self.open()
        self._connections += 1
        self.begun()
        return LineWriter(self._connections, self.write, self.redactor, self._clock, self._holding)

    def track(self) -> LineWriter:
        """The deprecated name of `line_writer`."""
        warn_renamed("CassetteWriter.track", "CassetteWriter.line_writer", gone="0.3")
        return self.line_writer()

    def open(self) -> None:
        """Create and lock the partial and write the header; otherwise the first line does that."""
        if self._file is not None:
            return
        to_replace(self.path, f"choose a file, such as {_SUCH_AS}")
        try:
            self._real.parent.mkdir(parents=True, exist_ok=True)
            self._file, self.aside = _open_locked(self.partial, mode_for(self._real))
            make_like(self._file, self._real)
        except BlockingIOError:
            raise CassetteError(
                self.partial,
                None,
                "the lock of another recording",
                "no other process writing this cassette",
                "wait for it to end, or record into another file",
            ) from None
        except OSError as error:
            raise CassetteError(
                self.partial,
                None,
                f"{error.strerror}",
                "a folder that can be written",
                "check the path and its permissions",
            ) from None
        try:
            self._begin()
        except BaseException:
            self.partial.unlink(missing_ok=True)  # nothing was recorded; later lines fail in the same way
            if self._refused is None:
                os.close(self._file)
                self._file = None
            raise

    def _begin(self) -> None:
        old = self._old_lines()
        recorded = self._recorded or datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        header = header_line(
            recorded=recorded,
            upstream=self._clean(self._upstream),
            tool=TOOL,
            origin=self._clean(self._origin),
        )
        self._write(old or header)

    def write(self, line: bytes) -> None:
        """Append one line, including its newline, from any thread; does nothing once the recording has
        ended.
        """
        if self._ended:
            return
        self.open()
        with self._one_at_a_time:
            self._write(line)
            self.lines += 1

    def fail(self, reason: str) -> None:
        """Mark the recording as unusable: commit() will refuse, and say why."""
        self.failure = self.failure or reason

    def commit(self) -> None:
        """Replace the old cassette by the recording in one atomic step."""
        if self._file is None:
            return
        self._write_held()
        if self.failure is not None:
            self.abandon()
            raise CassetteError(
                self.partial,
                None,
                f"a recording that failed ({self.failure})",
                "an exact recording",
                "the old cassette is untouched; record again",
            )
        try:
            os.fsync(self._file)
            os.replace(self.partial, self._real)
        except OSError as error:
            raise self._full(error) from None
        self._close()

    def abandon(self) -> None:
        """Stop writing. The partial stays beside the old cassette, which is unchanged; a partial without
        lines is removed.
        """
        if self._file is not None:
            self._write_held()
            if not self.lines:
                self.partial.unlink(missing_ok=True)
            self._close()

    def _close(self) -> None:
        assert self._file is not None
        with self._one_at_a_time:
            os.close(self._file)
            self._file, self._ended = None, True

    def _write_held(self) -> None:
        try:
            for line_writer in list(self._holding):
                line_writer.finish()
        except (InexactRecording, CassetteError) as error:
            self.fail(str(error))

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        if self._refused is not None:  # the file ends in half a line: nothing may follow it
            raise self._full(self._refused)
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            self._refused = error
            raise self._full(error) from None

    def _full(self, error: OSError) -> CassetteError:
        fix = "free some space, or record into another folder; what was already written is kept"
        return CassetteError(self.partial, None, f"{error.strerror}", "room for more data", fix)

    def _clean(self, text: str) -> str:
        return self.redactor.text(text.encode()).decode()

    def _old_lines(self) -> bytes:
        if not self._extend or not self.path.exists():
            return b""
        from ninelives.cassette.reader import read

        old = read(self.path)
        self._connections = max((line.c for line in old.lines), default=0)
        last = max((line.t for line in old.lines), default=0)
        clock = self._clock
        self._clock = lambda: last + clock()
        data = self.path.read_bytes()
        return data if data.endswith(b"\n") else data + b"\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.commit()
        else:
            self.abandon()


def _open_locked(path: Path, mode: int) -> tuple[int, Path | None]:
    """Open and lock a new file; an older partial is renamed, and its new name returned. Raises
    BlockingIOError if another process has the lock.
    """
    aside = None
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, mode)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.fstat(file).st_ino == path.stat().st_ino:
                if not _holds_more_than_a_header(file):
                    os.ftruncate(file, 0)
                    return file, aside
                aside = _free(path)
                path.rename(aside)
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # it was renamed, here or by the process that had the lock: take the new one


def _holds_more_than_a_header(file: int) -> bool:
    _, newline, rest = os.pread(file, _HEADER_AT_MOST, 0).partition(b"\n")
    return bool(newline and rest.strip())


def _free(partial: Path) -> Path:
    """Return `FILE.1.partial`, or the same with the next free number."""
    names = (partial.with_suffix(f".{number}.partial") for number in count(1))
    return next(name for name in names if not name.exists())
