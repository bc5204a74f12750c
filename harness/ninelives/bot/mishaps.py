"""Exceptions that a bot's own code raised and Pipecat caught: in processors, tools, event handlers and tasks.

Pipecat turns the first two into an ErrorFrame, which may reach nobody, and logs the others.
"""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import ErrorFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.utils.asyncio.task_manager import TaskManager
from pipecat.utils.base_object import BaseObject

from ninelives.bot.own_code import one_line, own_place, touches_own_code
from ninelives.patch import Patch


@dataclass(frozen=True, slots=True)
class Mishap:
    """One exception that only Pipecat caught."""

    at: float
    """Seconds since the bot started."""
    where: str
    """The processor, `the event handler NAME`, or `the task NAME`."""
    error: str
    """Type and text, on one line."""
    place: str
    """The innermost line of the user's own code, as `bot.py:14, in run_bot`."""
    trace: str
    """The whole traceback."""

    def __str__(self) -> str:
        return f"{self.where} raised {self.error}" + (f" ({self.place})" if self.place else "")


def lines(mishaps: Iterable[Mishap]) -> list[str]:
    """Return mishaps as lines, equal ones with a count."""
    return [
        line if times == 1 else f"{line}, {times} times"
        for line, times in Counter(str(each) for each in mishaps).items()
    ]


class Mishaps:
    """Collects mishaps, each once. `now` returns the time since the bot started."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.all: list[Mishap] = []
        self._now = now
        self._seen: list[BaseException] = []
        self._handling: set[asyncio.Future[None]] = set()

    def watch(self, processors: Iterable[FrameProcessor]) -> None:
        """Collect the errors of these processors."""
        for processor in processors:
            processor.add_event_handler("on_error", self._on_error)

    @contextmanager
    def overhear(self) -> Iterator[None]:
        """Collect for a while what event handlers and tasks raise."""
        _listeners.append(self)
        try:
            with _listening:
                yield
        finally:
            _listeners.remove(self)

    async def handlers_done(self, seconds: float) -> None:
        """Wait until no event handler of the bot runs any more, or the time in seconds is over."""
        try:
            async with asyncio.timeout(seconds):
                while self._handling:
                    await asyncio.wait(list(self._handling))
        except TimeoutError:
            return

    @contextmanager
    def handling(self) -> Iterator[None]:
        """Note that an event handler runs."""
        done = asyncio.get_running_loop().create_future()
        self._handling.add(done)
        try:
            yield
        finally:
            self._handling.discard(done)
            if not done.done():
                done.set_result(None)

    def note(self, where: str, error: BaseException) -> None:
        """Note an exception, unless it was noted before."""
        if any(error is each for each in self._seen):
            return
        self._seen.append(error)
        trace = "".join(traceback.format_exception(error))
        self.all.append(Mishap(self._now(), where, one_line(error), own_place(error.__traceback__), trace))

    async def _on_error(self, processor: FrameProcessor, frame: ErrorFrame, *_: object) -> None:
        if frame.exception is None:
            return
        # A service's reports about its connection are judged elsewhere. These are exceptions of the user's
        # own code, in a tool for example.
        if isinstance(processor, LLMService) and not touches_own_code(frame.exception.__traceback__):
            self._seen.append(frame.exception)
            return
        self.note(type(processor).__name__, frame.exception)


# Pipecat only logs what event handlers and tasks raise: this is the place to catch it.

of_this_bot: ContextVar[Mishaps | None] = ContextVar("ninelives_mishaps", default=None)
"""The mishaps of this context. Outside of any context, every collector gets them."""

_listeners: list[Mishaps] = []
_run_handler = BaseObject._run_handler
_create_task = TaskManager.create_task


async def _noting_handler(self: Any, event_name: str, handler: Any, *given: Any, **named: Any) -> None:
    where = f"the event handler {event_name}"

    def noting(*given: Any, **named: Any) -> Any:
        with _noted(where):
            return handler(*given, **named)

    async def noting_too(*given: Any, **named: Any) -> Any:
        mine = of_this_bot.get()
        with _noted(where), mine.handling() if mine is not None else nullcontext():
            return await handler(*given, **named)

    waits = inspect.iscoroutinefunction(handler)
    await _run_handler(self, event_name, noting_too if waits else noting, *given, **named)


def _create_noting(
    self: Any, coroutine: Coroutine[Any, Any, Any], name: str, *given: Any, **named: Any
) -> Any:
    return _create_task(self, _noting_task(coroutine, name), name, *given, **named)


_listening = Patch(
    (BaseObject, "_run_handler", _noting_handler), (TaskManager, "create_task", _create_noting)
)


async def _noting_task(coroutine: Coroutine[Any, Any, Any], name: str) -> Any:
    with _noted(f"the task {name.rpartition('::')[2]}"):
        return await coroutine


@contextmanager
def _noted(where: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        mine = of_this_bot.get()
        for each in [mine] if mine is not None else _listeners:
            each.note(where, error)
        raise
