"""Cutting in: how a caller begins to speak while the bot does, at once or after a word, and when that has got
through the pipeline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ninelives.bot.turn import Turn

BOUND = 5.0
"""Seconds to wait for an interruption to reach the service. It takes none, unless something holds it back."""


class BargeIn:
    """One bot's caller, as far as cutting in goes.

    `begin` has the caller begin to speak; it gives False when there was nothing to do, since the caller
    speaks already or the bot does nothing. `change` waits until anything happens.
    """

    def __init__(self, begin: Callable[[], Awaitable[bool]], change: Callable[[], Awaitable[None]]) -> None:
        self._begin = begin
        self._change = change
        self._after: int | None = None
        """The word after which the caller means to cut in."""
        self._made = asyncio.Event()
        self._through = asyncio.Event()

    async def now(self) -> None:
        """Begin to speak, and wait until Pipecat has made an interruption of it."""
        self._made.clear()
        self._through.clear()
        if await self._begin():
            await _within(BOUND, self._made.wait())

    async def after(self, turn: Turn, words: int) -> None:
        """Cut in after so many words of a turn that goes on, if it comes to that."""
        self._after = words
        try:
            while turn.ended is None and turn.interrupted is None and not turn.timed_out:
                if _words(turn) >= words and self._after is not None:
                    break
                await self._change()
        finally:
            self._after = None
        if turn.ended is None and turn.interrupted is None:
            await self.now()

    # --- what is seen of it ----------------------------------------------------------------------------

    def made(self) -> None:
        """Pipecat has made an interruption of it, which is about to enter the service."""
        self._made.set()

    def through(self) -> None:
        """The interruption has left the service."""
        self._through.set()

    async def said(self, turn: Turn | None) -> None:
        """A piece of text just passed: cut in if this was the word, and hold the stream meanwhile.

        A speaker takes longer than the wire: without holding, a server that sends everything at once would
        have said it all before the interruption gets through. Pipecat cancels this very wait by interrupting.
        """
        if self._after is None or turn is None or _words(turn) < self._after:
            return
        self._after = None
        await self.now()
        await _within(BOUND, self._through.wait())


def _words(turn: Turn) -> int:
    return len(turn.text.split())


async def _within(seconds: float, waiting: Awaitable[Any]) -> None:
    """Wait, but not for ever: a pipeline may swallow what is waited for, and the test goes on regardless."""
    try:
        await asyncio.wait_for(waiting, seconds)
    except TimeoutError:
        return
