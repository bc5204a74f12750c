"""Delivering recorded answers: their network reads, plain bodies and endings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

from mock_openai.delivery.due import Due
from mock_openai.delivery.sent import FLUSH_BYTES, SentEvents
from mock_openai.delivery.turn_context import TurnContext
from mock_openai.delivery.writer import ResponseWriter
from mock_openai.protocol.event_types import ENDS
from mock_openai.protocol.events import Event, Timed
from mock_openai.responders.answer import Close, Ending, Recorded
from mock_openai.turn.pacing import Pace

Reads = list[tuple[float, bytes]]


class Delivered(Protocol):
    """The parts of a Delivery that repeating a recording needs."""

    writer: ResponseWriter
    out: SentEvents
    context: TurnContext
    due: Due


def reads(answer: Recorded, pace: Pace) -> Reads | None:
    """Return a recording's network reads at this pace's times; None if the pace has times of its own."""
    scale = getattr(pace, "scale", None)
    if scale is None or answer.chunks is None:
        return None
    return [(at * scale, data) for at, data in answer.chunks]


async def replay_reads(to: Delivered, answer: Recorded, reads: Reads) -> None:
    """Repeat recorded network reads, and note each event when the last of its bytes has left."""
    events = _event_ends(answer.events, to.writer.encode)
    ahead = next(events, None)
    written = free = 0
    for at, data in reads:
        await to.due.wait(at)
        if to.context.over:
            return
        await to.writer.raw(data)
        written += len(data)
        while ahead is not None and ahead[0] <= written:
            to.out.waiting.append(ahead[1])
            ahead = next(events, None)
        await to.out.note_sent()
        if written - free >= FLUSH_BYTES:
            free = written
            await asyncio.sleep(0)  # a long recording that is repeated at once must not hold up other tasks


async def end_as_recorded(to: Delivered, answer: Recorded, pace: Pace) -> tuple[float, Ending] | None:
    """End as the recording did, unless a fault has ended the turn already.

    If a WebSocket was closed some time after this turn had finished, the turn ends now. Return when (on the
    loop's clock) and how the socket has to end.
    """
    if to.context.over:
        return None
    await to.out.flush()
    if answer.ending == "end":
        await to.out.finish()
        return None
    at = answer.ends * getattr(pace, "scale", 0.0)
    if to.writer.transport == "websocket" and to.out.sent and to.out.sent[-1].type in ENDS:
        return to.context.began + at, answer.ending
    if answer.tail is not None:
        await to.writer.raw(answer.tail)
    if at:
        await to.due.wait(at)
    if not to.context.over:
        await end_connection(to, answer.ending)
    return None


async def end_connection(to: Delivered, ending: Ending) -> None:
    """End the connection as a recorded one ended."""
    match ending:
        case "reset":
            await to.context.reset()
        case "fin":
            await to.context.fin()
        case Close(code=code, reason=reason):
            await to.context.close(code, reason)


def _event_ends(events: tuple[Timed, ...], encode: Callable[[Event], bytes]) -> Iterator[tuple[int, Event]]:
    end = 0
    for timed in events:
        end += len(encode(timed.event))
        yield end, timed.event
