"""The laboratory's scenarios as weather over somebody else's conversation: their faults and silences, without
their words.

A scenario strikes in a turn of its own story. In an eval of another length the same faults are armed as the
user begins to speak in the turn given, with the silence before it that the scenario has there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ninelives.complaint import Complaint
from ninelives.lab.episode import TURN_BOUND
from ninelives.lab.scenario import Say, Scenario, Transport, Wait
from ninelives.lab.scenarios import matching, scenarios
from ninelives.lab.talk import SCRIPT

if TYPE_CHECKING:
    from mock_openai.faults import Planned

A_SILENCE = 5.0
"""Seconds from which a pause of a scenario is part of what happens in it, and not only a breath."""


@dataclass(frozen=True, slots=True)
class Blow:
    """What a scenario does as one turn begins."""

    silence: float = 0.0
    """Seconds of silence before the user speaks."""
    in_silence: tuple[Planned, ...] = ()
    """Armed as the silence begins."""
    faults: tuple[Planned, ...] = ()
    """Armed as the user begins to speak."""
    answerable: bool = True
    """Whether an answer to this turn can be expected at all."""

    @property
    def whole(self) -> bool:
        """Whether all of the answer can be expected: the API does not end it, and comes back in time."""
        return self.answerable and not any(_cuts_short(planned) for planned in self.faults)

    @property
    def empty(self) -> bool:
        """Nothing happens."""
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
    blows: Mapping[int, Blow] = field(default_factory=dict)
    """By the turn in which they fall, counted from the first that has one, from 0."""
    first: int = 1
    """The turn of the scenario's own story in which the first falls, from 1."""
    server: Mapping[str, Any] = field(default_factory=dict)

    @property
    def silence(self) -> float:
        """The longest silence in seconds."""
        return max((blow.silence for blow in self.blows.values()), default=0.0)

    def at(self, turn: int) -> Mapping[int, Blow]:
        """The blows by the turn of the eval, from 1, if the first falls in `turn`."""
        return {turn + offset: blow for offset, blow in self.blows.items()}

    def turns(self, there: int) -> list[int]:
        """The turns of an eval with so many in which the first blow may fall, the likeliest first."""
        if not self.blows:
            return [0]
        likely = min(self.first, there)
        return [likely, *(turn for turn in range(1, there + 1) if turn != likely)]


def chosen(pattern: str) -> list[Disaster]:
    """The disasters of a pattern, or of several separated by commas. Raises Complaint when there is none."""
    found: dict[str, Disaster] = {}
    refused: dict[str, str] = {}
    for part in pattern.split(","):
        named = matching(part.strip())
        if not named:
            raise Complaint(
                f"no scenario is called {part.strip()!r}; expected one of the {len(scenarios())} that "
                "`ninelives scenarios` lists, or a pattern such as reset_*"
            )
        for scenario in named:
            if (why := unfit(scenario)) is not None:
                refused[scenario.name] = why
            else:
                found[scenario.name] = of(scenario)
    if not found:
        told = "; ".join(f"{name}: {why}" for name, why in refused.items())
        raise Complaint(f"none of these can happen in an eval ({told})")
    return list(found.values())


def named(pattern: str) -> list[tuple[str, str, tuple[Planned, ...]]]:
    """Name, sentence and faults of the disasters of a pattern that may strike in any turn.

    What `mock-openai serve --faults PATTERN --rate 1%` calls. Raises Complaint.
    """
    found = []
    for disaster in chosen(pattern):
        blow = disaster.blows.get(0, Blow())
        if faults := (*blow.in_silence, *blow.faults):
            found.append((disaster.name, disaster.sentence, faults))
    if not found:
        raise Complaint(
            f"{pattern}: these can only strike as a bot starts, or by silence alone; choose others"
        )
    return found


def unfit(scenario: Scenario) -> str | None:
    """Why a scenario cannot happen in somebody else's conversation. None: it can."""
    if scenario.tls:
        return "it is about TLS"
    if scenario.thinks:
        return "it is about a model that thinks"
    if any(isinstance(act, Say) and act.cut_in is not None for act in scenario.acts):
        return "its caller interrupts; in an eval the file's own caller speaks"
    if tuple(scenario.script) != SCRIPT:
        return "it is in what the model says, which the recording or the script decides here"
    if not scenario.faults and all(blow.empty for blow in _blows(scenario).values()):
        return "nothing breaks in it"
    return None


def of(scenario: Scenario) -> Disaster:
    """The disaster of a scenario."""
    blows = {turn: blow for turn, blow in _blows(scenario).items() if not blow.empty}
    first = min(blows, default=1)
    return Disaster(
        name=scenario.name,
        sentence=scenario.sentence,
        transports=scenario.transports,
        bound=scenario.bound,
        at_start=scenario.faults,
        blows={turn - first: blow for turn, blow in blows.items()},
        first=first,
        server=scenario.server,
    )


def _cuts_short(planned: Planned) -> bool:
    """Whether a fault ends an answer that nobody can go on with while the turn lasts."""
    seconds = getattr(planned.fault, "seconds", None) if planned.fault.name == "refuse" else None
    return planned.fault.name == "incomplete" or (seconds is not None and seconds >= TURN_BOUND)


def _blows(scenario: Scenario) -> dict[int, Blow]:
    """What happens at each turn of a scenario, from 1."""
    blows: dict[int, Blow] = {}
    silence, turn = 0.0, 0
    armed: tuple[Planned, ...] = ()
    for act in scenario.acts:
        match act:
            case Wait(seconds=seconds, faults=faults):
                if seconds >= A_SILENCE or faults:
                    silence, armed = silence + seconds, (*armed, *faults)
            case Say(answer=answer, faults=faults):
                turn += 1
                blows[turn] = Blow(silence, armed, faults, answer is not None)
                silence, armed = 0.0, ()
    return blows
