"""Planning a fault in one readable line: `faults.at(turn=2, event="response.output_text.delta",
nth=3).reset()`.

The methods after `at(...)` are the registered faults; there is one for each, with the fault's own parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mock_openai.faults.planned import Planned
from mock_openai.faults.registry import catalogue, create
from mock_openai.faults.trigger import Phase, Trigger, When


class At:
    """A trigger without a fault yet. Each registered fault is a method that returns the planned fault."""

    def __init__(self, trigger: Trigger, times: int | None) -> None:
        self._trigger = trigger
        self._times = times

    def __getattr__(self, name: str) -> Callable[..., Planned]:
        if name.startswith("_"):
            raise AttributeError(name)
        kind = catalogue().get(name)
        if kind is None:
            try:
                create(name)
            except ValueError as error:
                raise AttributeError(str(error)) from None

        def plan(*args: Any, **parameters: Any) -> Planned:
            fault = create(name, *args, **parameters)
            return Planned(self._trigger.with_defaults(fault.where), fault, self._times)

        plan.__name__ = name
        plan.__doc__ = kind.__doc__ if kind else None
        return plan

    def __dir__(self) -> list[str]:
        return list(catalogue())

    def __repr__(self) -> str:
        return f"at({self._trigger.describe()}), now say what happens, e.g. .reset()"


def at(
    *,
    connection: int | None = None,
    turn: int | None = None,
    event: str | None = None,
    nth: int | None = None,
    index: int | None = None,
    when: When = "before",
    phase: Phase | None = None,
    at: float | None = None,
    times: int | None = 1,
) -> At:
    """Return a trigger (see `Trigger` for the fields), and how often it injects a fault: once, or always with
    None.
    """
    trigger = Trigger(
        connection=connection, turn=turn, event=event, nth=nth, index=index, when=when, phase=phase, at=at
    )
    return At(trigger, times)
