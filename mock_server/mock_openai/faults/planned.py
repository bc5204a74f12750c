"""A planned fault: what strikes, where, and how often."""

from __future__ import annotations

from dataclasses import dataclass

from mock_openai.faults.context import Fault
from mock_openai.faults.point import Point
from mock_openai.faults.registry import parameters


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault, where it strikes, and how many times at most (None: every time)."""

    point: Point
    fault: Fault
    times: int | None = 1

    def __post_init__(self) -> None:
        if self.times is not None and (type(self.times) is not int or self.times < 1):
            raise ValueError(
                f"times must be a whole number from 1, or None for every time, not {self.times!r}"
            )

    def describe(self) -> dict[str, object]:
        """Return the planned fault as plain data, in the keys of the YAML form."""
        return {
            "at": self.point.describe(),
            "do": {self.fault.name: parameters(self.fault)},
            "times": self.times,
        }

    def noted(self) -> dict[str, object]:
        """Return what the journal says when it strikes."""
        return {"fault": self.fault.name, "point": self.point.describe()}
