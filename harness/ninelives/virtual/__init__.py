"""Virtual time: an event loop whose clock jumps, with real sockets on loopback.

`VirtualLoop` is an ordinary asyncio loop except that it moves its clock to the next timer instead of
waiting, when nothing can happen before. An hour passes in milliseconds, and every run is the same. `run` is
`asyncio.run` on such a loop; `clock` makes the clocks of the `time` module agree with it.
"""

from ninelives.virtual.clock import WALL_EPOCH, patched_clocks
from ninelives.virtual.errors import NotVirtual, VirtualDeadlock, VirtualTimeError
from ninelives.virtual.loop import ANYIO_BACKEND, VirtualLoop, require_virtual, run

__all__ = [
    "ANYIO_BACKEND",
    "WALL_EPOCH",
    "NotVirtual",
    "VirtualDeadlock",
    "VirtualLoop",
    "VirtualTimeError",
    "patched_clocks",
    "require_virtual",
    "run",
]
