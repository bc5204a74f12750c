"""Decides when a turn is over: Pipecat's flush probe has come back, and no response or tool call is open."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable

from pipecat.processors.aggregators.llm_context import LLMContext

from ninelives.bot.hosting import Host
from ninelives.bot.listener import Listener
from ninelives.bot.turn import Turn, TurnTimeout
from ninelives.frames.lines import to_lines


class TurnEnd:
    """Waits for the end of the open turn, within `timeout` seconds on the loop's clock."""

    def __init__(
        self,
        host: Host,
        listener: Listener,
        timeout: Callable[[], float],
        context: Callable[[], LLMContext],
        now: Callable[[], float],
    ) -> None:
        self._context = context
        self._timeout = timeout
        self._host = host
        self._listener = listener
        self._now = now
        self._happened = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self, turn: Turn) -> None:
        """Watch this turn from now on, and no other."""
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._until_over(turn), name=f"turn {turn.number}")
        self._task.add_done_callback(_retrieve)

    async def over(self, turn: Turn) -> None:
        """Wait until a turn is over. Raises `TurnTimeout`."""
        while turn.ended is None:
            task = self._task
            if task is None:
                raise RuntimeError("the bot has stopped, so this turn cannot end")
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()

    async def stop(self) -> None:
        """Stop watching."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
        self._task = None

    def changed(self) -> None:
        """Note that something happened."""
        self._happened.set()

    async def change(self) -> None:
        """Wait until anything happens."""
        self._happened.clear()
        await self._happened.wait()

    async def _until_over(self, turn: Turn) -> None:
        bound = self._timeout()
        try:
            async with asyncio.timeout(bound):
                while not self._host.running.done():
                    results = self._listener.results
                    through = await self._host.drained()
                    if self._listener.quiet and (through or turn.ends > 0):
                        if through and self._listener.results > results:
                            continue  # the probe may have overtaken the answer to a tool's result
                        break
                    if not self._listener.quiet:
                        await self.change()
        except TimeoutError:
            turn.timed_out = True
            self.changed()
            last = to_lines(turn.frames[-12:])
            raise TurnTimeout(turn, bound, self._listener.pending, last) from None
        turn.context = copy.deepcopy(list(self._context().get_messages()))
        turn.ended = self._now()
        self.changed()


def _retrieve(task: asyncio.Task[None]) -> None:
    """Retrieve the timeout of a turn to which nobody listens, so that asyncio does not report it."""
    if not task.cancelled():
        task.exception()
