"""Barge-in: the caller begins to speak while the bot does, at once or after a word, and the interruption goes
through the pipeline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ninelives.bot.turn import Turn

BOUND = 5.0
"""Seconds to wait for an interruption to reach the service. It arrives at once, unless something blocks it.
"""


class BargeIn:
    """The interruptions of one bot's caller.

    `begin` makes the caller begin to speak; it returns False if there is nothing to interrupt, because the
    caller speaks already or the bot is idle. `change` waits until anything happens.
    """

    def __init__(self, begin: Callable[[], Awaitable[bool]], change: Callable[[], Awaitable[None]]) -> None:
        self._begin = begin
        self._change = change
        self._after: int | None = None
        """The word after which the caller interrupts."""
        self._made = asyncio.Event()
        self._through = asyncio.Event()

    async def now(self) -> None:
        """Begin to speak, and wait until Pipecat has interrupted the bot."""
        self._made.clear()
        self._through.clear()
        if await self._begin():
            await _within(BOUND, self._made.wait())

    async def after(self, turn: Turn, words: int) -> None:
        """Interrupt a turn after this many words, if it has that many."""
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
        """Note that Pipecat's interruption is about to enter the service."""
        self._made.set()

    def passed(self) -> None:
        """Note that the interruption has left the service."""
        self._through.set()

    async def said(self, turn: Turn | None) -> None:
        """Note that a piece of text passed. If it has the word, interrupt, and hold the stream meanwhile.

        A voice takes longer than the network: without holding, a server that sends everything at once would
        have sent the whole answer before the interruption arrives. The interruption cancels this wait.
        """
        if self._after is None or turn is None or _words(turn) < self._after:
            return
        self._after = None
        await self.now()
        await _within(BOUND, self._through.wait())


def _words(turn: Turn) -> int:
    return len(turn.text.split())


async def _within(seconds: float, waiting: Awaitable[Any]) -> None:
    """Wait for a limited time: a pipeline may swallow the awaited frame, and then the test must go on."""
    try:
        await asyncio.wait_for(waiting, seconds)
    except TimeoutError:
        return
