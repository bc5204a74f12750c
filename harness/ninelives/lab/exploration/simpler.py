"""The ways to make a scenario simpler: a function for each, from the coarsest to the finest.

Each yields the scenarios that are one step simpler than the given one, the boldest step first. No step undoes
another, so steps come to an end. The results are scenarios that could be drawn too: questions with a pause
between, faults where they can happen, a pause with a loss only before another turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mock_openai.faults import Planned

from ninelives.lab.exploration.faults import needs_a_person, simpler_faults, transports
from ninelives.lab.scenario_spec import Ask, CutIn, Output, Pause, ScenarioSpec, spoken_in

Step = Ask | Pause

_SENTENCE = re.compile(r"(?<=[.!?]) ")
_USUAL_PAUSE = 1.0
_USUAL_CUT = CutIn(words=3)


def fewer_turns(spec: ScenarioSpec) -> Iterator[ScenarioSpec]:
    """Yield it without half of the turns, a quarter, ... and without one."""
    turns = _turns(spec)
    size = len(turns) // 2
    while size:
        for at in range(0, len(turns), size):
            rest = turns[:at] + turns[at + size :]
            if rest:
                yield _of(spec, [step for turn in rest for step in turn])
        size //= 2


def less_trouble(spec: ScenarioSpec) -> Iterator[ScenarioSpec]:
    """Yield it without one fault, or one interruption."""
    for at, step in enumerate(spec.steps):
        for number in range(len(step.faults)):
            faults = step.faults[:number] + step.faults[number + 1 :]
            yield _with(spec, at, replace(step, faults=faults))
        if isinstance(step, Ask) and step.cut_in is not None:
            yield _with(spec, at, replace(step, cut_in=None))


def fewer_words(spec: ScenarioSpec) -> Iterator[ScenarioSpec]:
    """Yield it with an answer that has fewer responses, calls, thoughts or sentences."""
    for user in dict.fromkeys(ask.user for ask in spec.asks):
        answer = next(ask.answer for ask in spec.asks if ask.user == user)
        for shorter in _shorter(answer):
            # The same question is answered the same way twice.
            yield _of(
                spec,
                [
                    _answered(step, shorter) if isinstance(step, Ask) and step.user == user else step
                    for step in spec.steps
                ],
            )


def usual_settings(spec: ScenarioSpec) -> Iterator[ScenarioSpec]:
    """Yield it with one setting, pause or interruption at its usual value."""
    usual = ScenarioSpec(())
    for name in ("pace", "tool_seconds", "on_cancel", "continuation", "seed"):
        if getattr(spec, name) != getattr(usual, name):
            yield replace(spec, **{name: getattr(usual, name)})
    for at, step in enumerate(spec.steps):
        if isinstance(step, Pause) and step.seconds != _USUAL_PAUSE and not step.faults:
            yield _with(spec, at, replace(step, seconds=_USUAL_PAUSE))
        if isinstance(step, Ask) and step.cut_in not in (None, _USUAL_CUT):
            yield _with(spec, at, replace(step, cut_in=_USUAL_CUT))
        if isinstance(step, Ask) and step.continuation is not None:
            yield _with(spec, at, replace(step, continuation=None))
        if isinstance(step, Ask):
            for number in (number for number, seconds in enumerate(step.takes) if seconds):
                yield _with(spec, at, _quicker(step, number))


def plainer_faults(spec: ScenarioSpec) -> Iterator[ScenarioSpec]:
    """Yield the scenario with one fault that is easier to understand, or happens earlier."""
    for at, step in enumerate(spec.steps):
        for number, planned in enumerate(step.faults):
            for simpler in simpler_faults(planned):
                faults: tuple[Planned, ...] = (*step.faults[:number], simpler, *step.faults[number + 1 :])
                yield _with(spec, at, replace(step, faults=faults))


WAYS: tuple[Callable[[ScenarioSpec], Iterator[ScenarioSpec]], ...] = (
    fewer_turns,
    less_trouble,
    fewer_words,
    usual_settings,
    plainer_faults,
)
"""All ways, in the order in which they are tried."""


def _turns(spec: ScenarioSpec) -> list[list[Step]]:
    """Each question with the pause after it."""
    turns: list[list[Step]] = []
    for step in spec.steps:
        if isinstance(step, Ask) or not turns:
            turns.append([])
        turns[-1].append(step)
    return turns


def _with(spec: ScenarioSpec, at: int, step: Step) -> ScenarioSpec:
    return _of(spec, [*spec.steps[:at], step, *spec.steps[at + 1 :]])


def _of(spec: ScenarioSpec, steps: Sequence[Step]) -> ScenarioSpec:
    """Return the scenario with other steps and adjusted settings."""
    kept = list(steps)
    while isinstance(kept[-1], Pause) and not kept[-1].faults:
        kept.pop()  # a silence after which nobody speaks
    faults = [one for step in kept for one in step.faults]
    return replace(spec, steps=tuple(_judged(step) for step in kept), transports=transports(faults))


def _judged(step: Step) -> Step:
    if isinstance(step, Pause):
        return step
    return replace(step, answerable=not any(needs_a_person(one) for one in step.faults))


def _answered(ask: Ask, answer: tuple[Output, ...]) -> Ask:
    """Return the question with a shorter answer. Of the model's times, the longest stay."""
    gone = sorted(range(len(ask.takes)), key=lambda number: ask.takes[number])[: -len(answer)]
    takes = tuple(seconds for number, seconds in enumerate(ask.takes) if number not in gone)
    return replace(ask, answer=answer, takes=takes)


def _quicker(ask: Ask, number: int) -> Ask:
    """Return the question with one response without a delay."""
    takes = (*ask.takes[:number], 0.0, *ask.takes[number + 1 :])
    return replace(ask, takes=takes if any(takes) else ())


def _shorter(answer: tuple[Output, ...]) -> Iterator[tuple[Output, ...]]:
    """Yield the answer in one sentence, then with one part less."""
    plain: tuple[Output, ...] = (({"text": _SENTENCE.split(spoken_in(answer[-1]))[0]},),)
    if answer != plain:
        yield plain
    for number in range(len(answer) - 1):
        yield answer[:number] + answer[number + 1 :]
    for number, output in enumerate(answer):
        for place, item in enumerate(output):
            rest = output[:place] + output[place + 1 :]
            if rest and _says_enough(rest, last=number == len(answer) - 1):
                yield (*answer[:number], rest, *answer[number + 1 :])
            sentences = _SENTENCE.split(item.get("text", ""))
            if len(sentences) > 1:
                less = {"text": " ".join(sentences[:-1])}
                yield (*answer[:number], (*output[:place], less, *output[place + 1 :]), *answer[number + 1 :])


def _says_enough(output: Sequence[Mapping[str, Any]], *, last: bool) -> bool:
    """Make every response except the last call a tool, and the last one speak."""
    return bool(spoken_in(output)) if last else any("call" in item for item in output)
