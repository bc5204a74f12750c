"""The state and results of a conversation with a bot, with or without sound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from pipecat.frames.frames import Frame, LLMUpdateSettingsFrame
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings

from ninelives.bot.hosting import DidNotStart, Host
from ninelives.bot.listener import Listener
from ninelives.bot.mishaps import Mishap, Mishaps
from ninelives.bot.service_reports import ServiceReports
from ninelives.bot.tools import Tools, add_to
from ninelives.bot.transport import HostedTransport, client_ready
from ninelives.bot.turn import Frames, ReportedError, Turn
from ninelives.virtual.loop import VirtualLoop

TO_GREET = 5.0
"""Seconds for a bot's handlers to begin a greeting after somebody connects."""

AnyTurn = TypeVar("AnyTurn", bound=Turn)


class Parts(Protocol):
    """The parts of a bot, as far as its workers are known."""

    @property
    def processors(self) -> list[FrameProcessor]:
        """Every processor of the bot's workers, including nested ones."""

    @property
    def services(self) -> list[LLMService[Any]]:
        """The LLM services that hold the conversation."""

    @property
    def beside(self) -> list[LLMService[Any]]:
        """The LLM services that do not."""

    @property
    def speaks(self) -> bool:
        """Whether there is text-to-speech or a transport."""


class Conversation:
    """A conversation with one bot. All times are seconds since it began, on the loop's clock."""

    def __init__(
        self, on_change: Callable[[], None], on_unasked: Callable[[float], Turn], tools: Tools = ()
    ) -> None:
        self.started = 0.0
        """When the conversation began, on the loop's clock."""
        self.on_services: Callable[[Sequence[LLMService[Any]]], None] = lambda services: None
        """Called with the LLM services before each worker that has some starts. If it raises, entering the
        conversation raises.
        """
        self._tools = tools
        self._host: Host
        self._parts: Parts
        self._listener = Listener(on_change, on_unasked)
        self._mishaps = Mishaps(self._now)
        self._reports = ServiceReports(self._listener, self._now)

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
        """The reports of the services' `on_connection_error`, in order."""
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
        return self._parts.speaks

    @property
    def processors(self) -> list[FrameProcessor]:
        """Every processor of the bot's workers, including nested ones."""
        return self._parts.processors

    @property
    def services(self) -> list[LLMService[Any]]:
        """The LLM services under test: one, or several behind a switcher or in several workers."""
        return self._parts.services

    @property
    def beside(self) -> list[LLMService[Any]]:
        """The LLM services that do not hold the conversation: no voice is behind them, or they answer at the
        same time as another one.
        """
        return self._parts.beside

    @property
    def service(self) -> LLMService[Any]:
        """The LLM service under test, the first of them."""
        return self.services[0]

    @property
    def events(self) -> frozenset[str]:
        """The names of the service's events; empty before the service is known."""
        return frozenset(name for each in self.services[:1] for name in getattr(each, "_event_handlers", {}))

    @property
    def worker(self) -> PipelineWorker:
        """The bot's own worker, the one with the caller."""
        assert self._host.worker is not None
        return self._host.worker

    async def update_settings(self, delta: Any = None, **fields: Any) -> None:
        """Change the service's settings from now on, with a settings object or with fields."""
        if delta is None:
            delta = getattr(type(self.service), "Settings", LLMSettings)(**fields)
        await self._queue(LLMUpdateSettingsFrame(delta=delta))

    async def pause(self, seconds: float) -> None:
        """Say nothing for a while, on the loop's clock."""
        await asyncio.sleep(seconds)

    async def _queue(self, frame: Frame) -> None:
        """Send a frame into the pipeline where the user's voice enters it."""
        await self.worker.queue_frame(frame)

    async def _drained(self) -> Any:
        """Wait until everything sent so far has passed, with everything that it caused."""
        return await self._host.drained()

    async def _connect(self, transport: HostedTransport) -> bool:
        """Connect the caller. Return whether the bot speaks first."""
        await self._host.inside(transport.connect())
        if self.worker._rtvi is not None:
            await self._queue(client_ready())
        return await self._greeted()

    async def _disconnect(self, transport: HostedTransport) -> None:
        """Hang up, unless the bot has ended."""
        if not self._host.running.done():
            await self._host.inside(transport.disconnect())

    async def _greeted(self) -> bool:
        """Wait until a bot that speaks first has begun. Return whether it has."""
        await self._drained()
        await self._mishaps.handlers_done(TO_GREET)
        await self._drained()
        return self._listener.turn is not None

    def _adopt(
        self, inside: Sequence[FrameProcessor], models: Sequence[LLMService[Any]], context: LLMContext | None
    ) -> None:
        """Prepare a worker before it starts: watch its services, and add the tools to its context."""
        self._mishaps.watch(inside)
        heard = self.services
        for model in models:
            if model in heard:
                self._reports.subscribe(model)
        if context is not None:
            add_to(context, self._tools)
        if models:
            self.on_services([*heard, *self.beside])

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


def latest(turns: Sequence[AnyTurn]) -> AnyTurn:
    """Return the last turn. Raises RuntimeError if there is none."""
    if not turns:
        raise RuntimeError("nothing to listen to: nobody has said anything yet")
    return turns[-1]
