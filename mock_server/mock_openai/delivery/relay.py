"""Relaying an answer while an upstream server gives it: no faster than this server's pace, with this server's
faults.
"""

from __future__ import annotations

from typing import Protocol

from mock_openai.delivery.due import Due
from mock_openai.delivery.rerun import part
from mock_openai.delivery.sent import SentEvents
from mock_openai.delivery.turn_context import TurnContext
from mock_openai.delivery.writer import ResponseWriter
from mock_openai.faults.context import Effect
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event
from mock_openai.responders.answer import Cut, Recorded, Relayed
from mock_openai.state import ServerState
from mock_openai.turn.ending import cancelled
from mock_openai.turn.plan import Plan


class Relaying(Protocol):
    """The parts of a Delivery that relaying needs."""

    state: ServerState
    writer: ResponseWriter
    out: SentEvents
    context: TurnContext
    due: Due

    async def let_out(self, event: Event) -> Effect:
        """Let one event out, with the faults before and after it."""
        ...


async def relay(to: Relaying, plan: Plan | None, answer: Relayed) -> None:
    """Relay the answer until it ends, breaks off, or is ended here."""
    to.writer.adopt(Recorded(answer.status, answer.headers))
    at = to.state.engine.stamper(plan)
    try:
        while (batch := await to.due.news(answer.events)) is not None:
            for event in batch:
                if not await _pass_on(to, event, at(event)):
                    return
            await to.out.flush()
        if to.context.over:
            return
        if to.due.cancelled and to.out.sent and to.out.sent[-1].type not in TERMINAL:
            await _cancel(to)
        else:
            await to.out.finish()
    except Cut as cut:
        if to.context.over:
            return
        await to.out.flush()
        if cut.rest:
            await to.writer.raw(cut.rest)
        await part(to, cut.ending)
    finally:
        await answer.events.aclose()


async def _pass_on(to: Relaying, event: Event, at: float) -> bool:
    """Let one event out when it is due; False when the turn has ended otherwise."""
    if at:
        await to.due.wait(at, event)
    if to.context.over:
        return False
    if to.context.opening is None:
        to.context.opening = event
    if to.due.cancelled and to.out.sent and event.type not in TERMINAL:
        await _cancel(to)
        return False
    if to.due.steered and to.due.ends_at(event):
        await to.context.cut_short("steered")
        return False
    if await to.let_out(event) is Effect.STOP:
        if not to.context.over:
            await to.out.finish()
        return False
    return True


async def _cancel(to: Relaying) -> None:
    ending = to.state.settings.behaviour.cancelled_event
    await to.context.conclude(cancelled(to.out.sent, opening=to.context.opening, ending=ending))
