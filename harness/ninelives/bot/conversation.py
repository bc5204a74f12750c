"""The state and results of a conversation with a bot, with or without sound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ninelives.bot.hosting import DidNotStart, Host
from ninelives.bot.listener import Listener
from ninelives.bot.mishaps import Mishap, Mishaps
from ninelives.bot.service_reports import ServiceReports
from ninelives.bot.turn import Frames, ReportedError, Turn
from ninelives.virtual.loop import VirtualLoop

TO_GREET = 5.0
"""Seconds for a bot's handlers to begin a greeting after somebody connects."""


class Conversation:
    """A conversation with one bot. All times are seconds since it began, on the loop's clock."""

    def __init__(self, on_change: Callable[[], None], on_unasked: Callable[[float], Turn]) -> None:
        self.started = 0.0
        """When the conversation began, on the loop's clock."""
        self._listener = Listener(on_change, on_unasked)
        self._mishaps = Mishaps(self._now)
        self._reports = ServiceReports(self._listener)

    @property
    def frames(self) -> Frames:
        """All frames that left the bot's LLM services so far, in both directions."""
        return self._listener.frames

    @property
    def errors(self) -> list[ReportedError]:
        """All errors reported so far, including those between turns."""
        return self._listener.errors

    @property
    def connection_errors(self) -> list[str]:
        """What `on_connection_error` of the services reported, in order."""
        return self._reports.connection_errors

    @property
    def mishaps(self) -> list[Mishap]:
        """Exceptions of the bot's own code so far, in processors, tools, event handlers and tasks."""
        return self._mishaps.all

    @property
    def heard(self) -> str:
        """Everything that the bot's models have said so far."""
        return "".join(turn.text for turn in self._listener.turns)

    @property
    def speaks(self) -> bool:
        """Whether the bot has text-to-speech or a transport of its own; False until its pipeline is known."""
        return self._listener.speaks

    async def _start(self, host: Host) -> None:
        """Start the bot. Raises RuntimeError with the errors so far if its pipeline does not start."""
        try:
            await host.start()
        except DidNotStart as error:
            reasons = [each.message for each in self.errors] + self.connection_errors
            raise RuntimeError(f"{error}. Errors so far: {'; '.join(reasons) or 'none'}") from None

    def _starts_now(self) -> None:
        loop = asyncio.get_running_loop()
        self.started = loop.time()
        self.frames.virtual = isinstance(loop, VirtualLoop)

    def _now(self) -> float:
        return asyncio.get_running_loop().time() - self.started
