"""Options for behavior of the real server that is unknown, or that sources report differently.

The default is the observed behavior; without an observation the documented one, then what clients report,
then our own guess. `status` says which. The page docs/reference/options.md lists the options with their
reasons, and a test compares it with this table.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from types import MappingProxyType, NoneType
from typing import Any, Literal

Status = Literal["observed", "documented", "reported", "inferred"]
OnCancel = Literal["honour", "ignore", "reject"]
AtLimit = Literal["finish", "cut", "next_create"]
Unauthorized = Literal["auto", "json", "text"]


_OBSERVED: Mapping[str, Status] = MappingProxyType({"status": "observed"})
_DOCUMENTED: Mapping[str, Status] = MappingProxyType({"status": "documented"})
_REPORTED: Mapping[str, Status] = MappingProxyType({"status": "reported"})
_INFERRED: Mapping[str, Status] = MappingProxyType({"status": "inferred"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the server behaves where the behavior of the real API varies, or is not known. Times are in
    seconds.
    """

    # Errors

    error_events: Literal["nested", "flat"] = field(default="nested", metadata=_OBSERVED)
    """Shape of `error` events within a stream: everything under `error`, or code, message and param on top as
    the published schema has them.
    """
    unauthorized: Unauthorized = field(default="auto", metadata=_OBSERVED)
    """Form of 401 answers: JSON, or text/plain with a sibling `status`; "auto" is text for handshakes and
    JSON for requests, as most were seen.
    """
    model_not_found: Literal["responses", "chat"] = field(default="responses", metadata=_OBSERVED)
    """Words and status for an unknown model: 400, or 404 as the Chat API has it."""
    unsupported_parameter: Literal["null", "code", "value"] = field(default="null", metadata=_OBSERVED)
    """How a parameter that a model does not take is refused: with the code null, with the code
    `unsupported_parameter`, or as an unsupported value (both reported).
    """
    item_not_found: Literal[404, 400] = field(default=404, metadata=_REPORTED)
    """Status for a reference to an item that is not stored."""
    conversation_not_found: Literal[404, 400] = field(default=404, metadata=_INFERRED)
    """Status for an unknown conversation."""
    safety_identifier_max: Literal[128, 64] = field(default=128, metadata=_DOCUMENTED)
    """Longest `safety_identifier`, in characters: the SDK says 128, the older schema 64."""
    refusals: Literal["earlier", "newest"] = field(default="earlier", metadata=_OBSERVED)
    """Words of two refusals that have changed: of `previous_response_id` with `conversation`, and of an
    unknown `service_tier`.
    """
    spent_tokens: Literal["stream", "status"] = field(default="stream", metadata=_OBSERVED)
    """How SSE clients learn that the token limit is hit: inside the stream, or by a 429."""

    # Chains

    parents: Literal["ended", "completed", "any"] = field(default="ended", metadata=_INFERRED)
    """Which responses `previous_response_id` may name: completed and incomplete ones, completed ones only, or
    failed and cancelled ones too.
    """
    unfinished_parent: Literal["not_found", "conflict", "wait"] = field(
        default="not_found", metadata=_INFERRED
    )
    """What naming a response that is still being generated in the background gets: the error for an unknown
    one, a 409, or an answer once it has ended.
    """
    socket_memory: Literal["latest", "all"] = field(default="latest", metadata=_DOCUMENTED)
    """Which unstored responses a WebSocket can continue from: each lane's latest, or all that it gave."""
    background_duration: float | None = field(default=0.5, metadata=_INFERRED)
    """Seconds that a background response takes at least: queued for the first half, in progress for the
    second; none for no longer than its pace.
    """
    max_background: int = field(default=256, metadata=_INFERRED)
    """Background responses, of all sessions, that are generated at a time; a create beyond it gets a 429."""
    cancelled_event: Literal["incomplete", "failed", "cancelled"] = field(
        default="incomplete", metadata=_INFERRED
    )
    """The last event of a cancelled response: `response.incomplete`, `response.failed` or
    `response.cancelled`.
    """

    # WebSocket mode

    on_cancel: OnCancel = field(default="honour", metadata=_INFERRED)
    """What `response.cancel` does: end the turn, nothing, or an error frame."""
    background_on_socket: Literal["reject", "stream"] = field(default="reject", metadata=_DOCUMENTED)
    """What `background: true` gets on a WebSocket: an error frame, or a turn that begins with "queued"."""
    stream_on_socket: Literal["tolerate", "reject"] = field(default="tolerate", metadata=_REPORTED)
    """What a `stream` field gets on a WebSocket: nothing, or an error frame."""
    bad_message: Literal["answer", "ignore", "close"] = field(default="answer", metadata=_INFERRED)
    """What unknown events, invalid JSON and binary frames get: an error frame, nothing, or a close with 1007
    (1003 for binary).
    """
    warm_up: Literal["full", "short"] = field(default="full", metadata=_INFERRED)
    """Events of `generate: false`: created, in_progress, completed; or without in_progress."""
    warm_up_usage: Literal["billed", "zero", "null"] = field(default="billed", metadata=_REPORTED)
    """The `usage` of a warm-up."""
    warm_up_input: Literal["optional", "required"] = field(default="optional", metadata=_REPORTED)
    """Whether a warm-up may lack `input`."""
    at_limit: AtLimit = field(default="finish", metadata=_INFERRED)
    """What the 60 minutes do to a turn in flight: it ends, then the limit frame and the close; both at once;
    or nothing until the next create."""
    limit_close: int | None = field(default=1001, metadata=_INFERRED)
    """Close code after the limit frame; none leaves the socket open, and every create gets the frame."""
    handshake_headers: Literal["edge", "bare"] = field(default="edge", metadata=_INFERRED)
    """What a 101 carries besides the upgrade: the headers of all answers of the real edge, or nothing."""
    deflate: bool = field(default=False, metadata=_INFERRED)
    """Whether permessage-deflate is accepted if a client offers it. Frames leave uncompressed either way."""
    max_message: int = field(default=16 * 1024 * 1024, metadata=_REPORTED)
    """Bytes of an inbound message from which the socket closes with 1009; measured on a related backend."""
    max_waiting: int = field(default=1024, metadata=_INFERRED)
    """Creates that wait for their turn, beyond which the socket is not read until some were answered."""
    ping_interval: float | None = field(default=None, metadata=_INFERRED)
    """Seconds between protocol pings to the client; none for never."""
    idle_timeout: float | None = field(default=None, metadata=_INFERRED)
    """Seconds without a turn after which a socket is closed with 1000; none for never."""
    socket_keepalive: float | None = field(default=None, metadata=_REPORTED)
    """Seconds of silence after which a turn on a socket sends `keepalive`; none for never."""
    steer_boundary: Literal["item", "end"] = field(default="item", metadata=_INFERRED)
    """Where steering ends a response: before its next output item, or not at all before its own end."""
    max_pending_steers: int = field(default=16, metadata=_INFERRED)
    """Steering submissions that may wait for one response."""

    # Streams

    keepalive: float | None = field(default=30.0, metadata=_REPORTED)
    """Seconds of silence after which an SSE stream sends `keepalive`; none for never."""

    def __post_init__(self) -> None:
        for name in fields(self):
            _check(name.name, getattr(self, name.name))

    def with_settings(self, given: Iterable[str]) -> Behaviour:
        """Return a copy with `name=value` settings applied; ValueError, in one line, for any other."""
        read: dict[str, Any] = {}
        for setting in given:
            name, equals, value = setting.partition("=")
            asked = name.strip()
            name = asked.replace("-", "_")
            if name not in options():
                raise ValueError(
                    f"{asked or setting!r} is not an option; expected one of {', '.join(options())}"
                )
            if not equals:
                raise ValueError(
                    f"{name} has no value; expected {name}=VALUE, VALUE being {options()[name].values}"
                )
            read[name] = options()[name].read(value.strip())
        return replace(self, **read)


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its values and its default, for the command line and the documentation."""

    name: str
    default: Any
    status: Status
    kind: Any

    @property
    def choices(self) -> tuple[Any, ...]:
        """Return the values it may have; empty when it is a number."""
        return typing.get_args(self.kind) if typing.get_origin(self.kind) is Literal else ()

    @property
    def shown_default(self) -> str:
        """Return the default as it is written in a setting."""
        for value, words in self._words().items():
            if value == self.default:
                return words[0]
        # Not as 1.67772e+07, which does not read back as 16777216.
        return f"{self.default:.15g}"

    @property
    def values(self) -> str:
        """Return the values in words."""
        if self.kind is bool:
            return "yes or no"
        if self.choices:
            return ", ".join(map(str, self.choices))
        kinds = typing.get_args(self.kind) or (self.kind,)
        number = "a number of seconds" if float in kinds else "a whole number"
        return f"{number} or none" if NoneType in kinds else number

    def read(self, text: str) -> Any:
        """Read a value of this option. Raises ValueError, in one line, if it does not fit."""
        for value, words in self._words().items():
            if text in words:
                return value
        kinds = typing.get_args(self.kind) or (self.kind,)
        if not self.choices and self.kind is not bool:
            try:
                return float(text) if float in kinds else int(text)
            except ValueError:
                pass
        raise ValueError(f"{self.name}={text}: takes {self.values}")

    def _words(self) -> Mapping[Any, tuple[str, ...]]:
        if self.kind is bool:
            return {True: ("yes", "true", "on"), False: ("no", "false", "off")}
        words = {choice: (str(choice),) for choice in self.choices}
        return {**words, None: ("none", "never")} if NoneType in typing.get_args(self.kind) else words


@cache
def options() -> Mapping[str, Option]:
    """Return all options by name, in the order of the page."""
    kinds = typing.get_type_hints(Behaviour)
    return {
        one.name: Option(one.name, one.default, one.metadata["status"], kinds[one.name])
        for one in fields(Behaviour)
    }


_CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""Close codes that may stand in a frame."""


def _check(name: str, value: Any) -> None:
    kind = options()[name].kind
    if options()[name].choices:
        good = value in options()[name].choices
    elif kind is bool:
        good = isinstance(value, bool)
    elif value is None:
        good = NoneType in typing.get_args(kind)
    else:
        good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9
    if name == "limit_close" and good and value is not None:
        good = value in _CLOSE_CODES
    if not good:
        raise ValueError(f"{name}={value!r}: takes {options()[name].values}")


DEFAULT = Behaviour()
"""The defaults of all options."""
