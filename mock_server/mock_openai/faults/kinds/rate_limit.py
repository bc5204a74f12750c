"""Too many tokens per minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.point import Point
from mock_openai.faults.registry import register
from mock_openai.faults.wire import Verdict, Wire
from mock_openai.protocol.errors import ApiError, rate_limit_reached


@register
@dataclass(frozen=True, slots=True)
class RateLimit:
    """Answer 429 `rate_limit_exceeded`, with `retry_after` seconds in the wording and the retry-after header.

    Before the answer it is a status (HTTP) or an error frame (WebSocket); at an event it is `error`,
    `response.failed`.
    """

    retry_after: float = 2.0
    model: str = "gpt-4o"

    name: ClassVar[str] = "rate_limit"
    where: ClassVar[Point] = Point(phase="request")

    async def strike(self, wire: Wire) -> Verdict:
        """Fail the turn."""
        known = rate_limit_reached(
            self.model, limit=30_000, used=29_000, requested=2_000, retry_after=self.retry_after
        )
        headers = {**known.headers, "retry-after": f"{self.retry_after:g}"}
        await wire.fail(
            ApiError(
                known.message,
                status=known.status,
                type=known.type,
                param=None,
                code=known.code,
                headers=headers,
            )
        )
        return Verdict.STOP
