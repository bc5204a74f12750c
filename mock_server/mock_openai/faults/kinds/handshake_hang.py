"""The upgrade is never answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.point import Point
from mock_openai.faults.registry import register
from mock_openai.faults.wire import Verdict, Wire


@register
@dataclass(frozen=True, slots=True)
class HandshakeHang:
    """Accept the connection and never answer the handshake; only the client's own open timeout ends it."""

    name: ClassVar[str] = "handshake_hang"
    where: ClassVar[Point] = Point(phase="handshake")

    async def strike(self, wire: Wire) -> Verdict:
        """Wait until the client gives up."""
        await wire.pause(None)
        return Verdict.STOP
