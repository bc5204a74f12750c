"""Relays an answer while an upstream server sends it: no faster than this server's pace, with this server's
faults.
"""

from __future__ import annotations

from typing import Protocol

from mock_openai.delivery.recorded import Delivered, end_connection
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event
from mock_openai.responders.answer import Cut, Recorded, Relayed
from mock_openai.state import ServerState
from mock_openai.turn.plan import Plan


class Relaying(Delivered, Protocol):
    """The parts of a Delivery that relaying needs."""

    state: ServerState

    async def pass_on(self, event: Event, at: float) -> bool:
        """Let one event out when it is due; False if the turn has ended otherwise."""
        ...


async def relay(to: Relaying, plan: Plan | None, answer: Relayed) -> None:
    """Relay the answer until it ends, breaks off, or is ended here."""
    to.writer.adopt(Recorded(answer.status, answer.headers))
    at = to.state.engine.stamper(plan)
    try:
        while (batch := await to.due.news(answer.events)) is not None:
            for event in batch:
                if not await to.pass_on(event, at(event)):
                    return
            await to.out.flush()
        if to.context.over:
            return
        if to.due.cancelled and to.out.sent and to.out.sent[-1].type not in TERMINAL:
            await to.context.cancel()
        else:
            await to.out.finish()
    except Cut as cut:
        if to.context.over:
            return
        await to.out.flush()
        if cut.rest:
            await to.writer.raw(cut.rest)
        await end_connection(to, cut.ending)
    finally:
        await answer.events.aclose()
