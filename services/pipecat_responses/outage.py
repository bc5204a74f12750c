"""Outages: when a service that keeps failing becomes unusable, and when it is usable again.

Pipecat's ``ServiceSwitcherStrategyFailover`` moves on from a service that is not usable. A service with
``unusable_after=N`` becomes unusable when N turns in a row failed for a temporary reason. From then on it
sends a short request of its own now and then, and is usable again as soon as one is answered.
"""

import asyncio
from collections.abc import Awaitable, Callable

from loguru import logger
from pipecat.utils.errors import ErrorCategory

from .categories import category
from .errors import Failure

__all__ = ["Outage"]

_OF_THE_PROVIDER = frozenset({ErrorCategory.CONNECTIVITY, ErrorCategory.SERVER, ErrorCategory.RATE_LIMIT})
"""Categories of failures that another service may not have."""

_FIRST_PROBE = 2.0
_LONGEST_PAUSE = 60.0


class Outage:
    """The failed turns of one service."""

    def __init__(
        self,
        unusable_after: int | None,
        *,
        probe: Callable[[], Awaitable[None]],
        over: Callable[[], Awaitable[None]],
        shown: Callable[[str], str] = str,
    ) -> None:
        """Count failed turns.

        Args:
            unusable_after: How many failed turns in a row make an outage; None: no number does.
            probe: Raises while the outage lasts.
            over: Called once the outage has ended.
            shown: Returns a text as the log may have it.

        Raises ValueError if ``unusable_after`` is below 1.
        """
        if unusable_after is not None and unusable_after < 1:
            raise ValueError(
                f"unusable_after must be a number of turns, at least 1, or None: {unusable_after!r}"
            )
        self._most = unusable_after
        self._failed = 0
        self._probe = probe
        self._over = over
        self._shown = shown
        self._closed = False
        self._probing: asyncio.Task[None] | None = None

    def failed(self, failure: Failure) -> bool:
        """Count a failed turn; return whether the service is unusable from here on."""
        if self._most is None or category(failure) not in _OF_THE_PROVIDER:
            return False
        self._failed += 1
        if self._failed < self._most:
            return False
        if self._probing is None and not self._closed:
            self._probing = asyncio.create_task(self._until_it_is_over(), name="responses-probe")
        return True

    def ended(self) -> None:
        """Start counting from 0 again, because a turn was answered."""
        self._failed = 0
        self._stop()

    async def close(self) -> None:
        """Stop probing until ``reopen``, and wait for the end of a probe under way."""
        self._closed = True
        if (probing := self._stop()) is not None:
            await asyncio.gather(probing, return_exceptions=True)

    def reopen(self) -> None:
        """Probe again in later outages: the service starts anew."""
        self._closed = False

    def _stop(self) -> asyncio.Task[None] | None:
        probing, self._probing = self._probing, None
        if probing is None or probing is asyncio.current_task():
            return None
        probing.cancel()
        return probing

    async def _until_it_is_over(self) -> None:
        pause = _FIRST_PROBE
        while True:
            await asyncio.sleep(pause)
            try:
                await self._probe()
            except Exception as error:
                logger.debug(f"The outage continues: {self._shown(str(error))}")
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            self._failed = 0
            self._probing = None
            await self._over()
            return
