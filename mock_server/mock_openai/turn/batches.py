"""Makes the events of an answer in batches; those of a large one in a thread."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator

from mock_openai.protocol.events import Timed
from mock_openai.protocol.reply import Reply
from mock_openai.responders.answer import Recorded
from mock_openai.threads import in_thread, is_large

_TOGETHER = 64 * 1024
"""Bytes of events that are made at once."""


async def in_batches(
    coming: Iterator[Timed], answer: Reply | Recorded, elapsed: float
) -> AsyncGenerator[Iterable[Timed], None]:
    """Yield the events of an answer in batches; a small answer in one. `elapsed` is how far the turn is, in
    seconds. An event that is due later is made once the events before it have left, so that times in it are
    current.
    """
    if isinstance(answer, Recorded) or not is_large(answer):
        yield coming
        return
    over = False
    while not over:
        some, over = await in_thread(_next, coming, elapsed)
        yield some
        elapsed = max(elapsed, some[-1].at) if some else elapsed


def _next(coming: Iterator[Timed], elapsed: float) -> tuple[list[Timed], bool]:
    """Return the next events, and whether there are no more."""
    some: list[Timed] = []
    size = 0
    for timed in coming:
        some.append(timed)
        size += len(timed.event.data)
        if size >= _TOGETHER or timed.at > elapsed:
            return some, False
    return some, True
