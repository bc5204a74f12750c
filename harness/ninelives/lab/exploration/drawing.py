"""Draws a random scenario: the conversation, the faults, the interruptions, and the pauses.

`draw_scenario(seed, run)` is a pure function: the same two numbers give the same scenario in every process,
in any order, with any number of jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mock_openai.faults import Planned

from ninelives.lab.exploration.choices import Choices, maybe, pick
from ninelives.lab.exploration.faults import draw_faults, draw_idle_fault, needs_a_person, transports
from ninelives.lab.exploration.topics import TOPICS
from ninelives.lab.exploration.variations import varied
from ninelives.lab.scenario_spec import TOOL, Ask, Continuation, CutIn, OnCancel, Output, Pause, ScenarioSpec

MOST_TURNS = 5

_PAUSES = (1.0, 0.0, 0.3, 5.0, 30.0, 1.0, 0.0, 0.3, 5.0, 90.0, 1.0, 0.0, 0.3, 5.0, 3700.0)
"""Seconds between turns: at once, in the same breath, after a while, after a connection's 60-minute life."""

_CUT_TIMES = (0.513, 0.053, 0.107, 0.213, 1.013, 3.013)
"""Seconds after the question at which the user interrupts. Uneven, so that it never coincides with an event
or the end of a tool: Pipecat would pass on the tool's result although the user has begun to speak.
"""

_CONTINUATIONS: tuple[Continuation, ...] = ("rest", "repeat", "rest", "rephrase", "refuse")

_CANCELS: tuple[OnCancel, ...] = ("honour", "ignore", "reject")


def draw_scenario(seed: int, run: int) -> ScenarioSpec:
    """Return the scenario of one run of one seed."""
    choices = Choices(seed, run)
    steps: list[Ask | Pause] = []
    for number in range(MOST_TURNS):
        if any(isinstance(step, Ask) and not step.answerable for step in steps):
            break  # until a person has acted there is nothing to expect
        steps += _exchange(choices, number, tuple(steps))
    if isinstance(steps[-1], Pause) and not steps[-1].faults:
        steps.pop()  # a silence after which nobody speaks
    spec = ScenarioSpec(
        tuple(steps),
        name="drawn",
        sentence="Drawn at random.",
        pace=pick(choices, (0.05, 0.05, 0.02, 0.2)),
        tool_seconds=pick(choices, (0.0, 0.0, 0.3, 2.0)),
        on_cancel=pick(choices, _CANCELS),
        seed=choices.below(100),
        continuation=pick(choices, _CONTINUATIONS),
        transports=transports(one for step in steps for one in step.faults),
    )
    return varied(Choices(seed, run, "varied"), spec)


def _exchange(choices: Choices, number: int, before: Sequence[Ask | Pause]) -> list[Ask | Pause]:
    """Draw one turn and the pause after it, or nothing. The first turn is always there."""
    if number and choices.below(3) == 0:
        return []
    earlier = [step for step in before if isinstance(step, Ask)]
    again = choices.below(8) == 7
    user, answer = (
        (earlier[-1].user, earlier[-1].answer)
        if again and earlier
        else (TOPICS[number][0], _answer(choices, number))
    )
    planned = [
        each for most in (2.0, 5.0) for each in maybe(choices, most, lambda c: draw_faults(c, answer)) or ()
    ]
    ask = Ask(
        user,
        answer,
        tuple(planned),
        maybe(choices, 4, _cut_in),
        answerable=not any(needs_a_person(one) for one in planned),
    )
    seconds = pick(choices, _PAUSES)
    idle: list[Planned] = maybe(choices, 8, lambda c: draw_idle_fault(c, seconds)) or []
    return [ask, Pause(seconds, tuple(idle))]


def _cut_in(choices: Choices) -> CutIn:
    if choices.below(2) == 0:
        return CutIn(words=pick(choices, (3, 1, 0, 5, 12)))
    return CutIn(seconds=pick(choices, _CUT_TIMES))


# What the model says ----------------------------------------------------------------------------------------


def _answer(choices: Choices, number: int) -> tuple[Output, ...]:
    draw = pick(
        choices, (_words, _words, _words, _tool, _tool, _parallel, _said_first, _two_rounds, _refusal)
    )
    thought: list[Any] = (
        maybe(choices, 5, lambda c: [{"reasoning": pick(c, ("I think.", "Let me think about it."))}]) or []
    )
    first, *rest = draw(choices, number)
    return ((*thought, *first), *rest)


def _text(choices: Choices, number: int) -> dict[str, Any]:
    sentences = TOPICS[number][1]
    return {"text": " ".join(sentences[: 1 + choices.below(len(sentences))])}


def _call(number: int, which: str) -> dict[str, Any]:
    return {"call": TOOL, "arguments": {"topic": f"{TOPICS[number][2]} {which}"}}


def _words(choices: Choices, number: int) -> list[Output]:
    return [(_text(choices, number),)]


def _tool(choices: Choices, number: int) -> list[Output]:
    return [(_call(number, "one"),), (_text(choices, number),)]


def _parallel(choices: Choices, number: int) -> list[Output]:
    calls = tuple(_call(number, which) for which in ("one", "two", "three")[: 2 + choices.below(2)])
    return [calls, (_text(choices, number),)]


def _said_first(choices: Choices, number: int) -> list[Output]:
    return [
        ({"text": f"Let me look up {TOPICS[number][2]}. "}, _call(number, "one")),
        (_text(choices, number),),
    ]


def _two_rounds(choices: Choices, number: int) -> list[Output]:
    return [(_call(number, "one"),), (_call(number, "two"),), (_text(choices, number),)]


def _refusal(choices: Choices, number: int) -> list[Output]:
    return [({"refusal": f"I am sorry, I may not speak about {TOPICS[number][2]}."},)]


Drawn = Callable[[Choices, int], list[Output]]
