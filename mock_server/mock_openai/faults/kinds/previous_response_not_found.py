"""The server has forgotten the response that the client continues from."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.protocol.errors import previous_response_not_found


@register("previous_response_not_found", Trigger(phase="request"))
class PreviousResponseNotFound:
    """Answer with the error for an unknown `previous_response_id`, even though the id was good.

    `if_named`: only a request that names one; others are answered as usual.
    """

    response_id: str = "resp_00000000000000000000000000000000000000000000000000"
    if_named: bool = False

    async def inject(self, context: FaultContext) -> Effect:
        """Answer with the error."""
        if self.if_named and context.previous_response_id is None:
            return Effect.GO_ON
        await context.fail(previous_response_not_found(context.previous_response_id or self.response_id))
        return Effect.STOP
