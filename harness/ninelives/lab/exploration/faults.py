"""Draws faults and their triggers: every kind in the catalogue, at every place where it can happen.

A kind declares its phase (`where`), so a new file in `mock_openai/faults/kinds` is drawn without a change
here; only the parameters worth varying are listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from mock_openai.faults import Fault, Planned, Trigger, catalogue, create

from ninelives.lab.exploration.choices import Choices, pick
from ninelives.lab.scenario import BOTH, Transport
from ninelives.lab.scenario_spec import Output

_VARIANTS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "close": ({}, {"code": 1000}, {"code": 1001}, {"code": 1012}, {"code": 4000, "reason": "enough"}),
    "connection_limit": ({}, {"close": False}),
    "delay": ({"seconds": 1.0}, {"seconds": 0.2}, {"seconds": 3.0}),
    "duplicate": ({}, {"extra": 3}),
    "handshake_status": ({}, {"status": 429, "retry_after": 1.0}, {"status": 500}),
    "oversize_frame": ({"size": 2_000_000},),
    "rate_limit": ({"retry_after": 1.0}, {"retry_after": 3.0}),
    "refuse": ({"seconds": 0.5}, {"seconds": 3.0}),
    "server_error": ({}, {"status": 503}),
    "stall": ({"seconds": 2.0}, {}),
    "truncate": ({}, {"share": 0.1}, {"share": 0.9}),
}
"""Parameters to draw from, the simplest first. Kinds that are not here have their own defaults."""

_ONLY: Mapping[str, Transport] = {"bad_chunk": "http", "bad_frame": "websocket"}
"""Kinds that work on one transport only. A scenario with one is not played on the other."""

_NEVER = frozenset({"tls_failure"})
"""Kinds that need more than a trigger: a server with TLS."""

_TERMINAL = "terminal"
_DELTA = "response.output_text.delta"
_BEGUN = ("response.created", "response.in_progress", "response.output_item.added")
_TEXT_EVENTS = ("response.content_part.added", "response.output_text.done", "response.content_part.done")
_CALL = "response.function_call_arguments.delta"
_CALLED = "response.function_call_arguments.done"
_ITEM = "response.output_item.done"

_PERSON = frozenset({"insufficient_quota"})

_LOSSES = ("reset", "fin", "close", "close_no_status", "half_open")
"""What may happen to a connection while nobody speaks."""


def needs_a_person(planned: Planned) -> bool:
    """Whether only a person can correct it, so that no answer can be expected."""
    return planned.fault.name in _PERSON


def transports(planned: Iterable[Planned]) -> tuple[Transport, ...]:
    """Return the transports on which all these faults work."""
    needed = {_ONLY[one.fault.name] for one in planned if one.fault.name in _ONLY}
    return tuple(each for each in BOTH if needed <= {each})


def draw_faults(choices: Choices, answer: Sequence[Output]) -> list[Planned]:
    """Draw one fault in a turn with this answer, or (with the same probability) two or three.

    They share a trigger if the first of them has one in the stream, because a service that handles each fault
    alone may not handle both at once.
    """
    first = _draw_fault(choices, answer)
    together = pick(choices, (1, 1, 2, 3))
    if together == 1 or len(first) > 1 or first[0].trigger.phase != "event" or first[0].trigger.event is None:
        return first
    shared = [_settled(_kind(choices, _possible_anywhere()), first[0].trigger) for _ in range(together - 1)]
    at = choices.below(together)
    return [*shared[:at], *first, *shared[at:]]


def _draw_fault(choices: Choices, answer: Sequence[Output]) -> list[Planned]:
    """Return a fault, and another one if the first could not happen alone."""
    fault = _kind(
        choices, _by_phase()["any"] + _by_phase()["event"] + _by_phase()["request"] + _by_phase()["handshake"]
    )
    phase = fault.where.phase
    if phase == "handshake":
        # Happens only while a connection is opened, so another fault must close one first.
        return [Planned(fault.where, fault), Planned(Trigger(phase="request"), create("reset"))]
    if phase == "request" and not (fault.name == "server_error" and choices.below(2)):
        return [Planned(fault.where, fault, None if fault.name in _PERSON else 1)]
    if phase == "event" and fault.where.names_event:
        return [Planned(fault.where, fault)]
    if phase is None and choices.below(6) == 5:
        return [Planned(Trigger(phase="request"), fault)]
    return [_settled(fault, _event(choices, answer))]


def _settled(fault: Fault, trigger: Trigger) -> Planned:
    if fault.name == "stall" and trigger.event == _TERMINAL:
        # After its last event a response lacks nothing: no service could notice.
        trigger = replace(trigger, when="before")
    return Planned(trigger, fault)


def draw_loss(choices: Choices, trigger: Trigger) -> Planned:
    """Return the loss of a connection at this trigger."""
    return Planned(trigger, _kind(choices, _LOSSES))


def draw_in_request(choices: Choices, request: int) -> Planned:
    """Return a fault at an event that every response has, in a request counted over the whole scenario."""
    event = pick(choices, (*_BEGUN, _ITEM, _TERMINAL))
    trigger = Trigger(
        phase="event", turn=request, event=event, nth=1, when=pick(choices, ("before", "after"))
    )
    return _settled(_kind(choices, _possible_anywhere()), trigger)


def draw_idle_fault(choices: Choices, seconds: float) -> list[Planned]:
    """Return a loss while nobody speaks, early enough for a good service to recover before the user speaks
    again.
    """
    if seconds < 30:
        return []
    loss = _kind(choices, _LOSSES)
    return [Planned(Trigger(phase="idle", at=pick(choices, (2.0, 10.0)) if seconds < 90 else 30.0), loss)]


def simpler_faults(planned: Planned) -> Iterator[Planned]:
    """Yield faults that are easier to understand than this one, the simplest first."""
    fault, trigger = planned.fault, planned.trigger
    if planned.times is not None and planned.times > 1:
        yield replace(planned, times=1)
    if trigger.turn is not None:
        yield replace(planned, trigger=replace(trigger, turn=None))
    if fault.name != "reset" and trigger.phase in ("event", "idle", "request"):
        yield replace(planned, fault=create("reset"), times=1)
    plain = create(fault.name, **_VARIANTS.get(fault.name, ({},))[0])
    if fault != plain:
        yield replace(planned, fault=plain)
    if trigger.phase != "event" or fault.where.names_event:
        return
    if trigger.event != _DELTA:
        yield replace(planned, trigger=replace(trigger, event=_DELTA, nth=1))
    for nth in (1, (trigger.nth or 1) // 2, (trigger.nth or 1) - 1):
        if 0 < nth < (trigger.nth or 1):
            yield replace(planned, trigger=replace(trigger, nth=nth))
    if trigger.when != "before":
        yield replace(planned, trigger=replace(trigger, when="before"))


def _kind(choices: Choices, names: Sequence[str]) -> Fault:
    name = pick(choices, names)
    return create(name, **pick(choices, _VARIANTS.get(name, ({},))))


@cache
def _by_phase() -> Mapping[str, tuple[str, ...]]:
    """Return the kinds by phase. The most common losses come first: they are the simplest to read."""
    found: dict[str, list[str]] = {"any": list(_LOSSES), "event": [], "request": [], "handshake": []}
    for name, kind in catalogue().items():
        if name not in _LOSSES and name not in _NEVER and _buildable(name):
            found.setdefault(kind.where.phase or "any", []).append(name)
    return {phase: tuple(names) for phase, names in found.items()}


@cache
def _possible_anywhere() -> tuple[str, ...]:
    """Return the kinds that can happen at any event."""
    kinds = catalogue()
    return tuple(
        name for name in _by_phase()["any"] + _by_phase()["event"] if not kinds[name].where.names_event
    )


def _buildable(name: str) -> bool:
    try:
        create(name, **_VARIANTS.get(name, ({},))[0])
    except ValueError:
        return False  # a new kind with required parameters, for which no values are listed
    return True


def _event(choices: Choices, answer: Sequence[Output]) -> Trigger:
    """Return an event that this answer has."""
    calls = any("call" in item for output in answer for item in output)
    refused = any("refusal" in item for output in answer for item in output)
    words = "response.refusal.delta" if refused else _DELTA
    places = [(words, 12), (_TERMINAL, 1), (_ITEM, 2), *((name, 1) for name in _BEGUN)]
    places += [(name, 1) for name in (_TEXT_EVENTS if not refused else _TEXT_EVENTS[:1])]
    if calls:
        places += [(_CALL, 3), (_CALLED, 1), (_CALL, 1)]
    event, most = pick(choices, places)
    nth = 1 + choices.below(most) if most > 1 else 1
    return Trigger(phase="event", event=event, nth=nth, when=pick(choices, ("before", "after")))
