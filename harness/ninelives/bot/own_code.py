"""Distinguishes the user's own code from installed code, to name the place where an exception was raised or a
value was asked for.
"""

from __future__ import annotations

import ast
import gc
import os
import sysconfig
import traceback
from functools import cache
from pathlib import Path
from types import FrameType, TracebackType

_INSTALLED = frozenset({"site-packages", "dist-packages"})


def syntax_of(source: str | bytes, filename: str = "<unknown>") -> ast.Module:
    """Parse Python as `ast.parse` does, with the same exceptions.

    The garbage collector is paused meanwhile. It may run code that parses too (to format the traceback of a
    task that nobody awaited), and then CPython 3.11 raises SystemError here (gh-106905).
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source, filename=filename)
    finally:
        if collects:
            gc.enable()


@cache
def is_own(filename: str) -> bool:
    """Whether a source file is the user's: not of the standard library, an installed package or command, or
    ninelives itself.
    """
    if not filename or filename.startswith("<"):
        return False
    path = Path(filename).absolute()
    return _INSTALLED.isdisjoint(path.parts) and not any(path.is_relative_to(each) for each in _not_own())


@cache
def _is_ours(filename: str) -> bool:
    return any(Path(filename).absolute().is_relative_to(each) for each in _ourselves())


@cache
def _not_own() -> tuple[Path, ...]:
    # Both with symlinks and resolved, because frames have either form.
    library = Path(os.__file__).parent
    commands = Path(sysconfig.get_path("scripts"))  # the command that was started: `ninelives` or `pytest`
    return (library, library.resolve(), commands, commands.resolve(), *_ourselves())


def _ourselves() -> list[Path]:
    """Return the packages of this distribution, wherever an editable installation has them."""
    from importlib.util import find_spec

    found = (find_spec(name) for name in ("ninelives", "mock_openai", "pipecat_responses"))
    return [Path(spec.origin).parent for spec in found if spec is not None and spec.origin is not None]


def own_place(trace: TracebackType | None) -> str:
    """Return where an exception was raised, as `bot.py:14, in run_bot`: the innermost line of the user's own
    code, or of installed code if none is the user's. Empty if there is neither.
    """
    frames = [frame for frame in traceback.extract_tb(trace) if not _is_ours(frame.filename)]
    own = [frame for frame in frames if is_own(frame.filename)]
    innermost = (own or frames)[-1:]
    return next((_place(f.filename, f.lineno, f.name) for f in innermost), "")


def touches_own_code(trace: TracebackType | None) -> bool:
    """Whether an exception passed through the user's own code."""
    return any(is_own(frame.filename) for frame in traceback.extract_tb(trace))


def place_of_frame(frame: FrameType | None) -> str:
    """Return where a running frame is in the user's own code; empty if it is not."""
    while frame is not None:
        if is_own(frame.f_code.co_filename):
            return _place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
        frame = frame.f_back
    return ""


def _place(filename: str, line: int | None, function: str) -> str:
    inside = "" if function == "<module>" else f", in {function}"
    return f"{shown(filename)}:{line}{inside}"


def shown(filename: str | Path) -> str:
    """Return a path for the terminal: relative to the working directory if it is below it."""
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def one_line(error: BaseException) -> str:
    """Return an exception's type and text on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
