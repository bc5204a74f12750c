"""The server breaks while working on a turn."""

from __future__ import annotations

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.faults.parameters import ErrorStatus
from mock_openai.protocol.errors import by_code


@register("server_error", Trigger(phase="request"))
class ServerError:
    """Fail the turn with a status of 400 to 599 and any code; by default 500 `server_error`.

    Before the answer it is a status (HTTP) or an error frame (WebSocket); at an event it is `error`,
    `response.failed`. 503 with the code `server_is_overloaded` is an overload.
    """

    status: ErrorStatus = 500
    code: str | None = "server_error"
    message: str | None = None

    async def inject(self, context: FaultContext) -> Effect:
        """Fail the turn."""
        await context.fail(by_code(self.code, status=self.status, message=self.message))
        return Effect.STOP
