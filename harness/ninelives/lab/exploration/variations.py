"""Variations for half of the drawn scenarios: unusual behavior of a real model, line or server.

The choices are independent of those for the scenario, so new variations do not change the other half. A
variation of the model's answer is the same each time a question is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mock_openai.faults import Trigger, create

from ninelives.lab.exploration.choices import Choices, maybe, pick
from ninelives.lab.exploration.faults import draw_in_request, draw_loss, transports
from ninelives.lab.exploration.topics import IN_OTHER_WORDS
from ninelives.lab.scenario_spec import Ask, Output, Pause, ScenarioSpec

_TAKES = (0.0, 0.9, 2.5)
"""Seconds that the model takes before the first output of a response."""

_MAY_REPEAT = frozenset(
    {
        "reset",
        "fin",
        "close",
        "close_no_status",
        "truncate",
        "drop",
        "duplicate",
        "reorder",
        "keepalive",
        "delay",
    }
)
"""Faults that happen again to the next attempt: a server that restarts, a line that stays bad."""

_ALMOST_AN_HOUR = (3299.5, 3297.0)
"""Seconds after which a service replaces its connection in the middle of the next turn."""


def varied(choices: Choices, spec: ScenarioSpec) -> ScenarioSpec:
    """Return the scenario, or one with variations."""
    if choices.below(2) == 0:
        return spec
    for vary in _VARIATIONS:
        spec = maybe(choices, 3.0, lambda c, vary=vary, spec=spec: vary(c, spec)) or spec  # type: ignore[misc]
    return replace(spec, transports=transports(one for step in spec.steps for one in step.faults))


def _slow_model(choices: Choices, spec: ScenarioSpec) -> ScenarioSpec:
    """Let the model think before some responses."""
    return _asks(spec, lambda ask: replace(ask, takes=tuple(pick(choices, _TAKES) for _ in ask.answer)))


def _other_words(choices: Choices, spec: ScenarioSpec) -> ScenarioSpec:
    """Let the model speak other languages, in bytes that a delta may split."""
    return _asks(spec, lambda ask: replace(ask, answer=tuple(map(_translated, ask.answer))))


def _two_messages(choices: Choices, spec: ScenarioSpec) -> ScenarioSpec:
    """Let the model end some answers with a second message."""
    return _asks(spec, lambda ask: ask if choices.below(2) else replace(ask, answer=_split(ask.answer)))


def _refused_behind_a_tool(choices: Choices, spec: ScenarioSpec) -> ScenarioSpec:
    """Let the model refuse to say what a tool told it."""

    def refused(ask: Ask) -> Ask:
        if len(ask.answer) == 1 or choices.below(2):
            return ask
        return replace(ask, answer=(*ask.answer[:-1], ({"refusal": f"I may not answer: {ask.user}"},)))

    return _asks(spec, refused)


def _again(choices: Choices, spec: ScenarioSpec) -> ScenarioSpec:
    """Let one fault hit the next attempts too."""
    places = [
        (at, number)
        for at, step in enumerate(spec.steps)
        for number, one in enumerate(step.faults)
        if one.fault.name in _MAY_REPEAT and one.trigger.phase in ("event", "request")
    ]
    if not places:
        return spec
    at, number = pick(choices, places)
    faults = list(spec.steps[at].faults)
    faults[number] = replace(faults[number], times=pick(choices, (2, 3)))
    return _with(spec, at, replace(spec.steps[at], faults=tuple(faults)))


def _while_a_tool_runs(choices: Choices, spec: ScenarioSpec) -> ScenarioSpec:
    """Let the connection be lost while a tool runs."""
    places = [at for at, step in enumerate(spec.steps) if isinstance(step, Ask) and len(step.answer) > 1]
    if not places or not spec.tool_seconds:
        return spec
    at = pick(choices, places)
    trigger = Trigger(phase="idle", at=pick(choices, (0.1, spec.tool_seconds / 2)))
    step = spec.steps[at]
    return _with(spec, at, replace(step, faults=(*step.faults, draw_loss(choices, trigger))))


def _in_a_later_response(choices: Choices, spec: ScenarioSpec) -> ScenarioSpec:
    """Let a fault hit a later response of a turn with tools, or a repeated request."""
    at = pick(choices, [at for at, step in enumerate(spec.steps) if isinstance(step, Ask)])
    before = sum(len(step.answer) for step in spec.steps[:at] if isinstance(step, Ask))
    step = spec.steps[at]
    fault = draw_in_request(choices, before + 2 + choices.below(2))
    return _with(spec, at, replace(step, faults=(*step.faults, fault)))


def _filtered(choices: Choices, spec: ScenarioSpec) -> ScenarioSpec:
    """Let a content filter end the answers that the token limit would have ended."""
    filtered = create("incomplete", reason="content_filter")
    for at, step in enumerate(spec.steps):
        faults = (
            replace(one, fault=filtered) if one.fault.name == "incomplete" else one for one in step.faults
        )
        spec = _with(spec, at, replace(step, faults=tuple(faults)))
    return spec


def _expiring(choices: Choices, spec: ScenarioSpec) -> ScenarioSpec:
    """Let a connection reach the age at which it is replaced while somebody speaks."""
    places = [at for at, step in enumerate(spec.steps) if isinstance(step, Pause) and not step.faults]
    if not places:
        return spec
    return _with(spec, pick(choices, places), Pause(pick(choices, _ALMOST_AN_HOUR)))


_VARIATIONS: tuple[Callable[[Choices, ScenarioSpec], ScenarioSpec], ...] = (
    _slow_model,
    _other_words,
    _two_messages,
    _refused_behind_a_tool,
    _again,
    _while_a_tool_runs,
    _in_a_later_response,
    _filtered,
    _expiring,
)


def _with(spec: ScenarioSpec, at: int, step: Ask | Pause) -> ScenarioSpec:
    return replace(spec, steps=(*spec.steps[:at], step, *spec.steps[at + 1 :]))


def _asks(spec: ScenarioSpec, change: Callable[[Ask], Ask]) -> ScenarioSpec:
    """Change the model's answers; the same question gets the same answer each time."""
    changed: dict[str, Ask] = {}
    steps: list[Ask | Pause] = []
    for step in spec.steps:
        if isinstance(step, Ask):
            first = changed.get(step.user) or changed.setdefault(step.user, change(step))
            step = replace(step, answer=first.answer, takes=first.takes)
        steps.append(step)
    return replace(spec, steps=tuple(steps))


def _translated(output: Output) -> Output:
    return tuple(
        {**item, "text": _in_other_words(item["text"])} if "text" in item else item for item in output
    )


def _in_other_words(text: str) -> str:
    for sentence, other in IN_OTHER_WORDS.items():
        text = text.replace(sentence, other)
    return text


def _split(answer: tuple[Output, ...]) -> tuple[Output, ...]:
    """Return the answer with the last sentence in a message of its own."""
    *before, last = answer
    items: list[Any] = []
    for item in last:
        first, blank, second = str(item.get("text", "")).rpartition(". ")
        items += [{"text": f"{first}{blank}"}, {"text": second}] if first and second else [item]
    return (*before, tuple(items))
