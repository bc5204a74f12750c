"""The account has no quota left."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.protocol import errors


@register("insufficient_quota", Trigger(phase="request"))
class InsufficientQuota:
    """Answer 429 `insufficient_quota`: a person must act, no retry helps.

    On the real API it was seen inside a 200 stream, after two events: `at(index=2)` does that.
    """

    async def inject(self, context: FaultContext) -> Effect:
        """Fail the turn."""
        await context.fail(errors.insufficient_quota())
        return Effect.STOP
