"""The errors of virtual time, and their texts.

VirtualTimeError |- VirtualDeadlock nothing can happen any more, or nothing but timers, or an outside job
never ends `- NotVirtual the running loop cannot run in virtual time
"""

from __future__ import annotations

import asyncio
import os
from types import FrameType
from typing import Any


class VirtualTimeError(RuntimeError):
    """Base of all errors of virtual time."""


class NotVirtual(VirtualTimeError):
    """A loop that cannot run in virtual time, such as uvloop's."""


class VirtualDeadlock(VirtualTimeError):
    """Nothing can happen any more, but the program waits.

    Raised out of the running loop instead of hanging forever. The text ends with a dump of all tasks.
    """

    tasks: tuple[str, ...]
    """Return one line per unfinished task: its name and where it waits."""

    def __init__(self, why: str, tasks: tuple[str, ...] = ()) -> None:
        self.tasks = tasks
        dump = "".join(f"\n  {line}" for line in tasks) or "\n  (no task)"
        super().__init__(f"{why}\nUnfinished tasks, with the place where each waits:{dump}")


def task_dump(loop: asyncio.AbstractEventLoop) -> tuple[str, ...]:
    """Return one line per unfinished task of `loop`: name, where it was entered, and where it waits now."""
    tasks = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
    return tuple(f"{task.get_name()}: {_suspended_at(task)}" for task in tasks)


def _suspended_at(task: asyncio.Task[Any]) -> str:
    frames = _frames(task.get_coro())
    if not frames:
        return repr(task.get_coro())
    places = [_place(frame) for frame in frames]
    if len(places) == 1:
        return places[0]
    return f"{places[0]} > {places[-1]}"


def _frames(awaitable: Any) -> list[FrameType]:
    """Return the chain of suspended coroutines, outermost first."""
    frames: list[FrameType] = []
    while awaitable is not None:
        frame = getattr(awaitable, "cr_frame", None) or getattr(awaitable, "gi_frame", None)
        if frame is None:
            frame = getattr(awaitable, "ag_frame", None)
        if frame is not None:
            frames.append(frame)
        awaitable = (
            getattr(awaitable, "cr_await", None)
            or getattr(awaitable, "gi_yieldfrom", None)
            or getattr(awaitable, "ag_await", None)
        )
    return frames


def _place(frame: FrameType) -> str:
    path = os.path.join(*frame.f_code.co_filename.split(os.sep)[-2:])
    return f"{frame.f_code.co_qualname} ({path}:{frame.f_lineno})"
