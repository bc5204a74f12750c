"""The account has no quota left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.context import Effect, FaultContext
from mock_openai.faults.point import Point
from mock_openai.faults.registry import register
from mock_openai.protocol import errors


@register
@dataclass(frozen=True, slots=True)
class InsufficientQuota:
    """Answer 429 `insufficient_quota`: a person must act, no retry helps.

    On the real API it was seen inside a 200 stream, after two events: `at(index=2)` does that.
    """

    name: ClassVar[str] = "insufficient_quota"
    where: ClassVar[Point] = Point(phase="request")

    async def strike(self, context: FaultContext) -> Effect:
        """Fail the turn."""
        await context.fail(errors.insufficient_quota())
        return Effect.STOP
