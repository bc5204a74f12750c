"""Responses in the background: generated in their own time, watched or not.

A Live is one of them, from "queued" to its end. It grows at the server's pace; the create that began it,
later polls and resumed streams only read what is there so far. Faults affect those who watch, never the
generation itself. Servers that share a memory see each other's there, as Distant ones, a moment later.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from mock_openai.engine import Engine
from mock_openai.memory import Remembered, ResponseStore
from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event, Timed
from mock_openai.responders.answer import Reply
from mock_openai.turn.batches import in_batches
from mock_openai.turn.ending import cancelled
from mock_openai.turn.plan import Plan

_LOOK = 0.05
"""Seconds between two polls for what another server generates, and between two updates for other servers."""
_BEAT = 5.0
"""Seconds after which an update is sent even without news, so that the response does not count as
abandoned.
"""

_AT_ONCE = 256
"""Events that are generated before others have a turn."""

_BEGINNING = frozenset({"response.created", "response.queued"})

Show = Callable[[Remembered], Awaitable[None]]


class Watched(Protocol):
    """Interface of a response that can be watched while it grows."""

    @property
    def events(self) -> Sequence[Event]:
        """The events generated so far."""
        ...

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        ...

    async def news(self) -> None:
        """Wait until there may be more events, or it is over."""
        ...


class Live:
    """One response that is being generated in the background."""

    def __init__(
        self, plan: Plan, reply: Reply, timed: Iterator[Timed], *, ending: str = "incomplete"
    ) -> None:
        self.plan = plan
        self._reply = reply
        self.events: list[Event] = [next(timed).event]
        """The events generated so far."""
        self.over = False
        """Whether nothing more will come."""
        self.forgotten = False
        """Whether it was deleted while it ran."""
        self._timed = timed
        self._stop = asyncio.Event()
        self._news = asyncio.Event()
        self._ending = ending
        self.kept = asyncio.Event()
        """Set once it is over and stored."""

    @property
    def id(self) -> str:
        """The response's id."""
        return self.plan.response_id or ""

    @property
    def response(self) -> Mapping[str, Any]:
        """The response object as of now."""
        for event in reversed(self.events):
            if event.type in TERMINAL or event.type in ("response.in_progress", "response.created"):
                response: dict[str, Any] = json.parse(event.data)["response"]
                return response
        raise AssertionError("a response begins with response.created")

    def remembered(self) -> Remembered:
        """Return it as memory would store it, with the response object as of now."""
        plan = self.plan
        return Remembered(
            self.id,
            before=plan.history,
            input=plan.request.input if plan.request else (),
            events=tuple(self.events),
            response=self.response,
        )

    def cancel(self) -> None:
        """End it; no effect once it is over."""
        if not self.over:
            self._stop.set()
            self._add(*cancelled(self.events, ending=self._ending))
            self.over = True

    async def ended(self) -> None:
        """Wait until it is over and stored."""
        await self.kept.wait()

    async def news(self) -> None:
        """Wait until there are more events, or it is over."""
        if not self.over:
            await self._news.wait()

    async def generate(self) -> None:
        """Generate it to its end."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with contextlib.aclosing(in_batches(self._timed, self._reply, 0.0)) as batches:
                async for batch in batches:
                    for timed in batch:
                        due = began + timed.at
                        if due > loop.time():
                            await self._wait(due - loop.time())
                        elif len(self.events) % _AT_ONCE == 0:
                            await asyncio.sleep(0)
                        if self._stop.is_set():
                            return
                        self._add(timed.event)
        finally:
            self.over = True
            self._wake()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return

    def _add(self, *events: Event) -> None:
        self.events.extend(events)
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Distant:
    """A response that another server generates, as the shared memory shows it."""

    def __init__(self, store: ResponseStore, found: Remembered) -> None:
        self.events: Sequence[Event] = found.events
        self.over = not running(found)
        self._id = found.id
        self._store = store

    async def news(self) -> None:
        """Poll again in a moment. A response that is gone was deleted, or its server has stopped."""
        await asyncio.sleep(_LOOK)
        found = await self._store.get(self._id)
        self.over = found is None or not running(found)
        if found is not None and len(found.events) > len(self.events):
            self.events = found.events


def running(found: Remembered) -> bool:
    """Return whether a response is still being generated."""
    return found.response.get("status") in ("queued", "in_progress")


class Background:
    """All responses that a server is generating in the background."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        engine.admission.running = self.find
        self.show: Show | None = None
        """Shows other servers a response that grows here."""
        self._live: dict[str, Live] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, plan: Plan, reply: Reply) -> Live:
        """Begin to generate a reply."""
        behaviour = self._engine.behaviour
        live = Live(
            plan,
            reply,
            _lasting(self._engine.timed(plan, reply), behaviour.background_duration or 0.0),
            ending=behaviour.cancelled_event,
        )
        if self.show is not None:
            await self.show(live.remembered())
        self._live[live.id] = live
        task = asyncio.get_running_loop().create_task(self._run(live))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return live

    def find(self, response_id: str) -> Live | None:
        """Return one that is not over yet."""
        return self._live.get(response_id)

    async def cancel(self, response_id: str) -> bool:
        """End one, and wait until it is stored; False if there is none."""
        live = self._live.get(response_id)
        if live is None:
            return False
        live.cancel()
        await live.kept.wait()
        return True

    def forget(self, response_id: str) -> bool:
        """Stop one and keep nothing of it; False if there is none."""
        live = self._live.pop(response_id, None)
        if live is None:
            return False
        live.forgotten = True
        live.cancel()
        return True

    def stop(self) -> None:
        """Stop them all, because the server stops."""
        self._live.clear()
        for task in tuple(self._tasks):
            task.cancel()

    async def _run(self, live: Live) -> None:
        try:
            async with contextlib.AsyncExitStack() as stack:
                if self.show is not None:
                    showing = asyncio.get_running_loop().create_task(self._show(live, self.show))
                    stack.push_async_callback(_ended, showing)
                await live.generate()
            with contextlib.suppress(ApiError):  # memory is away, and has said so
                if not live.forgotten:
                    await self._engine.keeper.keep(live.plan, live.events)
                elif self.show is not None:
                    await self._engine.store.delete(live.id)
        finally:
            self._live.pop(live.id, None)
            live.kept.set()

    async def _show(self, live: Live, show: Show) -> None:
        while not live.over:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_BEAT):
                    await live.news()
            with contextlib.suppress(ApiError):
                await show(live.remembered())
            await asyncio.sleep(_LOOK)


def _lasting(events: Iterator[Timed], seconds: float) -> Iterator[Timed]:
    """Make a response take at least this long, so that its creator sees it queued and in progress, as with
    the real API, and can cancel it.
    """
    for timed in events:
        at = timed.at
        if timed.event.type not in _BEGINNING:
            at += seconds / 2
        if timed.event.type in TERMINAL:
            at = max(at, seconds)
        yield Timed(at, timed.event)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
