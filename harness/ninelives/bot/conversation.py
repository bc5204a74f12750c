"""What came of a conversation with a bot, with or without a voice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ninelives.bot.listener import Listener
from ninelives.bot.mishaps import Mishap, Mishaps
from ninelives.bot.turn import Frames, ReportedError, Turn
from ninelives.virtual.loop import VirtualLoop

TO_GREET = 5.0
"""Seconds for the handlers of a bot to begin a greeting when somebody connects."""


class Conversation:
    """A conversation with one bot. All times are seconds since it began, on the loop's clock."""

    def __init__(self, on_change: Callable[[], None], on_unasked: Callable[[float], Turn]) -> None:
        self.started = 0.0
        """When the conversation began, on the loop's clock."""
        self._listener = Listener(on_change, on_unasked)
        self._mishaps = Mishaps(self._now)

    @property
    def frames(self) -> Frames:
        """All frames that left the bot's LLM services so far, both ways."""
        return self._listener.frames

    @property
    def errors(self) -> list[ReportedError]:
        """All errors reported so far, those between turns included."""
        return self._listener.errors

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
        """Whether the bot has text to speech or a transport of its own, known when its pipeline is."""
        return self._listener.speaks

    def _starts_now(self) -> None:
        loop = asyncio.get_running_loop()
        self.started = loop.time()
        self.frames.virtual = isinstance(loop, VirtualLoop)

    def _now(self) -> float:
        return asyncio.get_running_loop().time() - self.started
