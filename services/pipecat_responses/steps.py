"""The steps that a response asks of the pipeline, one small value each.

They are msgspec structs, because one is made per delta and a frozen dataclass costs ten times as much.
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
    """The model began to answer, with an item, a thought or text."""


class Say(msgspec.Struct, frozen=True):
    """Text to be spoken next."""

    text: str


class ThoughtStart(msgspec.Struct, frozen=True):
    """A summary of the model's reasoning begins."""


class ThoughtText(msgspec.Struct, frozen=True):
    """A piece of the summary."""

    text: str


class ThoughtEnd(msgspec.Struct, frozen=True):
    """The summary ends; always follows a ``ThoughtStart``."""


class CallStarted(msgspec.Struct, frozen=True):
    """The model began to write a tool call; it must not run yet."""


class ReasoningItem(msgspec.Struct, frozen=True):
    """Encrypted reasoning for later turns; comes with the text or the call that it led to, so that it never
    stands alone.
    """

    id: str | None
    summary: list[dict[str, Any]]
    encrypted_content: str


class Usage(msgspec.Struct, frozen=True):
    """Tokens billed for a response, whether it succeeded or not."""

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
    """Names of finished calls whose arguments are not a JSON object."""
    silent: bool
    """Whether neither text nor a call came."""


class Incomplete(msgspec.Struct, frozen=True):
    """The response was cut off by a limit or a filter; calls that were finished before may run."""

    failure: Failure
    calls: list[Call]


class Failed(msgspec.Struct, frozen=True):
    """The API ended or refused the response."""

    failure: Failure


class Broken(msgspec.Struct, frozen=True):
    """The events are not one complete answer."""

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
