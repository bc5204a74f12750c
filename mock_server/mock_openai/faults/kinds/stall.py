"""Nothing comes any more, although the connection is alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.point import Point
from mock_openai.faults.registry import register
from mock_openai.faults.wire import Verdict, Wire


@register
@dataclass(frozen=True, slots=True)
class Stall:
    """Send nothing for `seconds` (None: for ever), then what is late in a burst; pings are answered."""

    seconds: float | None = None

    name: ClassVar[str] = "stall"
    where: ClassVar[Point] = Point()

    def __post_init__(self) -> None:
        if self.seconds is not None and not (isinstance(self.seconds, int | float) and self.seconds >= 0):
            raise ValueError(f"stall takes seconds, 0 or more, or none at all for ever, not {self.seconds!r}")

    async def strike(self, wire: Wire) -> Verdict:
        """Wait."""
        await wire.pause(self.seconds)
        return Verdict.GO_ON
