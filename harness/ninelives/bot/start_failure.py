"""The report about a bot that could not start: the exception, where it was raised, and what to do."""

from __future__ import annotations

import linecache
import os
import re
import signal
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from ninelives.bot import environment
from ninelives.bot.own_code import one_line, own_place, place_of_frame, shown
from ninelives.usage_error import UsageError

HANGS = 60.0
"""Real seconds after which code that waits counts as hanging."""

IDLE = 0.005
"""The share of a processor below which code counts as waiting. Code that works gets more, even on a busy
machine.
"""

BUSY = 10
"""Factor by which working code may take longer than waiting code."""


EMPTY_BODY = (
    "it reads runner_args.body, which is empty here: name a function that fills it, such as `async def "
    "called(runner_args): runner_args.body = {...}; await bot(runner_args)`"
)
"""A note that the error of a bot gets if it had asked for the body of a request."""


class CouldNotStart(UsageError):
    """The bot's own code failed before there was a conversation. `str()` is one line."""


class Exited(Exception):
    """The bot's code ended the process, or tried to."""

    def __init__(self, by: SystemExit) -> None:
        super().__init__(
            f"it called sys.exit({by.code!r})" if by.code is not None else "it called sys.exit()"
        )
        self.__traceback__ = by.__traceback__


class Hangs(BaseException):
    """The bot's code was still busy after the limit. A BaseException, so that its own `except Exception`
    cannot catch it.
    """

    def __init__(self, seconds: float, place: str) -> None:
        super().__init__(f"it was still busy after {seconds:g} s" + (f" at {place}" if place else ""))


def could_not_start(who: str, error: BaseException, said: str = "") -> CouldNotStart:
    """Return the report on one line. `said`: the last line that the bot printed before it ended."""
    what = str(error) if isinstance(error, Exited | Hangs) else one_line(error)
    place = "" if isinstance(error, Hangs) else place_of(error)
    printed = f", after it printed {said!r}" if said and isinstance(error, Exited) else ""
    return CouldNotStart(
        f"{who} could not start: {what}{printed}{f' ({place})' if place else ''}; {advice(error)}"
    )


def not_started(who: str, raised: Sequence[object], error: BaseException, said: str) -> CouldNotStart:
    """Return the report on a bot that came to no conversation. `raised`: what its own code raised."""
    if raised:
        return CouldNotStart(
            f"{who} could not start: {raised[0]}; run the bot by itself to see the full traceback"
        )
    return could_not_start(who, error, said)


def hangs(who: str, error: Hangs) -> CouldNotStart:
    """Return the report on a bot that held up the conversation, on one line."""
    return CouldNotStart(
        f"{who} hangs: {error}; code that waits must not block the event loop: await it, or run it by "
        "asyncio.to_thread()"
    )


def place_of(error: BaseException) -> str:
    """Return where an exception was raised in the user's own code, as far as known."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{shown(error.filename)}:{error.lineno}"
    return own_place(error.__traceback__)


def advice(error: BaseException) -> str:
    """Return what to do about an exception."""
    match error:
        case KeyError() if _from_environment(error):
            return f"set {error.args[0]} in the environment"
        case SyntaxError():
            return "fix it and try again"
        case Hangs():
            return "move the code that waits into the function that runs the bot, or give it a timeout"
        case ImportError():
            return _installation(error)
        case Exited():
            return "set what it checks for; ninelives runs it without command-line arguments"
        case FileNotFoundError() if not os.path.isabs(str(error.filename or "")):
            return "relative paths start at the working directory: run ninelives where you run the bot"
        case _ if type(error).__name__ == "NetworkBlocked":
            return "make it start without the network, or name a function that does"
        case _ if (name := _VARIABLE.search(str(error))) is not None and name[0] not in os.environ:
            return f"if it needs {name[0]}, set that in the environment"
        case _ if EMPTY_BODY in getattr(error, "__notes__", ()):
            return EMPTY_BODY
    return "run the bot by itself to see the full traceback, and fix it"


_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")


def _from_environment(error: KeyError) -> bool:
    frames = traceback.extract_tb(error.__traceback__)[-2:]
    return any(frame.filename in (os.getenv.__code__.co_filename, environment.__file__) for frame in frames)


def _installation(error: ImportError) -> str:
    if (extra := _extra_of_pipecat(error.__traceback__)) is not None:
        return f"pip install 'pipecat-ai[{extra}]'"
    named = re.search(r"No module named '(\w+)", str(error))
    if named is not None:
        missing = named[1]
        return f"install {missing}, or run ninelives in the Python environment of the bot"
    return "compare the installed packages with those that the bot was written for"


def _extra_of_pipecat(trace: TracebackType | None) -> str | None:
    """Return what to install, according to Pipecat's own module."""
    innermost = traceback.extract_tb(trace)[-1:]
    if not innermost or f"{os.sep}pipecat{os.sep}" not in innermost[0].filename:
        return None
    source = "".join(linecache.getlines(innermost[0].filename))
    named = re.search(r"pipecat-ai\[([\w,-]+)\]", source)
    return named[1] if named is not None else None


@contextmanager
def time_limit(seconds: float = HANGS) -> Iterator[None]:
    """Raise Hangs in code that blocks for this many real seconds, if this thread can be interrupted.

    Waiting code uses no processor time. Working code, on a machine with other work, has `BUSY` times as long.
    Within an asyncio task the exception ends only that task, so it is raised again at the end.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    began = time.monotonic()
    worked = time.process_time()
    rings = 0
    raised: Hangs | None = None

    def ring(_: int, frame: FrameType | None) -> None:
        nonlocal worked, rings, raised
        idle = time.process_time() - worked < seconds * IDLE
        worked, rings = time.process_time(), rings + 1
        if idle or rings >= BUSY:
            raised = raised or Hangs(seconds * rings, place_of_frame(frame))
            raise raised

    before: Any = signal.signal(signal.SIGALRM, ring)
    left, again = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # another limit, for example pytest-timeout's, stays in force
            signal.setitimer(signal.ITIMER_REAL, max(0.001, left - (time.monotonic() - began)), again)
        if raised is not None:
            raise raised
