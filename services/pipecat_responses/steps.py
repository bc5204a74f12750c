"""What a response tells the pipeline to do, one small value per step.

Steps are made once per event on the hot path; a msgspec struct costs a tenth of a frozen dataclass.
"""

from typing import Any

import msgspec

from .errors import Failure

__all__ = [
    "Broken",
    "Call",
    "CallStarted",
    "Failed",
    "Finished",
    "FirstOutput",
    "Incomplete",
    "ReasoningItem",
    "Say",
    "Step",
    "ThoughtEnd",
    "ThoughtStart",
    "ThoughtText",
    "Usage",
]


class FirstOutput(msgspec.Struct, frozen=True):
    """The model began to answer: an item, a thought or text."""


class Say(msgspec.Struct, frozen=True):
    """Text to be spoken next."""

    text: str


class ThoughtStart(msgspec.Struct, frozen=True):
    """A summary of the model's reasoning begins."""


class ThoughtText(msgspec.Struct, frozen=True):
    """A piece of that summary."""

    text: str


class ThoughtEnd(msgspec.Struct, frozen=True):
    """The summary is over; always follows a ``ThoughtStart``."""


class CallStarted(msgspec.Struct, frozen=True):
    """The model began to write a tool call; it may not be run yet."""


class ReasoningItem(msgspec.Struct, frozen=True):
    """Encrypted reasoning for later turns; told once what it led to begins, so that it never stands alone."""

    id: str | None
    summary: list[dict[str, Any]]
    encrypted_content: str


class Usage(msgspec.Struct, frozen=True):
    """Tokens billed for a response that ended, however it ended."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    service_tier: str | None = None


class Call(msgspec.Struct, frozen=True):
    """A finished tool call with parsed arguments."""

    call_id: str
    name: str
    arguments: dict[str, Any]


class Finished(msgspec.Struct, frozen=True):
    """The response is complete."""

    response_id: str | None
    model: str | None
    output: list[dict[str, Any]]
    calls: list[Call]
    unusable_calls: list[str]
    """Names of finished calls whose arguments are no JSON object."""
    silent: bool
    """Neither text nor call came."""


class Incomplete(msgspec.Struct, frozen=True):
    """The response was cut short by a limit or a filter; calls that were finished before may run."""

    failure: Failure
    calls: list[Call]


class Failed(msgspec.Struct, frozen=True):
    """The API ended or refused the response. Nothing more may come of it."""

    failure: Failure


class Broken(msgspec.Struct, frozen=True):
    """What arrived cannot be one whole answer."""

    failure: Failure


Step = (
    FirstOutput
    | Say
    | ThoughtStart
    | ThoughtText
    | ThoughtEnd
    | CallStarted
    | ReasoningItem
    | Usage
    | Finished
    | Incomplete
    | Failed
    | Broken
)
