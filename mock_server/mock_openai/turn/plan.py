"""The plan of one turn: made by the Planner, played by `delivery`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from mock_openai.memory import LaneMemory
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.random_source import RandomSource
from mock_openai.protocol.request import Request
from mock_openai.protocol.template import Render, Rendered
from mock_openai.responders.answer import Answer
from mock_openai.responders.base import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The caller and its connection; one for all requests of a WebSocket."""

    transport: Literal["http", "websocket"]
    connection: int = 0
    key: str | None = field(default=None, repr=False)
    """The caller's API key. It keeps callers apart and is never stored."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The headers of the request, or of the socket's handshake."""
    lanes: LaneMemory | None = None
    """The responses that the WebSocket's lanes remember."""
    query: str = ""
    """The query of the request's address, or of the socket's, as sent."""


class Plan(msgspec.Struct, eq=False):
    """One turn: its request, its history, its answer, and what it still has to wait for."""

    body: Mapping[str, Any]
    """The request's body as received."""
    size: int
    """The size of the body in bytes; 0 when it does not matter."""
    caller: Caller
    number: int
    """The create's number on its connection, from 1."""
    random_source: RandomSource
    """The turn's own random source: ids, padding, pace."""
    session: str | None
    """The session that it belongs to."""
    request: Request | None = None
    """The validated request; None when it is not valid."""
    error: ApiError | None = None
    """The error of an invalid request."""
    history: Sequence[dict[str, Any]] = ()
    """The items that it continues from, oldest first."""
    history_tokens: int = 0
    answer: Answer | None = None
    """The responders' answer, once it is there."""
    render: Render | None = None
    """Renders the answer from a template; None unless a reply like it was sent before."""
    at_once: bool = False
    """Whether all events of the answer are due at once."""
    rate_limits: Mapping[str, str] = MappingProxyType({})
    """Rate-limit headers."""
    waits_for: Literal["memory", "responder"] | None = None
    """The step that has to be awaited before the plan can be completed."""
    failure: Exception | None = None
    """The exception that a responder, or this server, raised instead of answering."""
    next_responder: int = 0
    """The index of the responder that is asked next."""
    response_id: str | None = None
    """The response's id, once it has one."""
    _turn: Turn | None = None

    def as_turn(self) -> Turn:
        """Return the turn as responders see it."""
        if self._turn is None:
            caller = self.caller
            self._turn = Turn(  # positional: keyword arguments would double the cost
                self.body,
                caller.transport,
                self.request,
                self.error,
                self.history,
                caller.connection,
                self.number,
                caller.key,
                caller.headers,
                self.session,
                caller.query,
                self.size,
            )
        return self._turn

    @property
    def input_tokens(self) -> int:
        """Tokens that the model reads in this turn."""
        return 0 if self.request is None else self.history_tokens + self.request.tokens

    def rendered(self, now: float, later: float = 0.0) -> Rendered:
        """Return all events of a plan that has `render`. `now` is the creation time in unix seconds (it must
        pass `fits`); output items begin `later` seconds after that.
        """
        assert self.render is not None, "only what has a template is rendered whole"
        rendered = self.render.rendered(self.random_source, now, later)
        self.response_id = rendered.response_id
        return rendered
