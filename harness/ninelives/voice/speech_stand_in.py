"""A speech service that replaces one of the bot's, and reports as if it were that one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipecat.frames.frames import ErrorFrame
from pipecat.services.ai_service import AIService


class StandIn(AIService):
    """Has the handlers and the name of the service that it replaces, and shares its usability.

    Code that chooses among services, such as a switcher with failover, only knows the bot's own ones. So
    errors name the bot's own service, and if one of the two becomes unusable, so does the other.
    """

    _original: AIService | None = None

    def answer_for(self, service: AIService, *, kept: Iterable[str] = ()) -> None:
        """Replace a service from now on. `kept`: settings of that service to take over, by attribute."""
        self._original = service
        self._name = service.name
        for name in kept:
            if hasattr(service, name):
                setattr(self, name, getattr(service, name))
        for event, known in service._event_handlers.items():
            if event in self._event_handlers and event != "on_usable_changed":
                self._event_handlers[event].handlers.extend(known.handlers)
        service.add_event_handler("on_usable_changed", self._follow)

    async def push_error_frame(self, error: ErrorFrame, force_treat_as_permanent: bool = False) -> None:
        """Report an error as the bot's own service would."""
        if error.processor is None and self._original is not None:
            error.processor = self._original
        await super().push_error_frame(error, force_treat_as_permanent)

    async def set_usable(self, is_usable: bool) -> None:
        """Set whether this service, and the one that it replaces, can be given work."""
        await super().set_usable(is_usable)
        if self._original is not None and self._original.is_usable != is_usable:
            await self._original.set_usable(is_usable)

    async def _follow(self, service: Any, is_usable: bool) -> None:
        if self.is_usable != is_usable:
            await self.set_usable(is_usable)
