"""Collects the events of LLM services: lost connections, and what had been spoken by then. Also notes when a
service gets a context.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import Frame, LLMContextFrame
from pipecat.services.llm_service import LLMService

from ninelives.bot.listener import Listener


class ServiceReports:
    """Collects the reports of a bot's LLM services."""

    def __init__(self, listener: Listener, now: Callable[[], float]) -> None:
        self.connection_errors: list[str] = []
        """The reports of `on_connection_error`, in order."""
        self._listener = listener
        self._now = now

    def subscribe(self, service: LLMService[Any]) -> None:
        """Subscribe to a service's events, and note when a context reaches it."""
        self._note_contexts(service)
        # Looked up first, because subscribing to an event that a service does not have logs a warning.
        events = getattr(service, "_event_handlers", {})
        if "on_connection_error" in events:
            service.add_event_handler("on_connection_error", self._on_connection_error)
        if "on_response_interrupted" in events:
            service.add_event_handler("on_response_interrupted", self._on_response_interrupted)

    def _note_contexts(self, service: LLMService[Any]) -> None:
        # Frames that processors push pass here, before they may have to wait for the service's own work.
        queue = service.queue_frame

        async def queued(frame: Frame, *given: Any, **named: Any) -> None:
            if isinstance(frame, LLMContextFrame):
                self._listener.asked(self._now())
            await queue(frame, *given, **named)

        service.queue_frame = queued  # type: ignore[method-assign]

    def _on_connection_error(self, service: object, error: object, *_: object) -> None:
        self.connection_errors.append(str(error))

    def _on_response_interrupted(self, service: object, spoken_text: str, *_: object) -> None:
        self._listener.lost(spoken_text)
