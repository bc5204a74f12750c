"""When and where a fault is injected, as data.

A Trigger names a connection, a turn, an event or a moment; a field that is left out matches anything. A
Position is where the server is now. `trigger.about(position)` compares them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal, get_args

import msgspec

from mock_openai.protocol import event_types

Phase = Literal["handshake", "request", "event", "idle", "moment"]
"""Part of a conversation: the upgrade or first request of a connection; a create that was received and not
yet answered; one event of an answer; the quiet after a turn; any moment by the clock."""

When = Literal["before", "after"]

TERMINAL = "terminal"
"""Stands for whichever event ends a response."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """When and where a fault is injected. Fields that are None match anything.

    `connection` counts connections from 1. `turn` counts create requests from 1: on that connection if
    `connection` is given, otherwise over the server's whole life, so that a plan means the same however a
    client pools its connections. Warm-ups (`generate: false`) are not turns; only a trigger without `turn`
    matches them. Turn 0 is the quiet before a connection's first turn (`phase="idle"` only). `event` is a
    type, a pattern such as "response.*.delta", or "terminal". `nth` counts the matching events of the turn
    from 1; `index` is the event's position in the turn, from 0. `when` is the side of the event. `at` is in
    seconds on the loop's clock: of quiet for `phase="idle"`, otherwise since the turn began if `turn` is
    given, else since the connection opened.
    """

    connection: int | None = None
    turn: int | None = None
    event: str | None = None
    nth: int | None = None
    index: int | None = None
    when: When = "before"
    phase: Phase | None = None
    at: float | None = None

    def __post_init__(self) -> None:
        for name, least in (("connection", 1), ("turn", 0), ("nth", 1), ("index", 0)):
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ValueError(f"{name} must be a whole number from {least}, not {value!r}")
        if self.at is not None and (
            not isinstance(self.at, int | float) or isinstance(self.at, bool) or self.at < 0
        ):
            raise ValueError(f"at must be seconds, 0 or more, not {self.at!r}")
        if self.event is not None and (not isinstance(self.event, str) or not self.event):
            raise ValueError(
                f"event must be an event type such as response.output_text.delta, not {self.event!r}"
            )
        if self.when not in get_args(When):
            raise ValueError(f"when must be 'before' or 'after', not {self.when!r}")
        if self.phase is not None and self.phase not in get_args(Phase):
            raise ValueError(f"phase must be one of {', '.join(get_args(Phase))}, not {self.phase!r}")
        if self.names_event and self.phase not in (None, "event"):
            raise ValueError(f"event, nth and index belong to phase 'event', not to {self.phase!r}")
        if self.names_event and self.at is not None:
            raise ValueError("a trigger is either at an event or at a time, not both")
        if self.turn == 0 and self.phase != "idle":
            raise ValueError("turn 0 is the quiet before the first turn: it needs phase='idle'")

    @property
    def names_event(self) -> bool:
        """Whether the trigger is at an event."""
        return self.event is not None or self.nth is not None or self.index is not None

    def with_defaults(self, default: Trigger) -> Trigger:
        """Fill in what a kind of fault assumes when the user did not say: its phase, its event."""
        if self.phase is not None:
            return self
        if self.names_event:
            return replace(self, phase="event")
        if self.at is not None:
            return replace(self, phase="moment")
        return replace(
            self,
            phase=default.phase or ("event" if default.names_event else "request"),
            event=default.event,
            nth=default.nth,
            index=default.index,
        )

    def about(self, position: Position) -> bool:
        """Whether connection and turn fit, whatever the phase."""
        if self.connection is not None and self.connection != position.connection:
            return False
        if self.turn is None:
            return True
        if self.connection is None and self.turn > 0:
            return self.turn == position.server_turn
        return self.turn == position.turn

    def names(self, event_type: str) -> bool:
        """Whether an event of this type counts for the trigger."""
        if self.event is None or self.event == event_type:
            return True
        if self.event == TERMINAL:
            return event_type in event_types.TERMINAL
        return fnmatchcase(event_type, self.event)

    def describe(self) -> dict[str, object]:
        """Return the trigger as plain data, without the fields that match anything."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        if not self.names_event:
            del fields["when"]
        return {name: value for name, value in fields.items() if value is not None}


class Position(msgspec.Struct, frozen=True):
    """Where the server is: the connection, its turn (0 before the first and in a warm-up), that turn's number
    over the server's life, and the create's number on the connection.
    """

    connection: int
    turn: int = 0
    server_turn: int = 0
    number: int = 0
