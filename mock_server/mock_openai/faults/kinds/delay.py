"""The model takes longer than usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.point import Point
from mock_openai.faults.registry import register
from mock_openai.faults.wire import Verdict, Wire


@register
@dataclass(frozen=True, slots=True)
class Delay:
    """Let this event and the rest of the turn leave `seconds` later, at their own rhythm (`stall` ends in a
    burst).
    """

    seconds: float

    name: ClassVar[str] = "delay"
    where: ClassVar[Point] = Point()

    def __post_init__(self) -> None:
        if not isinstance(self.seconds, int | float) or self.seconds < 0:
            raise ValueError(f"delay takes seconds, 0 or more, not {self.seconds!r}")

    async def strike(self, wire: Wire) -> Verdict:
        """Wait, and move the rest."""
        wire.shift(self.seconds)
        await wire.pause(self.seconds)
        return Verdict.GO_ON
