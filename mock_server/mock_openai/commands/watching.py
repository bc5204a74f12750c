"""`--watch`: the script and the faults are reloaded when their files change; a file that cannot be read
changes nothing and is reported.

watchfiles (MIT, wheels for all platforms) asks the kernel for changes. Folders are watched, not files:
editors save by renaming, and a mounted ConfigMap changes a link beside the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mock_openai.commands.usage_error import fail
from mock_openai.faults import PlanError, load
from mock_openai.files import SCRIPT_SIZE, read_bytes
from mock_openai.responders.script import Script
from mock_openai.server import MockServer
from mock_openai.source import ScriptError

_QUIET = 50
"""Milliseconds without a further change after which files are read: an editor may write in several steps."""
_LOOK_AGAIN = 500
"""Milliseconds after which files are compared with their last content even if no change was noticed."""


@dataclass(slots=True)
class Watched:
    """One file, and its content when it was last read."""

    option: str
    path: Path
    content: bytes | None = field(init=False)

    def __post_init__(self) -> None:
        self.content = self._read()

    def changed(self) -> bool:
        """Read the file and return whether its content has changed."""
        before, self.content = self.content, self._read()
        return self.content != before

    def _read(self) -> bytes | None:
        try:
            return read_bytes(self.path, SCRIPT_SIZE)
        except OSError:
            return None


def watched(*, script: Path | None, faults: Path | None) -> list[Watched]:
    """Return the files to watch, in the order in which they are read. Ends the command if there are none, or
    if watchfiles is not installed.
    """
    if script is None and faults is None:
        fail("--watch: there is no file to watch; give --script FILE or --faults FILE")
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        fail("--watch needs the package watchfiles: pip install 'ninelives[watch]'")
    given = (("--script", script), ("--faults", faults))
    return [Watched(option, path) for option, path in given if path is not None]


async def watch(server: MockServer, files: list[Watched], say: Callable[[str], None]) -> None:
    """Reload a server's files until cancelled; `say` is called with a line for each change."""
    from watchfiles import awatch

    folders = {file.path.absolute().parent for file in files}
    # awatch begins to watch only when it is first awaited, so it misses a change just before that; the
    # comparison after each timeout finds it.
    changes = awatch(
        *folders,
        watch_filter=None,
        debounce=_QUIET * 4,
        step=_QUIET,
        recursive=False,
        rust_timeout=_LOOK_AGAIN,
        yield_on_timeout=True,
    )
    try:
        async for _ in changes:
            _read_again(server, files, say)
    except (OSError, RuntimeError) as error:  # as when the kernel's limit of watches is reached
        say(f"--watch: files are no longer watched ({error}); the server keeps the current script and faults")


def _read_again(server: MockServer, files: list[Watched], say: Callable[[str], None]) -> None:
    for file in files:
        if not file.changed():
            continue
        try:
            say(_reload(server, file))
        except (ScriptError, PlanError) as error:
            say(f"{error}; the server keeps the previous version")


def _reload(server: MockServer, file: Watched) -> str:
    if file.option == "--script":
        server.reload(script=Script.load(file.path))
        return f"{file.path} was reloaded: {_many(len(server.script.rules), 'rule')}"
    planned = load(file.path)
    server.reload(faults=planned)
    return f"{file.path} was reloaded: {_many(len(planned), 'fault')}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
