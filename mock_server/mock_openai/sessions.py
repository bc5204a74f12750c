"""The named sessions of one server: made on first use, removed on request or when there are too many.

Each begins as the server began: with the rules and faults that the server had when it started, or got by
`reload` since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from mock_openai.faults.planned import Planned
from mock_openai.journal.metrics import Sample, joined
from mock_openai.responders.script import Script
from mock_openai.session import Session, Setup, check_name

LIMIT = 256
"""Number of sessions that are kept if only requests named them; those that `server.session` returned are not
counted.
"""


class Sessions:
    """All but the server's `own` session, by name."""

    def __init__(self, own: Session, setup: Setup, limit: int = LIMIT) -> None:
        self.limit = limit
        self.on_delete: Callable[[Session], None] = lambda session: None
        """Called with a session that is being deleted, to close its connections."""
        self.in_use: Callable[[Session], bool] = lambda session: False
        """Returns whether a session has an open connection."""
        self.gone: list[Sample] = []
        """The metrics of deleted sessions: counters never go back."""
        self._own = own
        self._setup = setup
        self._began: tuple[Script, Sequence[Planned]] | None = None
        self._named: dict[str, Session] = {}
        self._held: set[str] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._named.values()))

    def begin(self) -> None:
        """Serve; all sessions from now on begin with the rules and faults of the server's own."""
        if self._began is None:
            self._began = self._own.script.copy(), tuple(self._own.faults)
        self._own.state.start()
        self._own.state.stopping = False
        for session in self:
            session.state.stopping = False
            session.state.join(self._own.state)

    def reload(self, script: Script | None, faults: Iterable[Planned] | None, *, strict: bool | None) -> None:
        """Replace the rules, the faults or both, for the server's own session and for those made from now on.
        If `strict` is None, the script says whether it is strict.
        """
        own = self._own
        began, planned = self._began or (own.script, tuple(own.faults))
        if script is not None:
            declared = script.declares_strict if strict is None else strict
            own.script.replace(script)
            own.script.strict = bool(declared)
            began = own.script.copy()
        if faults is not None:
            planned = tuple(faults)
            own.faults.clear()
            own.faults.add(*planned)
        if self._began is not None:
            self._began = began, planned

    @property
    def unused_rules(self) -> list[str]:
        """The rules that have answered nothing in any session, the server's own included, one line each."""
        scripts = [self._own.script, *(session.script for session in self)]
        used = {id(handle.rule) for script in scripts for handle in script.rules if handle.answered}
        lines: dict[int, str] = {}
        for script in scripts:
            for handle, line in zip(script.rules, script.summary(), strict=True):
                if id(handle.rule) not in used:
                    lines.setdefault(id(handle.rule), str(line["rule"]))
        return list(lines.values())

    def get(self, name: str, *, hold: bool = False) -> Session:
        """Return the session of this name, made if needed. Raises ValueError if the name is not valid.

        A session that is held stays until it is forgotten by name.
        """
        session = self._named.pop(name, None)
        if session is None:
            session = self._make(check_name(name))
        self._named[name] = session  # the most recently used is last
        if hold:
            self._held.add(name)
        elif len(self._named) - len(self._held) > self.limit:
            self._forget_oldest(session)
        return session

    def forget(self, name: str) -> bool:
        """Delete a session; its connections are closed. False if there was none."""
        self._held.discard(name)
        session = self._named.pop(name, None)
        if session is None:
            return False
        counted = [one for one in session.state.metrics.samples() if not one[0].endswith("_open")]
        self.gone = joined([self.gone, counted])
        self.on_delete(session)
        try:
            closing = asyncio.get_running_loop().create_task(session.close())
        except RuntimeError:
            return True  # outside of a loop, nothing runs that has to be stopped
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        return True

    def release(self, name: str) -> None:
        """Delete a session if nobody holds it."""
        if name not in self._held:
            self.forget(name)

    def forget_all(self) -> None:
        """Delete every session."""
        for name in tuple(self._named):
            self.forget(name)

    async def close(self) -> None:
        """Stop the work that runs in the sessions; they can be used again when the server starts again."""
        for session in self:
            await session.close()
        await asyncio.gather(*self._closing)

    def _make(self, name: str) -> Session:
        own = self._own
        began, planned = self._began or (own.script.copy(), tuple(own.faults))
        script = began.copy()
        if (on_miss := own.script.on_miss) is not None:
            script.on_miss = lambda miss: on_miss(replace(miss, session=name))
        session = Session(name, replace(self._setup, faults=planned), script)
        session.state.join(own.state)
        return session

    def _forget_oldest(self, keep: Session) -> None:
        for name, session in tuple(self._named.items()):
            if name not in self._held and session is not keep and not self.in_use(session):
                self.forget(name)
                return
