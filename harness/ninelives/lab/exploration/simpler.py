"""The ways to make a story simpler: a function for each, from the coarsest to the finest.

Each yields the stories that are one step simpler than the given one, the boldest step first. No step undoes
another, so steps come to an end. The results are stories that could be drawn too: questions with a pause
between, faults where they can happen, a pause with a loss only before another turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mock_openai.faults import Planned

from ninelives.lab.exploration.faults import needs_a_person, simpler_faults, transports
from ninelives.lab.story import Ask, CutIn, Pause, Step, Story

Act = Ask | Pause

_SENTENCE = re.compile(r"(?<=[.!?]) ")
_USUAL_PAUSE = 1.0
_USUAL_CUT = CutIn(words=3)


def fewer_turns(story: Story) -> Iterator[Story]:
    """Without half of the turns, a quarter, ... and without one."""
    turns = _turns(story)
    size = len(turns) // 2
    while size:
        for at in range(0, len(turns), size):
            rest = turns[:at] + turns[at + size :]
            if rest:
                yield _of(story, [act for turn in rest for act in turn])
        size //= 2


def less_trouble(story: Story) -> Iterator[Story]:
    """Without one fault, or one interruption."""
    for at, act in enumerate(story.acts):
        for number in range(len(act.faults)):
            faults = act.faults[:number] + act.faults[number + 1 :]
            yield _with(story, at, replace(act, faults=faults))
        if isinstance(act, Ask) and act.cut_in is not None:
            yield _with(story, at, replace(act, cut_in=None))


def fewer_words(story: Story) -> Iterator[Story]:
    """With an answer that has fewer responses, calls, thoughts or sentences."""
    for user in dict.fromkeys(ask.user for ask in story.asks):
        answer = next(ask.answer for ask in story.asks if ask.user == user)
        for shorter in _shorter(answer):
            # The same question is answered the same way twice.
            yield _of(
                story,
                [
                    _answered(act, shorter) if isinstance(act, Ask) and act.user == user else act
                    for act in story.acts
                ],
            )


def usual_settings(story: Story) -> Iterator[Story]:
    """With one setting, pause or interruption as it usually is."""
    usual = Story(())
    for name in ("pace", "tool_seconds", "on_cancel", "continuation", "seed"):
        if getattr(story, name) != getattr(usual, name):
            yield replace(story, **{name: getattr(usual, name)})
    for at, act in enumerate(story.acts):
        if isinstance(act, Pause) and act.seconds != _USUAL_PAUSE and not act.faults:
            yield _with(story, at, replace(act, seconds=_USUAL_PAUSE))
        if isinstance(act, Ask) and act.cut_in not in (None, _USUAL_CUT):
            yield _with(story, at, replace(act, cut_in=_USUAL_CUT))
        if isinstance(act, Ask) and act.continuation is not None:
            yield _with(story, at, replace(act, continuation=None))
        if isinstance(act, Ask):
            for number in (number for number, seconds in enumerate(act.takes) if seconds):
                yield _with(story, at, _quicker(act, number))


def plainer_faults(story: Story) -> Iterator[Story]:
    """Yield the story with one fault that is easier to understand, or happens earlier."""
    for at, act in enumerate(story.acts):
        for number, planned in enumerate(act.faults):
            for simpler in simpler_faults(planned):
                faults: tuple[Planned, ...] = (*act.faults[:number], simpler, *act.faults[number + 1 :])
                yield _with(story, at, replace(act, faults=faults))


WAYS: tuple[Callable[[Story], Iterator[Story]], ...] = (
    fewer_turns,
    less_trouble,
    fewer_words,
    usual_settings,
    plainer_faults,
)
"""All ways, in the order in which they are tried."""


def _turns(story: Story) -> list[list[Act]]:
    """Each question with the pause after it."""
    turns: list[list[Act]] = []
    for act in story.acts:
        if isinstance(act, Ask) or not turns:
            turns.append([])
        turns[-1].append(act)
    return turns


def _with(story: Story, at: int, act: Act) -> Story:
    return _of(story, [*story.acts[:at], act, *story.acts[at + 1 :]])


def _of(story: Story, acts: Sequence[Act]) -> Story:
    """Return the story with other acts and adjusted settings."""
    kept = list(acts)
    while isinstance(kept[-1], Pause) and not kept[-1].faults:
        kept.pop()  # a silence after which nobody speaks
    faults = [one for act in kept for one in act.faults]
    return replace(story, acts=tuple(_judged(act) for act in kept), transports=transports(faults))


def _judged(act: Act) -> Act:
    if isinstance(act, Pause):
        return act
    return replace(act, answerable=not any(needs_a_person(one) for one in act.faults))


def _answered(ask: Ask, answer: tuple[Step, ...]) -> Ask:
    """Return the question with a shorter answer. Of the model's times, the longest stay."""
    gone = sorted(range(len(ask.takes)), key=lambda number: ask.takes[number])[: -len(answer)]
    takes = tuple(seconds for number, seconds in enumerate(ask.takes) if number not in gone)
    return replace(ask, answer=answer, takes=takes)


def _quicker(ask: Ask, number: int) -> Ask:
    """Return the question with one response that comes at once."""
    takes = (*ask.takes[:number], 0.0, *ask.takes[number + 1 :])
    return replace(ask, takes=takes if any(takes) else ())


def _shorter(answer: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """Yield the answer in one sentence, then with one part less."""
    plain: tuple[Step, ...] = (({"text": _SENTENCE.split(_spoken(answer[-1]))[0]},),)
    if answer != plain:
        yield plain
    for number in range(len(answer) - 1):
        yield answer[:number] + answer[number + 1 :]
    for number, step in enumerate(answer):
        for place, item in enumerate(step):
            rest = step[:place] + step[place + 1 :]
            if rest and _says_enough(rest, last=number == len(answer) - 1):
                yield (*answer[:number], rest, *answer[number + 1 :])
            sentences = _SENTENCE.split(item.get("text", ""))
            if len(sentences) > 1:
                less = {"text": " ".join(sentences[:-1])}
                yield (*answer[:number], (*step[:place], less, *step[place + 1 :]), *answer[number + 1 :])


def _says_enough(step: Sequence[Mapping[str, Any]], *, last: bool) -> bool:
    """Make every response but the last call a tool, and the last speak."""
    return bool(_spoken(step)) if last else any("call" in item for item in step)


def _spoken(step: Sequence[Mapping[str, Any]]) -> str:
    return "".join(item.get("text") or item.get("refusal") or "" for item in step)
