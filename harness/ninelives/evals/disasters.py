"""The laboratory's scenarios applied to another conversation: their faults and silences, without their words.

A scenario's faults belong to a turn of its own conversation. In an eval of another length they are armed as
the user begins to speak in the given turn, after the same silence as in the scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ninelives.lab.dialogue import SCRIPT
from ninelives.lab.episode import TURN_BOUND
from ninelives.lab.scenario import Say, Scenario, Transport, Wait
from ninelives.lab.scenarios import chosen as chosen_by
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from mock_openai.faults import Planned

A_SILENCE = 5.0
"""Seconds from which a pause belongs to the scenario; shorter ones are only a breath between turns."""


@dataclass(frozen=True, slots=True)
class TurnFaults:
    """The faults and the silence of a scenario at the beginning of one turn."""

    silence: float = 0.0
    """Seconds of silence before the user speaks."""
    in_silence: tuple[Planned, ...] = ()
    """Armed as the silence begins."""
    faults: tuple[Planned, ...] = ()
    """Armed as the user begins to speak."""
    answerable: bool = True
    """Whether any answer to this turn can be expected."""

    @property
    def whole(self) -> bool:
        """Whether the whole answer can be expected: the API does not end it early, and is back in time."""
        return self.answerable and not any(_cuts_short(planned) for planned in self.faults)

    @property
    def empty(self) -> bool:
        """Nothing happens in this turn."""
        return not (self.silence or self.in_silence or self.faults) and self.answerable


@dataclass(frozen=True, slots=True)
class Disaster:
    """A scenario's faults, to be armed in a conversation of any length."""

    name: str
    sentence: str
    transports: tuple[Transport, ...]
    bound: float
    at_start: tuple[Planned, ...] = ()
    """Armed before the bot connects."""
    turn_faults: Mapping[int, TurnFaults] = field(default_factory=dict)
    """The faults of each turn, counted from 0 at the first turn with a fault."""
    first: int = 1
    """The turn of the first fault in the scenario's own conversation, from 1."""
    server: Mapping[str, Any] = field(default_factory=dict)

    @property
    def silence(self) -> float:
        """The longest silence in seconds."""
        return max((one.silence for one in self.turn_faults.values()), default=0.0)

    def at(self, turn: int) -> Mapping[int, TurnFaults]:
        """Return the faults by the turn of the eval, from 1, if the first belongs to `turn`."""
        return {turn + offset: one for offset, one in self.turn_faults.items()}

    def turns(self, there: int) -> list[int]:
        """Return the turns of an eval with `count` turns in which the first fault may happen, the most likely
        first.
        """
        if not self.turn_faults:
            return [0]
        likely = min(self.first, there)
        return [likely, *(turn for turn in range(1, there + 1) if turn != likely)]


def chosen(pattern: str) -> list[Disaster]:
    """Return the disasters of a pattern, or of several separated by commas. Raises UsageError if there is
    none.
    """
    found: dict[str, Disaster] = {}
    refused: dict[str, str] = {}
    for part in pattern.split(","):
        for scenario in chosen_by(part.strip()):
            if (why := unfit(scenario)) is not None:
                refused[scenario.name] = why
            else:
                found[scenario.name] = disaster_of(scenario)
    if not found:
        reasons = "; ".join(f"{name}: {why}" for name, why in refused.items())
        raise UsageError(f"none of these scenarios is possible in an eval ({reasons})")
    return list(found.values())


def named(pattern: str) -> list[tuple[str, str, tuple[Planned, ...]]]:
    """Return name, sentence and faults of the disasters of a pattern that may happen in any turn.

    For `mock-openai serve --faults PATTERN --rate 1%`. Raises UsageError.
    """
    found = []
    for disaster in chosen(pattern):
        one = disaster.turn_faults.get(0, TurnFaults())
        if faults := (*one.in_silence, *one.faults):
            found.append((disaster.name, disaster.sentence, faults))
    if not found:
        raise UsageError(
            f"{pattern}: these scenarios need a bot that is starting, or only silence; choose others"
        )
    return found


def unfit(scenario: Scenario) -> str | None:
    """Return why a scenario cannot happen in another conversation; None if it can."""
    if scenario.tls:
        return "it is about TLS"
    if scenario.thinks:
        return "it is about a model that thinks"
    if any(isinstance(step, Say) and step.cut_in is not None for step in scenario.steps):
        return "its caller interrupts; in an eval the caller of the file speaks"
    if tuple(scenario.script) != SCRIPT:
        return "it depends on the model's words, which come from the recording or the script here"
    if not scenario.faults and all(one.empty for one in _faults_by_turn(scenario).values()):
        return "it has no fault"
    return None


def disaster_of(scenario: Scenario) -> Disaster:
    """Return the faults and silences of a scenario, to be played in another conversation."""
    turn_faults = {turn: one for turn, one in _faults_by_turn(scenario).items() if not one.empty}
    first = min(turn_faults, default=1)
    return Disaster(
        name=scenario.name,
        sentence=scenario.sentence,
        transports=scenario.transports,
        bound=scenario.bound,
        at_start=scenario.faults,
        turn_faults={turn - first: one for turn, one in turn_faults.items()},
        first=first,
        server=scenario.server,
    )


def _cuts_short(planned: Planned) -> bool:
    """Whether a fault ends an answer that cannot be continued within the turn."""
    seconds = getattr(planned.fault, "seconds", None) if planned.fault.name == "refuse" else None
    return planned.fault.name == "incomplete" or (seconds is not None and seconds >= TURN_BOUND)


def _faults_by_turn(scenario: Scenario) -> dict[int, TurnFaults]:
    """Return what happens at each turn of a scenario, from 1."""
    turn_faults: dict[int, TurnFaults] = {}
    silence, turn = 0.0, 0
    armed: tuple[Planned, ...] = ()
    for step in scenario.steps:
        match step:
            case Wait(seconds=seconds, faults=faults):
                if seconds >= A_SILENCE or faults:
                    silence, armed = silence + seconds, (*armed, *faults)
            case Say(answer=answer, faults=faults):
                turn += 1
                turn_faults[turn] = TurnFaults(silence, armed, faults, answer is not None)
                silence, armed = 0.0, ()
    return turn_faults
