"""Too many tokens per minute."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Seconds, Trigger, register
from mock_openai.protocol.errors import UNTOLD, rate_limit_reached

_LIMIT = 30_000


@register("rate_limit", Trigger(phase="request"))
class RateLimit:
    """Answer 429 `rate_limit_exceeded`, with `retry_after` seconds in the wording and the retry-after header.

    It names the model that was asked for, or `model`. Before the answer it is a status (HTTP) or an error
    frame (WebSocket); at an event it is `error`, `response.failed`. Real limits, that count, are `Limits`.
    """

    retry_after: Seconds = 2.0
    model: str | None = None

    async def inject(self, context: FaultContext) -> Effect:
        """Fail the turn."""
        # The wording's numbers say when there is room again, so they follow from it.
        missing = round(self.retry_after * _LIMIT / 60)
        asked = max(2_000, missing)
        await context.fail(
            rate_limit_reached(
                self.model or context.model or UNTOLD,
                limit=_LIMIT,
                used=_LIMIT + missing - asked,
                requested=asked,
            )
        )
        return Effect.STOP
