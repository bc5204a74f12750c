"""Stored responses and their deletion when the service stops."""

import asyncio
from collections.abc import Awaitable, Callable

from loguru import logger

__all__ = ["StoredResponses"]

_AT_THE_SAME_TIME = 8


class StoredResponses:
    """The ids of responses to delete."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def add(self, response_id: str) -> None:
        """Add a response, finished or not: the API stores cut-off answers as well."""
        self._ids[response_id] = None

    async def delete(
        self,
        delete: Callable[[str], Awaitable[object]],
        *,
        within: float,
        shown: Callable[[str], str] = str,
    ) -> None:
        """Delete all within a time limit in seconds; log once which could not be deleted.

        ``shown`` returns a text as the log may have it.
        """
        waiting = list(self._ids)
        self._ids.clear()
        left = dict.fromkeys(waiting)
        reasons: list[str] = []

        async def work() -> None:
            while waiting:
                response_id = waiting.pop()
                try:
                    await delete(response_id)
                except Exception as error:
                    if getattr(error, "status_code", None) != 404:  # 404: deleted already, or never stored
                        reasons.append(f"{type(error).__name__}: {error}".partition("\n")[0])
                        continue
                del left[response_id]

        workers = [asyncio.create_task(work()) for _ in range(min(_AT_THE_SAME_TIME, len(waiting)))]
        if not workers:
            return
        try:
            await asyncio.wait(workers, timeout=within)
        finally:
            for worker in workers:
                worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        if left:
            why = reasons[0] if reasons else f"no answer within {within:g} s"
            what = f"{len(left)} stored responses could not be deleted ({why})"
            logger.warning(shown(f"{what}; OpenAI keeps them for 30 days: {', '.join(left)}"))
