"""The TLS handshake fails."""

from __future__ import annotations

from typing import Literal

from mock_openai.faults import Effect, FaultContext, Trigger, register
from mock_openai.protocol.errors import ApiError

Alert = Literal["handshake_failure", "internal_error", "protocol_version", "unrecognized_name"]


@register("tls_failure", Trigger(phase="handshake"))
class TlsFailure:
    """Answer the client's hello with a fatal TLS `alert` and end the connection.

    The client must speak TLS: give it the server's address with https:// or wss://. A client that speaks
    plain HTTP gets an error that says so. Without this fault a TLS client of a server that does not serve
    TLS gets `handshake_failure` every time: there is no certificate.
    """

    alert: Alert = "handshake_failure"

    async def inject(self, context: FaultContext) -> Effect:
        """Send the alert and end."""
        if not context.encrypted:
            message = "tls_failure needs a server without tls=, and a client that uses https:// or wss://."
            await context.fail(ApiError(message, status=500))
            return Effect.STOP
        await context.raw(alert_record(self.alert))
        await context.fin()
        return Effect.STOP


_NUMBERS = {"handshake_failure": 40, "protocol_version": 70, "internal_error": 80, "unrecognized_name": 112}
_RECORD, _TLS_1_2, _FATAL = 21, b"\x03\x03", 2


def alert_record(alert: Alert) -> bytes:
    """Return a fatal alert as a TLS record (RFC 8446, section 6)."""
    return bytes((_RECORD, *_TLS_1_2, 0, 2, _FATAL, _NUMBERS[alert]))
