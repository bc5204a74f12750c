"""The commands of a running server, by name; arguments and results are JSON.

The control API takes them over HTTP; `broadcast` sends them to the other servers that share a memory.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from mock_openai.faults.load import loads
from mock_openai.faults.plan import MOST
from mock_openai.journal.entries import Entry
from mock_openai.journal.metrics import Sample, joined
from mock_openai.protocol import json
from mock_openai.protocol.events import Event
from mock_openai.responders.script import Script
from mock_openai.state import ServerState
from mock_openai.threads import LARGE, in_thread

_SHORT = 64 * 1024
"""Characters up to which a script or plan is read at once, not in a thread."""

_AT_ONCE = 200
"""Journal entries that are listed before other tasks run."""

LASTING = ("script", "plan", "unplan", "advance", "reset")
"""Commands that a server which joins others has to catch up on."""


class NamedSession(Protocol):
    """A session as the commands see it."""

    name: str | None
    commands: Commands

    async def begin_anew(self) -> None:
        """Delete everything that the session stores on this server."""
        ...


class NamedSessions(Protocol):
    """The sessions of a server, by name."""

    gone: list[Sample]

    def __iter__(self) -> Iterator[NamedSession]:
        """Iterate over all sessions."""
        ...

    def get(self, name: str) -> NamedSession:
        """Return a session, a new one if there is none of that name."""
        ...

    def release(self, name: str) -> None:
        """Delete a session if nobody holds it."""
        ...

    def forget_all(self) -> None:
        """Delete all sessions."""
        ...


class Commands:
    """Runs the commands on one server; `worker` is its number among those that share a memory."""

    def __init__(self, state: ServerState, script: Script) -> None:
        self._state = state
        self._rules = script
        self.worker = 1
        self.port: str | None = None
        """Names the port that this server shares with others; None if the port is its own."""
        self.refuse: Callable[[float], None] = lambda _: None
        """Stops listening for a number of seconds."""
        self.sessions: NamedSessions | None = None
        """The sessions of this server; None where there are none."""
        self._handlers: dict[str, Callable[[Mapping[str, Any]], Awaitable[Any]]] = {
            "journal": self._journal,
            "misses": self._misses,
            "script": self._script,
            "faults": self._faults,
            "plan": self._plan,
            "unplan": self._unplan,
            "clock": self._clock,
            "advance": self._advance,
            "metrics": self._metrics,
            "reset": self._reset,
            "sessions": self._sessions,
            "cancel": self._cancel,
            "refuse": self._refuse,
        }

    async def do(self, what: str, given: Mapping[str, Any]) -> Any:
        """Run a command and return its result. Raises ValueError if what was given is not valid."""
        name = given.get("session")
        if name is None or self.sessions is None:
            return await self._handlers[what](given)
        session = self.sessions.get(name)
        session.commands.worker = self.worker
        if what != "reset":
            return await session.commands.do(what, {**given, "session": None})
        await session.begin_anew()
        self.sessions.release(name)
        return None

    @property
    def ahead(self) -> float:
        """Seconds by which the clock was moved forward."""
        return self._state.clock.ahead

    async def _journal(self, given: Mapping[str, Any]) -> Any:
        journal = self._state.journal
        begin = given.get("from", {}).get(str(self.worker), 0)
        entries = await journal.look()
        first, end = journal.first, journal.end
        found: list[dict[str, Any]] = []
        # Newest first: most callers want a few of these.
        for place in reversed(range(max(0, begin - first), len(entries))):
            if len(found) >= given.get("limit", math.inf):
                break
            entry = entries[place]
            if _asked_for(entry, given):
                found.append(await self._shown(entry))
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)  # a long journal must not hold up other tasks
        found.reverse()
        return {
            "worker": self.worker,
            "entries": found,
            "next": end,
            "missed": max(0, first - begin) if begin else 0,
        }

    async def _shown(self, entry: Entry) -> dict[str, Any]:
        data: Any = entry.data
        if isinstance(data, Event):
            data = await in_thread(_event, data) if len(data.data) > LARGE else _event(data)
        return {
            "at": round(entry.at, 6),
            "time": round(self._state.started_at + entry.at, 6),
            "worker": self.worker,
            "connection": entry.connection,
            "turn": entry.turn,
            "lane": entry.lane,
            "kind": entry.kind,
            "data": data,
        }

    async def _misses(self, given: Mapping[str, Any]) -> Any:
        return {
            "strict": self._rules.strict,
            "rules": self._rules.summary(),
            "misses": list(self._rules.misses),
        }

    async def _script(self, given: Mapping[str, Any]) -> Any:
        self._rules.replace(await _in_thread(given["text"], lambda text: Script.loads(text, name="script")))

    async def _faults(self, given: Mapping[str, Any]) -> Any:
        return [planned.describe() for planned in self._state.faults.pending]

    async def _plan(self, given: Mapping[str, Any]) -> Any:
        planned = await _in_thread(given["text"], lambda text: loads(text, name="body"))
        waiting = len(self._state.faults.pending)
        if waiting + len(planned) > MOST:
            raise ValueError(
                f"body: {waiting:,} faults are planned, and {len(planned):,} more are too many; "
                f"expected {MOST:,} at most: DELETE /__mock__/faults forgets them"
            )
        self._state.faults.add(*planned)
        return [one.describe() for one in planned]

    async def _unplan(self, given: Mapping[str, Any]) -> Any:
        self._state.faults.clear()

    async def _clock(self, given: Mapping[str, Any]) -> Any:
        clock = self._state.clock
        return {"time": round(clock.wall(), 3), "ahead": clock.ahead}

    async def _advance(self, given: Mapping[str, Any]) -> Any:
        # Others get the new time, not the distance: repeated or delayed, the result is the same.
        clock = self._state.clock
        clock.advance(max(0.0, given["to"] - clock.ahead) if "to" in given else given["by"])
        return await self._clock({})

    async def _metrics(self, given: Mapping[str, Any]) -> Any:
        await self._state.metrics.catch_up()
        own = self._state.metrics.samples()
        if self.sessions is None:
            return own
        others = [await session.commands.do("metrics", {}) for session in self.sessions]
        return joined([own, *others, self.sessions.gone])

    async def _sessions(self, given: Mapping[str, Any]) -> Any:
        return sorted(str(session.name) for session in self.sessions or ())

    async def _reset(self, given: Mapping[str, Any]) -> Any:
        if "to" in given:
            await self._advance(given)
        state = self._state
        state.journal.clear()
        state.faults.clear()
        state.requests.clear()
        state.engine.planner.forget()
        self._rules.misses.clear()
        for handle in self._rules.rules:
            handle.forget()
        state.recount()
        state.background.stop()
        state.engine.limiter.clear()
        if self.sessions is not None:
            self.sessions.forget_all()

    async def _cancel(self, given: Mapping[str, Any]) -> Any:
        background = self._state.background
        if given["forget"]:
            return background.forget(given["id"])
        return await background.cancel(given["id"])

    async def _refuse(self, given: Mapping[str, Any]) -> Any:
        if given["port"] == self.port:
            self.refuse(float(given["seconds"]))


def _event(event: Event) -> dict[str, Any]:
    """Return an event as the journal shows it: its JSON as it was sent, but on one line. Data that any JSON
    reader accepts becomes an object; anything else (broken by a fault, numbers out of range, lone surrogates)
    becomes a string.
    """
    data = event.data
    try:
        value = json.parse(data)
    except ValueError:
        return {"type": event.type, "raw": data.decode("utf-8", "replace")}
    return {"type": event.type, "data": value if b"\n" in data or b"\r" in data else msgspec.Raw(data)}


Read = TypeVar("Read")


async def _in_thread(text: str, read: Callable[[str], Read]) -> Read:
    """Read a text; a long one in a thread, so that other requests are served meanwhile."""
    return read(text) if len(text) <= _SHORT else await asyncio.to_thread(read, text)


def _asked_for(entry: Entry, given: Mapping[str, Any]) -> bool:
    if entry.at < given.get("since", 0.0):
        return False
    asked = (("kind", entry.kind), ("connection", entry.connection), ("turn", entry.turn))
    return all(given.get(name) in (None, value) for name, value in asked)
