"""A sleep that can be cut short, as `response.cancel` does to a turn that waits for its next event."""

from __future__ import annotations

import asyncio


class Alarm:
    """Sleeps on the loop's clock; `ring` ends the sleep at once."""

    def __init__(self) -> None:
        self._sleeper: asyncio.Future[None] | None = None

    async def sleep(self, seconds: float) -> None:
        """Sleep for so many seconds, or until the alarm rings."""
        loop = asyncio.get_running_loop()
        self._sleeper = sleeper = loop.create_future()
        handle = loop.call_later(seconds, _wake, sleeper)
        try:
            await sleeper
        finally:
            handle.cancel()
            self._sleeper = None

    def ring(self) -> None:
        """End the sleep; no effect when nobody sleeps."""
        if self._sleeper is not None:
            _wake(self._sleeper)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
