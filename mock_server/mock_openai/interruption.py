"""What SIGINT, SIGTERM and SIGHUP do to a command: the first ends it in order, the second at once.

    listen()                           # the first signal raises Interrupted, and the program ends
    with uninterrupted(): ...          # not in the middle of this
    with last_words(text): ...         # an end in here prints `text()`, whichever way it comes
    with handling_signals(stop): ...     # or, while a loop runs, `stop(number)` is called in it

Where a loop runs, Interrupted is raised by a callback of its own between two steps, so it comes out of
`run_until_complete` and never out of a task: there it would be caught, logged, or held back in an exception
group by code that is not ours.

`handling_signals` is for programs that have something to save: they end in steps of limited length. `listen`
is for the others: what they leave open, such as a bot's own code, must end within `LIMIT`.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

from mock_openai.visible import visible

LIMIT = 1.5
"""Seconds that an interrupted program has to end by itself. An `uninterrupted` block may finish first."""

NUMBERS = tuple(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)
    and (name != "SIGHUP" or signal.getsignal(signal.Signals[name]) is not signal.SIG_IGN)
)
"""The signals that end a command. A closed terminal (SIGHUP) is none of them under `nohup`."""

at_once: list[Callable[[], object]] = []
"""Called before the process ends at once: what must not outlive it, such as a child process."""

_interrupted: int | None = None
_waiting = False
"""Whether a signal waits for the end of an `uninterrupted` block."""
_depth = 0
_whole = threading.RLock()
"""Held by an `uninterrupted` block, so that the limit does not end the process in the middle of it."""


class Interrupted(KeyboardInterrupt):
    """A signal asked this program to end."""


def listen() -> None:
    """Raise Interrupted in the main thread at the first signal, and end the process at the second."""
    if signal.getsignal(signal.SIGTERM) is _interrupt:
        return
    at_once.append(_give_back_terminal())
    atexit.register(_ignore)  # the first of all, so it runs last
    sys.unraisablehook = _raise_again(sys.unraisablehook)
    for number in NUMBERS:
        signal.signal(number, _interrupt)


def run_command(module: str) -> None:
    """Run the `main` of a command line, and handle signals even while it still imports."""
    try:
        listen()
        import_module(module).main()
    except BaseException:  # also what code of others makes of the signal
        leave_if_interrupted()
        raise


def raise_if_interrupted() -> None:
    """Raise Interrupted again if other code has caught it."""
    if _interrupted is not None:
        raise Interrupted(signal.Signals(_interrupted).name)


def leave_if_interrupted() -> None:
    """End the process if Interrupted was raised, with the exit code that shells expect. What was printed is
    flushed; no thread and no child is waited for.
    """
    if _interrupted is not None:
        _flush_and_end(128 + _interrupted)


def stop_listening() -> None:
    """End the process at the next signal, because the command is over and nothing is left to save."""
    for number in NUMBERS:
        signal.signal(number, lambda number, frame: _flush_and_end(128 + number))


def _ignore() -> None:
    """Ignore signals while the interpreter shuts down. It restores their default effect, and a second signal
    would replace the exit code.
    """
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let the first signal wait until the block is left: for short work of ours, such as writing a line."""
    global _depth
    if threading.current_thread() is not threading.main_thread():  # no signals reach other threads
        with _whole:
            yield
        return
    with _whole:
        _depth += 1
        try:
            yield
        finally:
            _depth -= 1
            if _waiting and not _depth:
                _deliver()


@contextmanager
def last_words(text: Callable[[], str]) -> Iterator[None]:
    """Print `text()` on standard error, once, if the program is interrupted within the block."""
    left = [text]

    def say() -> None:
        if left:
            _write_without_waiting(f"{visible(left.pop()())}\n".encode(errors="replace"))

    at_once.append(say)
    try:
        yield
    except BaseException as error:
        if _interrupted is not None or isinstance(error, KeyboardInterrupt):
            with uninterrupted():
                say()
        raise
    finally:
        at_once.remove(say)


@contextmanager
def handling_signals(call: Callable[[int], object]) -> Iterator[None]:
    """Call a function in the running loop at the first signal, and end the process at the second."""
    import asyncio  # half the time that `--help` takes

    loop = asyncio.get_running_loop()

    def handle(number: int, frame: FrameType | None) -> None:
        _end_at_the_next()
        with suppress(RuntimeError):  # the loop is closed: it is ending already
            loop.call_soon_threadsafe(call, number)

    if threading.current_thread() is not threading.main_thread():  # no signals reach other threads
        yield
        return
    before = {number: signal.signal(number, handle) for number in NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _interrupted
    _interrupted = number
    _end_at_the_next()
    threading.Thread(target=_end_later, args=(128 + number,), daemon=True).start()
    _deliver()


def _deliver() -> None:
    global _waiting
    _waiting = _depth > 0
    if _waiting:
        return
    loop = _running_loop()
    if loop is None:
        raise_if_interrupted()
    else:
        loop.call_soon_threadsafe(raise_if_interrupted)


def _running_loop() -> Any:
    """Return the loop that runs in this thread, if any."""
    asyncio = sys.modules.get("asyncio")  # not imported here: half the time that `--help` takes
    try:
        return asyncio.get_running_loop() if asyncio is not None else None
    except (RuntimeError, AttributeError):  # none runs, or asyncio is just being imported
        return None


def _raise_again(hook: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return a hook for exceptions that no code can catch.

    The signal may come in a finalizer, whose exceptions Python prints and drops: Interrupted is then raised
    again outside it.
    """

    def raise_again(unraisable: Any) -> None:
        if not isinstance(unraisable.exc_value, Interrupted):
            hook(unraisable)
        elif _interrupted is not None:
            signal.signal(signal.SIGINT, _interrupt_again)
            threading.Thread(target=_send_again, daemon=True).start()

    return raise_again


def _send_again() -> None:
    _sleep_on_the_real_clock(0.01)  # the finalizer's end
    os.kill(os.getpid(), signal.SIGINT)


def _interrupt_again(number: int, frame: FrameType | None) -> None:
    _end_at_the_next()
    _deliver()


def _end_at_the_next() -> None:
    for number in NUMBERS:
        signal.signal(number, lambda number, frame: _end(128 + number))


def _end_later(code: int) -> None:
    _sleep_on_the_real_clock(LIMIT)
    with _whole:
        _end(code)


def _sleep_on_the_real_clock(seconds: float) -> None:
    threading.Event().wait(seconds)  # not `time.sleep`, whose clock may be a virtual one


def _flush_and_end(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, RuntimeError, AttributeError):
            stream.flush()
    _end(code)


def _end(code: int) -> NoReturn:
    for each in tuple(at_once):
        with suppress(Exception):
            each()
    os._exit(code)


def _write_without_waiting(data: bytes, file: int = 2) -> None:
    """Write to a file descriptor (standard error by default) past Python's buffer, whose lock another thread
    may hold. Writes nothing if that would block, because perhaps nobody reads.
    """
    with suppress(OSError):
        if os.name == "nt" or select.select([], [file], [], 0)[1]:
            os.write(file, data)


def _give_back_terminal() -> Callable[[], None]:
    """Return a function that restores the terminal to its present state, which a line editor or a progress
    bar may change.
    """
    terminal = next((file for file in (0, 1, 2) if _is_terminal(file)), None)
    if terminal is None:
        return lambda: None
    import termios

    before = termios.tcgetattr(terminal)

    def give_back() -> None:
        if os.tcgetpgrp(terminal) != os.getpgrp():  # in the background this would stop the process
            return
        if termios.tcgetattr(terminal) != before:
            termios.tcsetattr(terminal, termios.TCSANOW, before)
            _write_without_waiting(_LINE_EDITOR_OFF, terminal)
        _write_without_waiting(_CURSOR_ON, terminal)

    return give_back


_LINE_EDITOR_OFF = b"\x1b[?2004l\x1b[0m\r\n"
_CURSOR_ON = b"\x1b[?25h"


def _is_terminal(file: int) -> bool:
    with suppress(OSError):
        return os.name == "posix" and os.isatty(file)
    return False
