"""An event larger than a client may be ready for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mock_openai.faults.point import Point
from mock_openai.faults.registry import register
from mock_openai.faults.wire import Verdict, Wire
from mock_openai.protocol.events import Event


@register
@dataclass(frozen=True, slots=True)
class OversizeFrame:
    """Blow the event up to `size` bytes with blanks inside its JSON, and go on; it still means the same.

    The default is above the 1 MiB and 4 MiB at which websockets and aiohttp clients close with 1009 unless
    told otherwise.
    """

    size: int = 5 * 1024 * 1024

    name: ClassVar[str] = "oversize_frame"
    where: ClassVar[Point] = Point(phase="event")

    def __post_init__(self) -> None:
        if not isinstance(self.size, int) or not 0 < self.size <= 256 * 1024 * 1024:
            raise ValueError(f"oversize_frame takes a size in bytes up to 256 MiB, not {self.size!r}")

    async def strike(self, wire: Wire) -> Verdict:
        """Send the big event in place of the small one."""
        event = wire.event or Event("response.created", b'{"type":"response.created"}')
        blanks = b" " * max(0, self.size - len(event.data))
        await wire.send(Event(event.type, event.data[:-1] + blanks + event.data[-1:]))
        return Verdict.SKIP_EVENT
