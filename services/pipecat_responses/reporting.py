"""Reports a turn to Pipecat: errors, metrics, tokens and interrupted answers."""

from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import LLMThoughtEndFrame
from pipecat.utils.errors import ErrorCategory

from .categories import category, is_permanent
from .errors import Failure
from .groups import GroupedCalls
from .interrupted import ON_RESPONSE_INTERRUPTED, adapted
from .keys import SentKeys
from .outage import Outage
from .turn import Turn
from .usage import total_of
from .wording import wording

__all__ = ["ReportingService"]


class ReportingService(GroupedCalls):
    """The part of both services that reports to the pipeline."""

    def __init__(self, *, unusable_after: int | None, **kwargs: Any) -> None:
        """Take what concerns reports; ``ResponsesService`` documents the arguments."""
        super().__init__(**kwargs)
        self._keys = SentKeys()
        self._outage = Outage(
            unusable_after, probe=self._probe, over=lambda: self.set_usable(True), shown=self._shown
        )
        self._usable_through_errors = False
        self._thought_open = False
        self._register_event_handler(ON_RESPONSE_INTERRUPTED)
        self._interrupted_handlers: dict[Any, Callable[..., Any]] = {}

    async def _probe(self) -> None:
        """Ask for the shortest of answers. Raises TurnBroken or the openai package's errors without one."""
        raise NotImplementedError

    def _note_keys(self) -> None:
        """Remember the keys that requests have at the moment."""
        raise NotImplementedError

    def _shown(self, text: str) -> str:
        """Return a text as messages may have it: without the keys of this service."""
        self._note_keys()
        return self._keys.struck(text)

    async def set_usable(self, is_usable: bool) -> None:
        """Set whether the service can be given work. A temporary failure does not make it unusable."""
        if is_usable or not self._usable_through_errors:
            await super().set_usable(is_usable)

    def add_event_handler(self, event_name: str, handler: Any) -> None:
        """Add a handler of an event. Handlers of ``on_response_interrupted`` may omit ``continued``."""
        if event_name == ON_RESPONSE_INTERRUPTED:
            handler = self._interrupted_handlers.setdefault(handler, adapted(handler))
        super().add_event_handler(event_name, handler)

    def remove_event_handler(self, event_name: str, handler: Any) -> None:
        """Remove a handler of an event."""
        if event_name == ON_RESPONSE_INTERRUPTED:
            handler = self._interrupted_handlers.get(handler, handler)
        super().remove_event_handler(event_name, handler)

    async def _report_interrupted(self, spoken_text: str, *, continued: bool) -> None:
        await self._call_event_handler(ON_RESPONSE_INTERRUPTED, spoken_text, continued)

    async def _report(
        self, failure: Failure, error: Exception | None, *, spoken: bool = False, dropped: bool = False
    ) -> None:
        self._note_keys()
        failure = self._keys.without(failure)
        permanent = is_permanent(failure) or self._outage.failed(failure)
        # After any invalid request Pipecat calls a service unusable for good; ours can answer the next turn.
        self._usable_through_errors = not permanent
        try:
            await self.push_error(
                error_msg=wording(failure, spoken=spoken, dropped=dropped),
                exception=error,
                category=ErrorCategory.APPLICATION if dropped else category(failure),
                force_treat_as_permanent=permanent,
            )
        finally:
            self._usable_through_errors = False

    async def _report_answered(self) -> None:
        """Note that a turn was answered: an outage, if there was one, is over."""
        self._outage.ended()
        if not self.is_usable:
            await self.set_usable(True)

    async def _report_ttfb(self, turn: Turn) -> None:
        """Report the time to the first output, once per turn, when the first of it is pushed.

        An attempt that broke before that reports nothing; the time reported includes failed attempts.
        """
        if not turn.ttfb_reported and turn.output_began is not None:
            turn.ttfb_reported = True
            await self.stop_ttfb_metrics(end_time=turn.output_began)

    async def _report_usage(self, turn: Turn) -> None:
        """Report all tokens billed for the turn in one frame, those of failed attempts included."""
        if not turn.usage:
            return
        usage, turn.usage = turn.usage, []
        await self.start_llm_usage_metrics(total_of(usage, asked_tier=turn.body.get("service_tier")))

    async def _end_thought(self) -> None:
        if self._thought_open:
            self._thought_open = False
            await self.push_frame(LLMThoughtEndFrame())
