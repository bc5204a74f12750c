"""The named sessions of one server: made on first use, removed on request or when there are too many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from mock_openai.control.metrics import Sample, joined
from mock_openai.session import Session, check_name

LIMIT = 256
"""Sessions kept that only requests asked for; those that `server.session` gave are not counted."""


class Sessions:
    """All but the server's own session, by name."""

    def __init__(self, make: Callable[[str], Session], limit: int = LIMIT) -> None:
        self.limit = limit
        self.part: Callable[[Session], None] = lambda session: None
        """Called with a session that is being forgotten, to close its connections."""
        self.in_use: Callable[[Session], bool] = lambda session: False
        """Tells whether a session has a connection open."""
        self.gone: list[Sample] = []
        """What the forgotten ones had counted: counters never go back."""
        self._make = make
        self._named: dict[str, Session] = {}
        self._held: set[str] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._named.values()))

    def get(self, name: str, *, hold: bool = False) -> Session:
        """Return the session of this name, made if needed. Raises ValueError if the name is not valid.

        One that is held stays until it is forgotten by name.
        """
        session = self._named.pop(name, None)
        if session is None:
            session = self._make(check_name(name))
        self._named[name] = session  # the latest used stands last
        if hold:
            self._held.add(name)
        elif len(self._named) - len(self._held) > self.limit:
            self._forget_oldest(session)
        return session

    def forget(self, name: str) -> bool:
        """Forget a session and all of it; its connections are closed. False when there was none."""
        self._held.discard(name)
        session = self._named.pop(name, None)
        if session is None:
            return False
        counted = [one for one in session.state.metrics.samples() if not one[0].endswith("_open")]
        self.gone = joined([self.gone, counted])
        self.part(session)
        try:
            closing = asyncio.get_running_loop().create_task(session.close())
        except RuntimeError:
            return True  # outside of a loop nothing runs that would have to be stopped
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        return True

    def release(self, name: str) -> None:
        """Forget a session that nobody holds."""
        if name not in self._held:
            self.forget(name)

    def forget_all(self) -> None:
        """Forget every session."""
        for name in tuple(self._named):
            self.forget(name)

    async def close(self) -> None:
        """Stop what runs in any of them; they can be used again when the server starts again."""
        for session in self:
            await session.close()
        await asyncio.gather(*self._closing)

    def _forget_oldest(self, keep: Session) -> None:
        for name, session in tuple(self._named.items()):
            if name not in self._held and session is not keep and not self.in_use(session):
                self.forget(name)
                return
