"""Calls a hosted bot's watcher before each of its workers starts, and leaves the signals to its host."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol

from pipecat.pipeline.worker import PipelineWorker
from pipecat.workers.runner import WorkerRunner

from ninelives.patch import Patch


class Watcher(Protocol):
    """The watcher for the workers of a bot."""

    def show(self, worker: PipelineWorker) -> bool:
        """Prepare a worker that is about to start. Return whether it may start."""


# Pipecat has no hook between the making of a worker and its start, so the start itself is replaced, for
# workers of hosted bots only. Meanwhile no runner handles signals: with Ctrl-C, that of Pipecat's eval
# harness would end its own pipeline, and the eval would go on without it.

watcher_of_this_bot: ContextVar[Watcher | None] = ContextVar("ninelives_watcher", default=None)
_run = PipelineWorker.run


def workers_are_shown() -> Patch:
    """Call the watchers of hosted bots while any is hosted."""
    return _starts


async def _run_shown(self: PipelineWorker, *given: Any, **named: Any) -> None:
    watcher = watcher_of_this_bot.get()
    if watcher is None or watcher.show(self):
        await _run(self, *given, **named)


def _without_signals(self: WorkerRunner) -> None:
    """Leave the signals as they are."""


_starts = Patch(
    (PipelineWorker, "run", _run_shown),
    (WorkerRunner, "_setup_sigint", _without_signals),
    (WorkerRunner, "_setup_sigterm", _without_signals),
)
