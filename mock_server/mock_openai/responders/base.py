"""The interface of responders: each is asked about each turn and gives the model's answer, or passes.

The engine asks responders one after another and takes the first answer. A Turn is everything that a responder
gets to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, Literal, Protocol, runtime_checkable

from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.request import Request
from mock_openai.responders.answer import Answer, Recorded


@dataclass(slots=True)
class Turn:
    """One request, as a responder sees it.

    `body` is the request body as received (a `response.create` frame without its `type`). `request` is None
    when validation failed; `error` is then the answer, unless a responder answers the turn. `history` holds
    the items of the `previous_response_id` chain, oldest first. `connection` is the number of the connection
    and `number` that of the turn on it, both from 1. `key` is the caller's key, used to keep callers apart
    and never stored; neither are `headers`, those of the request or of the socket's handshake. `session` is
    the name of the session that the request named. `query` is the query string of the request or of the
    socket's handshake, as it was sent. `size` is the size of the body in bytes, 0 if it is not known.
    """

    body: Mapping[str, Any]
    transport: Literal["http", "websocket"]
    request: Request | None
    error: ApiError | None = None
    history: Sequence[dict[str, Any]] = ()
    connection: int = 1
    number: int = 1
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    session: str | None = None
    query: str = ""
    size: int = 0


class OwnTurn(Turn):
    """A copy of a turn for the user's code, which may change it freely.

    `body`, `request` and `history` are copied on first access, since most functions read few of them.
    """

    __slots__ = ("_turn",)

    def __init__(self, turn: Turn | None = None, /, **values: Any) -> None:
        self._turn = Turn(**values) if turn is None else turn  # by their names: dataclasses.replace
        for each in fields(Turn):
            if each.name not in _COPIED:
                setattr(self, each.name, getattr(self._turn, each.name))

    def __getattr__(self, name: str) -> Any:
        """Copy an attribute on its first access."""
        if name not in _COPIED:
            raise AttributeError(f"a turn has no {name!r}")
        copy = deepcopy(getattr(self._turn, name))
        setattr(self, name, copy)
        return copy


_COPIED = ("body", "request", "history")


def turn_for(responder: Responder, turn: Turn) -> Turn:
    """Return the turn that a responder gets: a copy, unless its class says that it only reads."""
    return turn if vars(type(responder)).get("reads_only") is True else OwnTurn(turn)


class Later(Enum):
    """The answer has to be awaited."""

    LATER = "later"


@runtime_checkable
class Responder(Protocol):
    """Answers turns. `takes_errors` says whether it is asked about requests that failed validation too.

    The turn is a copy, and each part of it is copied on first access. A class that does not change turns may
    set `reads_only = True`; it then gets the server's own turn. Derived classes must set it again.
    """

    takes_errors: bool

    async def answer(self, turn: Turn) -> Answer | None:
        """Answer the turn, or return None to let the next responder try."""
        ...


@runtime_checkable
class HttpResponder(Protocol):
    """A responder that can also answer HTTP exchanges other than creating a response."""

    async def answer_http(self, method: str, path_qs: str, body: bytes) -> Recorded | None:
        """Answer the exchange, or return None to let the server answer it."""
        ...


@runtime_checkable
class HandshakeResponder(Protocol):
    """A responder that knows refused WebSocket handshakes."""

    async def answer_handshake(self, path_qs: str) -> Recorded | None:
        """Refuse the handshake as recorded, or return None to let it succeed."""
        ...


@runtime_checkable
class ConnectionResponder(Protocol):
    """A responder that keeps state for each connection."""

    def hung_up(self, connection: int) -> None:
        """Release the state kept for a WebSocket that has closed."""
        ...
