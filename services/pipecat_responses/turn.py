"""One turn as a value: its request, its state, and the protocol of the exchange that an attempt makes."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import Failure
from .overlap import told_of
from .steps import Finished, Usage
from .stream import ResponseStream
from .text import TextDelta
from .timeouts import Timeouts

__all__ = ["Exchange", "Turn", "conversation_of"]

_GO_ON = (
    "The connection broke while your last reply was being spoken. It was heard only as far as written above. "
    "Continue exactly where it stops, with the very next word. "
    "Do not repeat anything, do not apologize, do not mention the break."
)


class Exchange(Protocol):
    """One request and its answer."""

    asked_at: float
    """When the request was sent, on the loop's clock."""

    async def receive(self, timeout: float) -> Sequence[Mapping[str, Any] | TextDelta | None]:
        """Return the next events: None for an unreadable one, an empty sequence at the end of the stream.

        Raises TimeoutError after ``timeout`` seconds of silence, and TurnBroken if the connection was lost.
        """
        ...

    def completed(self, finished: Finished) -> None:
        """Note that the answer is complete."""
        ...

    def failed(self, failure: Failure) -> None:
        """Note that the attempt failed."""
        ...


@dataclass(slots=True)
class Turn:
    """The state of one turn."""

    input: Sequence[Mapping[str, Any]]
    """The conversation, in full."""
    body: dict[str, Any]
    """The request body without ``input``."""
    limits: Timeouts
    silent_since: float
    """The time since which the caller has heard nothing, on the loop's clock, judged by the text: the
    beginning of the turn or, where no voice speaks, the last word of the answer. The time in which events
    showed that the model was at work is added.
    """
    drop_file: Callable[[], bool] = lambda: False
    """Removes the picture or file that the API may have refused from the bot's context; returns whether there
    was one.
    """
    attempt: int = 0
    in_full: bool = False
    """Whether the next attempt must send the whole conversation."""
    failures: Counter[str] = field(default_factory=Counter)
    """The number of failures by kind; each kind has its own limit."""
    said: list[str] = field(default_factory=list)
    may_go_on: bool = True
    """Whether the model may be asked to continue an answer of which part was spoken."""
    broke_off: str | None = None
    """The spoken text when the answer last broke off."""
    loss: Failure | None = None
    """Why the answer first broke off."""
    refused: bool = False
    """Whether the spoken text is the model's refusal."""
    resumed: ResponseStream | None = None
    """The stored response whose stream the next attempt resumes, if the server supports that."""
    resumed_after: int | None = None
    """The number of the event after which a stream was last resumed."""
    output_began: float | None = None
    """Wall clock time of the first sign of output, for the TTFB metric."""
    ttfb_reported: bool = False
    usage: list[Usage] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The spoken part of the answer."""
        return "".join(self.said)


def conversation_of(turn: Turn) -> list[Mapping[str, Any]]:
    """Return the input of the next attempt: the conversation and, after a loss, the spoken answer.

    The last word is left out: the model says it again, which shows where it continues. An answer of one word
    leaves nothing to send, so the question is asked again.
    """
    items = list(turn.input)
    if told := told_of(turn.text):
        items.append({"role": "assistant", "content": told})
        items.append({"role": "developer", "content": _GO_ON})
    return items
