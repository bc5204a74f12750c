"""A scenario: a conversation, its faults, and what should be heard, as plain values.

It is independent of the service: `run` plays it against any. Steps are performed in order; faults are armed
by the step they belong to, so that a scenario means the same however many requests, warm-ups or connections a
service makes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mock_openai.deprecation import renamed_arguments, warn_renamed

from ninelives.lab.episode import TURN_BOUND

if TYPE_CHECKING:
    from mock_openai.faults import Planned

Transport = Literal["websocket", "http"]

BOTH: tuple[Transport, ...] = ("websocket", "http")
SOCKET: tuple[Transport, ...] = ("websocket",)
HTTP: tuple[Transport, ...] = ("http",)

CHAPTERS = (
    "nothing goes wrong",
    "connecting",
    "before the first word",
    "in mid-sentence",
    "going on after a loss",
    "at the end of an answer",
    "while the model thinks",
    "around a tool call",
    "spoilt events",
    "what the API may answer",
    "interruptions",
    "between turns",
    "the 60-minute limit",
    "outages",
)
"""The chapters in the order of the table of contents."""

PACE = "fixed:0.05"
"""The model's pace: twenty events per second, about as observed, so that a sentence has a middle."""


BEFORE_THE_FIRST_WORD = 0.12
"""Seconds into a turn at which an impatient user interrupts before the first word: the response exists by
then.
"""


@dataclass(frozen=True, slots=True)
class Say:
    """The user says something and hears the whole turn, unless `cut_in` makes them interrupt."""

    text: str
    answer: str | None
    """The expected whole answer; None if none can be expected."""
    faults: tuple[Planned, ...] = ()
    """Armed as the user begins to speak."""
    cut_in: int | None = None
    """The user interrupts after this many heard words; 0 interrupts before the first."""
    after: float = BEFORE_THE_FIRST_WORD
    """With `cut_in=0`: seconds into the turn at which the user interrupts."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody says anything for some seconds."""

    seconds: float
    faults: tuple[Planned, ...] = ()
    """Armed as the silence begins."""


Step = Say | Wait


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named, repeatable conversation with faults."""

    name: str
    """Lower case, words joined by underscores."""
    sentence: str
    """The scenario's event, in one sentence."""
    steps: tuple[Step, ...]
    script: Sequence[Mapping[str, Any]]
    """The model's answers: the rules of a script."""
    chapter: str = ""
    """The title of its chapter, one of `CHAPTERS`; empty for a user's own scenario."""
    about: tuple[str, ...] = ()
    """The promises that it tests, `I1` to `I10`. All ten are judged."""
    tools: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """The functions that the model may call, by name."""
    transports: tuple[Transport, ...] = BOTH
    """The transports on which the scenario can happen."""
    faults: tuple[Planned, ...] = ()
    """Armed before the bot connects."""
    tls: bool = False
    """Whether the service gets https:// and wss:// addresses. The mock server can only let them fail."""
    thinks: bool = False
    """Whether the service uses a model that thinks, and asks for a summary of its thoughts."""
    server: Mapping[str, Any] = field(default_factory=dict)
    """Further options of the mock server."""
    pace: str = PACE
    """When the model's events leave, as for `MockServer`."""
    bound: float = TURN_BOUND
    """Seconds within which each turn must have ended."""
    seed: int = 0
    """Added to the seed of a run, for a scenario that was found with another seed."""

    @property
    def acts(self) -> tuple[Step, ...]:
        """The deprecated name of `steps`."""
        warn_renamed("Scenario.acts", "Scenario.steps", gone="0.3")
        return self.steps

    @property
    def answers(self) -> list[str]:
        """The expected whole answers, including those to interrupted turns."""
        return [step.answer for step in self.steps if isinstance(step, Say) and step.answer is not None]

    @property
    def expected(self) -> list[str | None]:
        """The expected whole answer to each turn; None for an interrupted turn."""
        return [
            None if step.cut_in is not None else step.answer for step in self.steps if isinstance(step, Say)
        ]


Scenario.__init__ = renamed_arguments(Scenario.__init__, {"acts": "steps"}, gone="0.3")  # type: ignore[method-assign]
