"""What LLM services report by events of their own: lost connections, and what had been spoken."""

from __future__ import annotations

from typing import Any

from pipecat.services.llm_service import LLMService

from ninelives.bot.listener import Listener


class ServiceReports:
    """Collects the reports of a bot's LLM services."""

    def __init__(self, listener: Listener) -> None:
        self.connection_errors: list[str] = []
        """What `on_connection_error` reported, in order."""
        self._listener = listener

    def subscribe(self, service: LLMService[Any]) -> None:
        """Subscribe to a service's events."""
        # Looked up first, because subscribing to an event that a service does not have logs a warning.
        events = getattr(service, "_event_handlers", {})
        if "on_connection_error" in events:
            service.add_event_handler("on_connection_error", self._on_connection_error)
        if "on_response_interrupted" in events:
            service.add_event_handler("on_response_interrupted", self._on_response_interrupted)

    def _on_connection_error(self, service: object, error: object, *_: object) -> None:
        self.connection_errors.append(str(error))

    def _on_response_interrupted(self, service: object, spoken_text: str, *_: object) -> None:
        self._listener.lost(spoken_text)
