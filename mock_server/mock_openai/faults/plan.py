"""The planned faults, and how often each may still be injected.

A FaultPlan holds the planned faults. An EventMatcher counts the events of one turn and returns the faults to
inject at each. Neither does any I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from mock_openai.faults.chaos import Chaos
from mock_openai.faults.planned import Planned
from mock_openai.faults.trigger import Phase, Position, Trigger, When
from mock_openai.protocol.events import Event


@dataclass(slots=True)
class _Armed:
    planned: Planned
    left: int | None


MOST = 10_000
"""Faults that may be planned over the control API at a time: each is looked at in every turn."""


class FaultPlan:
    """The faults of one server, in the order they were planned. With `chaos`, more are drawn turn by turn."""

    def __init__(self, planned: Iterable[Planned] = (), chaos: Chaos | None = None) -> None:
        self.version = 0
        """Increases with every change, so that turns in flight notice faults planned after they began."""
        self.exhausted = True
        """Whether no fault may be injected any more."""
        self._chaos = chaos
        self._armed: list[_Armed] = []
        self._watchers: dict[object, Callable[[], None]] = {}
        self.add(*planned)

    def add(self, *planned: Planned) -> None:
        """Plan more faults; connections and turns in flight take notice."""
        for one in planned:
            if not isinstance(one, Planned):
                raise TypeError(f"expected planned faults such as faults.at(turn=1).reset(), not {one!r}")
            self._armed.append(_Armed(one, one.times))
        if len(self._armed) > MOST:
            self._armed = [armed for armed in self._armed if armed.left != 0]
        self._changed()

    def clear(self) -> None:
        """Remove all faults, injected or not."""
        self._armed.clear()
        self._changed()

    def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` after every change of the plan. Return a function that stops this."""
        watcher = object()
        self._watchers[watcher] = changed
        return partial(self._watchers.__delitem__, watcher)

    @property
    def pending(self) -> tuple[Planned, ...]:
        """The faults that may still be injected."""
        return tuple(armed.planned for armed in self._armed if armed.left != 0)

    def __iter__(self) -> Iterator[Planned]:
        return (armed.planned for armed in tuple(self._armed))

    def __len__(self) -> int:
        return len(self._armed)

    def due(self, phase: Phase, position: Position) -> list[Planned]:
        """Return the faults of this phase that could be injected here, without counting them as injected."""
        return [armed.planned for armed in self._due(phase, position)]

    def take(self, phase: Phase, position: Position) -> list[Planned]:
        """Return the faults to inject now, in order, and count each as injected."""
        if self._chaos is not None and phase == "request":
            self._draw(self._chaos, position)
        return [self._count(armed) for armed in self._due(phase, position)]

    def claim(self, planned: Planned) -> bool:
        """Count this fault as injected. False if it has used up its times or is no longer planned."""
        for armed in self._armed:
            if armed.planned is planned and armed.left != 0:
                self._count(armed)
                return True
        return False

    def _due(self, phase: Phase, position: Position) -> list[_Armed]:
        return [
            armed
            for armed in self._armed
            if armed.left != 0
            and armed.planned.trigger.phase == phase
            and armed.planned.trigger.about(position)
        ]

    def _count(self, armed: _Armed) -> Planned:
        if armed.left is not None:
            armed.left -= 1
            self.exhausted = self._chaos is None and not self.pending
        if self._chaos is not None:
            self._chaos.injected(armed.planned)
        return armed.planned

    def _draw(self, chaos: Chaos, position: Position) -> None:
        """At the start of a turn, drop faults that were drawn long ago, and arm those drawn for it."""
        self._armed = [armed for armed in self._armed if not chaos.expired(armed.planned, position)]
        if drawn := chaos.planned(position):
            self.add(*drawn)

    def _changed(self) -> None:
        self.version += 1
        self.exhausted = self._chaos is None and not self.pending
        for changed in tuple(self._watchers.values()):
            changed()


class EventMatcher:
    """One turn's events as the plan sees them: call `before` and `after` once for each, in order.

    While no fault could be injected at an event of the turn, `skips` lets it pass at almost no cost.
    """

    def __init__(self, plan: FaultPlan, position: Position) -> None:
        self._plan = plan
        self._position = position
        self._version = -1
        self._candidates: list[Planned] = []
        self._passed: list[str] = []
        self._counts: dict[str, int] = {}
        self._counted = 0

    def skips(self, event: Event) -> bool:
        """Count the event and return True if no fault may still be injected at any event of this turn."""
        if self.armed:
            return False
        self._passed.append(event.type)
        return True

    def before(self, event: Event) -> list[Planned]:
        """Count the event, and return the faults that are injected before it leaves."""
        self._passed.append(event.type)
        return self._due_at(event, "before")

    def after(self, event: Event) -> list[Planned]:
        """Return the faults that are injected now that the event has left."""
        return self._due_at(event, "after")

    def passed(self, types: Iterable[str]) -> None:
        """Count events that have left already, while no fault could be injected at any."""
        self._passed.extend(types)

    @property
    def armed(self) -> bool:
        """Whether any fault may still be injected at an event of this turn."""
        if self._version != self._plan.version:
            self._version = self._plan.version
            self._candidates = self._plan.due("event", self._position)
        return bool(self._candidates)

    def _due_at(self, event: Event, when: When) -> list[Planned]:
        if not self.armed:
            return []
        return [
            planned
            for planned in self._candidates
            if planned.trigger.when == when
            and self._fits(planned.trigger, event)
            and self._plan.claim(planned)
        ]

    def _fits(self, trigger: Trigger, event: Event) -> bool:
        if not trigger.names(event.type):
            return False
        if trigger.index is not None and trigger.index != len(self._passed) - 1:
            return False
        if trigger.nth is None:
            return True
        for passed in self._passed[self._counted :]:
            self._counts[passed] = self._counts.get(passed, 0) + 1
        self._counted = len(self._passed)
        return trigger.nth == sum(count for seen, count in self._counts.items() if trigger.names(seen))
