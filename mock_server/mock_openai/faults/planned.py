"""A planned fault: a trigger, a fault, and how often it is injected."""

from __future__ import annotations

from dataclasses import dataclass

from mock_openai.deprecation import warn_renamed
from mock_openai.faults.context import Fault
from mock_openai.faults.registry import parameters
from mock_openai.faults.trigger import Trigger


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault, its trigger, and how many times it is injected at most (None: every time)."""

    trigger: Trigger
    fault: Fault
    times: int | None = 1

    def __post_init__(self) -> None:
        if self.times is not None and (type(self.times) is not int or self.times < 1):
            raise ValueError(
                f"times must be a whole number from 1, or None for every time, not {self.times!r}"
            )

    @property
    def point(self) -> Trigger:
        """The deprecated name of `trigger`."""
        warn_renamed("Planned.point", "Planned.trigger", gone="0.3")
        return self.trigger

    def describe(self) -> dict[str, object]:
        """Return the planned fault as plain data, in the keys of the YAML form."""
        return {
            "at": self.trigger.describe(),
            "do": {self.fault.name: parameters(self.fault)},
            "times": self.times,
        }

    def noted(self) -> dict[str, object]:
        """Return the data of its journal entry. `point` is the deprecated name of `trigger`, gone in 0.3."""
        trigger = self.trigger.describe()
        return {"fault": self.fault.name, "trigger": trigger, "point": trigger}
