"""Calls a hosted bot's watcher before each of its workers starts, and leaves the signals to the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from pipecat.pipeline.worker import PipelineWorker
from pipecat.workers.runner import WorkerRunner


class Watcher(Protocol):
    """The watcher for the workers of a bot."""

    def show(self, worker: PipelineWorker) -> bool:
        """Prepare a worker that is about to start. Return whether it may start."""


# Pipecat has no hook between the making of a worker and its start, so the start itself is replaced, for
# workers of hosted bots only. Their runners leave the signals to the test.

watcher_of_this_bot: ContextVar[Watcher | None] = ContextVar("ninelives_watcher", default=None)
_watching = 0
_run = PipelineWorker.run
_signals = ("_setup_sigint", "_setup_sigterm")
_set_up = {name: getattr(WorkerRunner, name) for name in _signals}


@contextmanager
def workers_are_shown() -> Iterator[None]:
    """Call the watchers of hosted bots while any is hosted."""
    global _watching
    _watching += 1
    if _watching == 1:
        PipelineWorker.run = _run_shown  # type: ignore[method-assign]
        for name, original in _set_up.items():
            setattr(WorkerRunner, name, _without_signals(original))
    try:
        yield
    finally:
        _watching -= 1
        if not _watching:
            PipelineWorker.run = _run  # type: ignore[method-assign]
            for name, original in _set_up.items():
                setattr(WorkerRunner, name, original)


async def _run_shown(self: PipelineWorker, *given: Any, **named: Any) -> None:
    watcher = watcher_of_this_bot.get()
    if watcher is None or watcher.show(self):
        await _run(self, *given, **named)


def _without_signals(original: Callable[[WorkerRunner], None]) -> Callable[[WorkerRunner], None]:
    def set_up(self: WorkerRunner) -> None:
        if watcher_of_this_bot.get() is None:
            original(self)

    return set_up
