"""One turn as a value: what is asked, what came of it so far, and the exchange that an attempt at it has."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import Failure
from .overlap import told_of
from .patience import Timeouts
from .steps import Finished, Usage
from .stream import ResponseStream

__all__ = ["Exchange", "Turn", "conversation_of"]

_GO_ON = (
    "The connection broke while your last reply was being spoken. It was heard only as far as written above. "
    "Continue exactly where it stops, with the very next word. "
    "Do not repeat anything, do not apologize, do not mention the break."
)


class Exchange(Protocol):
    """One request on its way and the answer to it."""

    asked_at: float
    """When the request left, on the loop's clock."""

    async def receive(self, timeout: float) -> Sequence[Mapping[str, Any] | None]:
        """The next events; None stands for an unreadable one, nothing at all for the end of the stream.

        Raises TimeoutError after so much silence, and TurnBroken when the connection was lost.
        """
        ...

    def completed(self, finished: Finished) -> None:
        """The answer is whole."""
        ...

    def failed(self, failure: Failure) -> None:
        """The attempt ended early."""
        ...


@dataclass(slots=True)
class Turn:
    """One answer being worked on."""

    input: Sequence[Mapping[str, Any]]
    """The conversation, in full."""
    body: dict[str, Any]
    """Everything else of the request."""
    limits: Timeouts
    silent_since: float
    """Since when the caller has heard nothing of this turn, on the loop's clock: its beginning, or the last
    word of the answer; later by the time in which the model's events showed that it was at work.
    """
    drop_file: Callable[[], bool] = lambda: False
    """Takes the picture or file that the API may have refused out of the bot's context; whether there was
    one.
    """
    attempt: int = 0
    in_full: bool = False
    """Whether the next attempt must not build on what the server remembers."""
    failures: Counter[str] = field(default_factory=Counter)
    """How often it broke, by kind: each kind has its own number of second chances."""
    said: list[str] = field(default_factory=list)
    may_go_on: bool = True
    """Whether an answer that broke off after part of it was spoken may be gone on with."""
    broke_off: str | None = None
    """What had been spoken when the answer last broke off."""
    loss: Failure | None = None
    """Why it did."""
    refused: bool = False
    """Whether what was spoken is the model's refusal."""
    resumed: ResponseStream | None = None
    """The stored response whose stream the next attempt resumes, if the server lets it."""
    resumed_after: int | None = None
    """The number of the event behind which a stream was last resumed."""
    output_began: float | None = None
    """Wall clock time of the first sign of output, for the TTFB metric."""
    ttfb_reported: bool = False
    usage: list[Usage] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What was spoken of the answer so far."""
        return "".join(self.said)


def conversation_of(turn: Turn) -> list[Mapping[str, Any]]:
    """What the next attempt asks: the conversation and, after a loss, what was spoken of the answer.

    The last word is left out: the model says it again, and so one knows where it goes on. Of an answer of one
    word nothing is left to be told, and the question is asked anew.
    """
    items = list(turn.input)
    if told := told_of(turn.text):
        items.append({"role": "assistant", "content": told})
        items.append({"role": "developer", "content": _GO_ON})
    return items
