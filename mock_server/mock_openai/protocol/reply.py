"""A model's answer in one turn, as values.

A Reply is the whole answer before it becomes events: output items in order, how it ends, what it cost and how
long the model thinks first. It has no ids and no sequence numbers; `protocol.events` adds those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# Reasoning tokens if a script does not say: real counts are multiples of 64 at least.
REASONING_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Text:
    """A message whose content is text.

    `deltas` fixes how the text is cut: a number gives exactly that many non-empty deltas (lengthening the
    text when it has fewer characters), a tuple gives the deltas themselves; None cuts at the model's own
    tokens. `annotations` are annotation objects in the API's form; one with an `end_index` is announced
    when the text has reached it. `phase` is "commentary" or "final_answer" for models that tell them apart.
    `same_message` makes this a further content part of the message before it.
    """

    text: str
    deltas: int | tuple[str, ...] | None = None
    annotations: tuple[Mapping[str, Any], ...] = ()
    phase: str | None = None
    same_message: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message in which the model declines."""

    text: str
    same_message: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function call. `arguments` is the JSON text as it goes out; `call_id` is made up when None."""

    name: str
    arguments: str
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A reasoning item.

    `summary` holds its parts, streamed only when the request asked for summaries. `encrypted` decides
    whether it carries ciphertext: it does unless False (observed since 2026-07); a string is sent as the
    final one.
    `tokens` is what it adds to `reasoning_tokens`.
    """

    summary: tuple[str, ...] = ()
    encrypted: str | bool | None = None
    tokens: int = REASONING_TOKENS


@dataclass(frozen=True, slots=True)
class Item:
    """Any other output item, in the API's own form and final state.

    Its `id`, `status` and `call_id` are made up when it has none.
    """

    item: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Compaction:
    """The server's replacement for a conversation that has grown too long: ciphertext that only the server
    can read.
    """


ReplyItem = Text | Refusal | Call | Reasoning | Item | Compaction


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts to report instead of counted ones; None means counted."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """The response ends well."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The response ends early: "max_output_tokens", "content_filter", "max_messages" or "steered".

    Its last item is sent as cut off.
    """

    reason: Literal["max_output_tokens", "content_filter", "max_messages", "steered"] | str = (
        "max_output_tokens"
    )


@dataclass(frozen=True, slots=True)
class Failed:
    """The response fails after its items were sent: an `error` event, then `response.failed` (observed).

    `type` is that of the nested error object; None selects the type that goes with the code. With `mid_item`
    it breaks off inside the last item, which is then neither completed nor part of the output (inferred).
    """

    code: str = "server_error"
    message: str | None = None
    type: str | None = None
    param: str | None = None
    mid_item: bool = False
    headers: Mapping[str, str] | None = None
    """Rate-limit headers that are put into the error object."""


Finish = Completed | Incomplete | Failed


class _Hashed:
    """Stores a hash outside of the fields, so that it is neither compared nor pickled."""

    __slots__ = ("_hash",)
    _hash: int


@dataclass(frozen=True, slots=True)
class Reply(_Hashed):
    """One answer of the model. `delay` is how long it thinks before the first output item, in seconds."""

    items: tuple[ReplyItem, ...] = ()
    usage: Usage | None = None
    finish: Finish = field(default_factory=Completed)
    delay: float = 0.0

    def __hash__(self) -> int:
        """Return the hash, computed once over all texts: a script gives the same reply many times."""
        try:
            return self._hash
        except AttributeError:
            found = hash((self.items, self.usage, self.finish, self.delay))
            object.__setattr__(self, "_hash", found)
            return found
