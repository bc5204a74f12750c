"""When a service that goes on failing gives way to another, and how it finds out that it can work again.

Pipecat's ``ServiceSwitcherStrategyFailover`` moves on from a service that is not usable. A service with
``unusable_after=N`` becomes that when N turns in a row have failed for a reason that may pass; from then on
it asks for an answer of its own now and then, and is usable again as soon as it gets one.
"""

import asyncio
from collections.abc import Awaitable, Callable

from loguru import logger
from pipecat.utils.errors import ErrorCategory

from .categories import category
from .errors import Failure

__all__ = ["Outage"]

_OF_THE_PROVIDER = frozenset({ErrorCategory.CONNECTIVITY, ErrorCategory.SERVER, ErrorCategory.RATE_LIMIT})
"""Failures that another service need not have."""

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
    ) -> None:
        """``unusable_after``: how many failed turns in a row make an outage; None: none ever do. ``probe``
        raises as long as it lasts; ``over`` is called once it has ended. ValueError for a number below 1.
        """
        if unusable_after is not None and unusable_after < 1:
            raise ValueError(f"unusable_after is a number of turns from 1, or None, not {unusable_after!r}")
        self._most = unusable_after
        self._failed = 0
        self._probe = probe
        self._over = over
        self._probing: asyncio.Task[None] | None = None

    def failed(self, failure: Failure) -> bool:
        """A turn failed; True if the service is not usable from here on."""
        if self._most is None or category(failure) not in _OF_THE_PROVIDER:
            return False
        self._failed += 1
        if self._failed < self._most:
            return False
        if self._probing is None:
            self._probing = asyncio.create_task(self._until_it_is_over(), name="responses-probe")
        return True

    def ended(self) -> None:
        """A turn was answered."""
        self._failed = 0
        self.stop()

    def stop(self) -> None:
        """Probe no longer."""
        if self._probing is not None and self._probing is not asyncio.current_task():
            self._probing.cancel()
        self._probing = None

    async def _until_it_is_over(self) -> None:
        pause = _FIRST_PROBE
        while True:
            await asyncio.sleep(pause)
            try:
                await self._probe()
            except Exception as error:
                logger.debug(f"the outage goes on: {error}")
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            self._failed = 0
            self._probing = None
            await self._over()
            return
