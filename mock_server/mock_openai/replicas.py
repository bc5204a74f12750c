"""The servers that share a memory with this one: this server joins them at its start, leaves them at its
stop, and sends them the commands that are for all.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any

from mock_openai.control.broadcast import BroadcastError, CommandRunner, LocalRunner
from mock_openai.protocol.errors import ApiError

if TYPE_CHECKING:
    from mock_openai.control.broadcast import SharedRunner
    from mock_openai.memory.shared import SharedMemory
    from mock_openai.session import Session


class Replicas:
    """All servers that share a memory, as seen by the server whose own session is `own`."""

    def __init__(self, shared: SharedMemory | None, own: Session) -> None:
        self.runner: CommandRunner = LocalRunner(own.commands)
        """Runs commands on all of them."""
        self._shared = shared
        self._own = own
        self._shared_runner: SharedRunner | None = None
        self._notifications: set[asyncio.Task[None]] = set()

    async def check(self) -> None:
        """Raise OSError with one line if the shared memory does not answer."""
        if self._shared is not None:
            await self._shared.check()

    async def join(self) -> None:
        """Join the others. Raises OSError with one line if the shared memory does not answer."""
        shared, own = self._shared, self._own
        if shared is None:
            return
        from mock_openai.control.broadcast import SharedRunner

        # A number that no other server of this memory has ever had keeps their ids apart.
        own.commands.worker = await shared.open()
        own.engine.reseed(f"{own.engine.seed}:{own.commands.worker}")
        runner = SharedRunner(shared, own.commands)
        try:
            await runner.join()
        except ApiError:
            await shared.close()
            raise OSError(
                f"Redis at {shared.place} does not answer; start it, or give another address"
            ) from None
        self._shared_runner = self.runner = runner
        own.state.everywhere = runner.everywhere

    async def leave(self) -> None:
        """Leave the others."""
        if self._shared_runner is not None and self._shared is not None:
            runner, self._shared_runner = self._shared_runner, None
            self.runner = LocalRunner(self._own.commands)
            await runner.leave()
            await self._shared.close()

    async def reset(self, session: str | None = None) -> None:
        """Reset one session, or everything, on all servers."""
        if session is not None:
            await self.runner.everywhere("reset", {"session": session})
            if self._shared is not None:
                await self._shared.namespace(session).forget()
            return
        await self.runner.everywhere("reset", {})
        if self._shared is not None:
            await self._shared.forget()
            return
        await self._own.engine.store.clear()
        await self._own.engine.conversations.clear()

    def run_soon(self, what: str, given: Mapping[str, Any]) -> None:
        """Send a command to all of them without waiting for it."""
        task = asyncio.get_running_loop().create_task(_quietly(self.runner.everywhere(what, given)))
        self._notifications.add(task)
        task.add_done_callback(self._notifications.discard)


async def _quietly(notification: Awaitable[object]) -> None:
    with contextlib.suppress(BroadcastError):
        await notification
