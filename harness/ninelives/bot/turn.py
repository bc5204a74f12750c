"""One turn of a conversation, as plain values: what the user said, what was heard, what ran, what failed.

A turn begins when the user stops speaking and is over when the bot has nothing more to do for it, including
tool calls and the answers to their results. All times are seconds since the bot started, on the loop's
clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pipecat.frames.frames import Frame


@dataclass(frozen=True, slots=True)
class Heard:
    """One piece of text for the speaker."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One run of a tool. `result` is None until there is one, and remains None if the call was cancelled."""

    at: float
    call_id: str
    name: str
    arguments: Mapping[str, Any]
    result: Any = None
    ended: float | None = None
    """When the result arrived."""


@dataclass(frozen=True, slots=True)
class ReportedError:
    """One ErrorFrame on its way upstream."""

    at: float
    message: str
    category: str
    """Pipecat's category in lower case: `connectivity`, `rate_limit`, `authentication`, ..., `unknown`."""
    permanent: bool
    """Whether the error made the service unusable until a person acts."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One frame that left the service or passed it: `down` to the speaker or `up` to the microphone."""

    at: float
    direction: Literal["down", "up"]
    frame: Frame


class Frames(list[Captured]):
    """Captured frames in order, and whether their times are virtual."""

    virtual: bool = False
    """Whether `at` is virtual time, and therefore the same in every run."""


@dataclass(slots=True)
class Turn:
    """A turn, filled while it is open. Read it when it is over."""

    number: int
    """From 1, in the order in which the turns began."""
    user: str | None
    """What the user said; None if the bot spoke unasked."""
    began: float
    """When the user stopped speaking."""
    ended: float | None = None
    """When the bot had nothing more to do; None if the turn is open."""
    heard: list[Heard] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    """Reasoning summaries, one entry per thought."""
    calls: list[ToolCall] = field(default_factory=list)
    errors: list[ReportedError] = field(default_factory=list)
    usage: list[Mapping[str, Any]] = field(default_factory=list)
    """Token usage, one entry per response that reported it."""
    metrics: list[Mapping[str, Any]] = field(default_factory=list)
    """All metrics of the pipeline: `kind` (`TTFB`, `Processing`, ...), `processor`, `model`, and the values.
    """
    interrupted: float | None = None
    """When the user interrupted; None if nobody did."""
    spoken_before_loss: list[str] = field(default_factory=list)
    """What had been spoken when the connection broke, according to the service (`on_response_interrupted`).
    """
    frames: Frames = field(default_factory=Frames)
    context: list[Any] = field(default_factory=list)
    """The messages of the bot's context when the turn was over."""
    arrivals: list[float] | None = None
    """When pieces of text reached the place where a voice would speak them, after the bot's own processors.
    None: there is no such place, or a voice speaks.
    """
    timed_out: bool = False
    """Whether the turn was given up because it did not end within the limit. Then `ended` is None."""
    reached_model: float | None = None
    """When the context of the turn reached the LLM service, past the bot's own processors. None: it did not.
    """

    @property
    def text(self) -> str:
        """Everything heard, in order."""
        return "".join(piece.text for piece in self.heard)

    @property
    def played(self) -> str:
        """What the caller heard; without a voice, all text counts as heard when it comes."""
        return self.text

    @property
    def gave_way(self) -> float | None:
        """When the bot was interrupted; None if it was not, even if somebody tried."""
        return self.interrupted

    @property
    def tools(self) -> Sequence[ToolCall]:
        """The tool calls of the turn; the same as `calls`."""
        return self.calls

    @property
    def first_word_at(self) -> float | None:
        """When the first word was heard; None if there was none."""
        return self.heard[0].at if self.heard else None

    @property
    def dead_air(self) -> float | None:
        """Seconds between the end of the user's turn and the first text heard; None if nothing was heard."""
        return self.heard[0].at - self.began if self.heard else None

    @property
    def audible(self) -> list[tuple[float, float]]:
        """When the caller heard something: the beginning and end of each stretch. Text has no length."""
        times = [piece.at for piece in self.heard] if self.arrivals is None else self.arrivals
        return [(at, at) for at in times]

    @property
    def unheard(self) -> bool:
        """Whether some of the text never reached the caller. Without a voice, all of it does."""
        return False

    @property
    def talk_over(self) -> float | None:
        """Seconds for which the bot still sounded after the caller interrupted; None without a voice."""
        return None

    @property
    def longest_silence(self) -> float:
        """The longest pause in seconds between two pieces of text."""
        times = [piece.at for piece in self.heard]
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)

    @property
    def longest_gap(self) -> float:
        """The longest silence within the answer, in seconds."""
        return self.longest_silence

    @property
    def starts(self) -> int:
        """How many responses began (`LLMFullResponseStartFrame`)."""
        return self.count("LLMFullResponseStartFrame")

    @property
    def ends(self) -> int:
        """How many responses ended (`LLMFullResponseEndFrame`)."""
        return self.count("LLMFullResponseEndFrame")

    def count(self, frame: str) -> int:
        """Return how many frames of exactly this class name went down."""
        return sum(c.direction == "down" and type(c.frame).__name__ == frame for c in self.frames)


class TurnTimeout(TimeoutError):
    """A turn did not end within its limit. The text fits on one screen: said, heard, still pending."""

    turn: Turn
    """The turn so far."""

    def __init__(self, turn: Turn, bound: float, pending: str, last: list[str]) -> None:
        self.turn = turn
        lines = [
            f"turn {turn.number} did not end within {bound:g} s.",
            f"  said:    {repr(turn.user) if turn.user is not None else 'nothing, the bot spoke first'}",
            f"  heard:   {_shortened(turn.text)!r}" if turn.heard else "  heard:   nothing",
            f"  pending: {pending}",
        ]
        lines += [f"  call:    {call.name}({dict(call.arguments)}) -> {call.result!r}" for call in turn.calls]
        lines += [f"  error:   {error.message} ({error.category})" for error in turn.errors]
        lines += ["  the last frames:", *(f"    {line}" for line in last)]
        super().__init__("\n".join(lines))


def _shortened(text: str, limit: int = 400) -> str:
    return text if len(text) <= limit else f"{text[: limit // 2]} ... {text[-limit // 2 :]}"
