"""A reply as the stream of events that the API sends."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mock_openai.protocol.ids import Ids
from mock_openai.protocol.reply import Reply
from mock_openai.protocol.request import Request


@dataclass(frozen=True, slots=True)
class Event:
    """One event, exactly as it leaves.

    `data` is compact JSON: the SSE data line, or the WebSocket text frame. `wire` holds the exact SSE bytes, only where
    they are not `event: {type}`, `data: {data}` and a blank line (recordings of odd servers).
    """

    type: str
    data: bytes
    wire: bytes | None = None


@dataclass(frozen=True, slots=True)
class Timed:
    """An event and when it leaves, in seconds since the turn began."""

    at: float
    event: Event


def stream_events(
    reply: Reply,
    request: Request,
    response: dict[str, Any],
    *,
    ids: Ids,
    rng: random.Random,
    history_tokens: int = 0,
    clock: Callable[[], float],
) -> Iterator[Event]:
    """Give the whole stream of one turn."""
    raise NotImplementedError


def final_response(events: Iterable[Event]) -> dict[str, Any]:
    """Give the response object of the terminal event."""
    raise NotImplementedError


def warm_up_events(request: Request, response: dict[str, Any], *, clock: Callable[[], float]) -> Iterator[Event]:
    """Give the stream of a turn with `generate: false`."""
    raise NotImplementedError
