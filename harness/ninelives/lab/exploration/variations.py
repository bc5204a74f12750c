"""What is varied in half of the stories: what a real model, line or server does besides the usual.

The choices are independent of those for the story, so the other half stays as it is whatever is added here.
Whatever depends on the model's answer is the same whenever a question is asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mock_openai.faults import Trigger, create

from ninelives.lab.exploration.choices import Choices, maybe, pick
from ninelives.lab.exploration.faults import draw_in_request, draw_loss, transports
from ninelives.lab.exploration.topics import IN_OTHER_WORDS
from ninelives.lab.story import Ask, Pause, Step, Story

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


def varied(choices: Choices, story: Story) -> Story:
    """Return the story, or one with variations."""
    if choices.below(2) == 0:
        return story
    for vary in _VARIATIONS:
        story = maybe(choices, 3.0, lambda c, vary=vary, story=story: vary(c, story)) or story  # type: ignore[misc]
    return replace(story, transports=transports(one for act in story.acts for one in act.faults))


def _slow_model(choices: Choices, story: Story) -> Story:
    """Let the model take its time before some responses."""
    return _asks(story, lambda ask: replace(ask, takes=tuple(pick(choices, _TAKES) for _ in ask.answer)))


def _other_words(choices: Choices, story: Story) -> Story:
    """Let the model speak other languages, in bytes that a delta may split."""
    return _asks(story, lambda ask: replace(ask, answer=tuple(map(_translated, ask.answer))))


def _two_messages(choices: Choices, story: Story) -> Story:
    """Let the model end some answers with a second message."""
    return _asks(story, lambda ask: ask if choices.below(2) else replace(ask, answer=_split(ask.answer)))


def _refused_behind_a_tool(choices: Choices, story: Story) -> Story:
    """Let the model refuse to say what a tool told it."""

    def refused(ask: Ask) -> Ask:
        if len(ask.answer) == 1 or choices.below(2):
            return ask
        return replace(ask, answer=(*ask.answer[:-1], ({"refusal": f"I may not answer: {ask.user}"},)))

    return _asks(story, refused)


def _again(choices: Choices, story: Story) -> Story:
    """Let one fault happen to the next attempts too."""
    places = [
        (at, number)
        for at, act in enumerate(story.acts)
        for number, one in enumerate(act.faults)
        if one.fault.name in _MAY_REPEAT and one.trigger.phase in ("event", "request")
    ]
    if not places:
        return story
    at, number = pick(choices, places)
    faults = list(story.acts[at].faults)
    faults[number] = replace(faults[number], times=pick(choices, (2, 3)))
    return _with(story, at, replace(story.acts[at], faults=tuple(faults)))


def _while_a_tool_runs(choices: Choices, story: Story) -> Story:
    """Let the connection be lost while a tool runs."""
    places = [at for at, act in enumerate(story.acts) if isinstance(act, Ask) and len(act.answer) > 1]
    if not places or not story.tool_seconds:
        return story
    at = pick(choices, places)
    trigger = Trigger(phase="idle", at=pick(choices, (0.1, story.tool_seconds / 2)))
    act = story.acts[at]
    return _with(story, at, replace(act, faults=(*act.faults, draw_loss(choices, trigger))))


def _in_a_later_response(choices: Choices, story: Story) -> Story:
    """Let a fault happen to a later response of a turn with tools, or to what was asked again."""
    at = pick(choices, [at for at, act in enumerate(story.acts) if isinstance(act, Ask)])
    before = sum(len(act.answer) for act in story.acts[:at] if isinstance(act, Ask))
    act = story.acts[at]
    fault = draw_in_request(choices, before + 2 + choices.below(2))
    return _with(story, at, replace(act, faults=(*act.faults, fault)))


def _filtered(choices: Choices, story: Story) -> Story:
    """Let a content filter end what would have become too long."""
    filtered = create("incomplete", reason="content_filter")
    for at, act in enumerate(story.acts):
        faults = (
            replace(one, fault=filtered) if one.fault.name == "incomplete" else one for one in act.faults
        )
        story = _with(story, at, replace(act, faults=tuple(faults)))
    return story


def _expiring(choices: Choices, story: Story) -> Story:
    """Let a connection reach the age at which it is replaced while somebody speaks."""
    places = [at for at, act in enumerate(story.acts) if isinstance(act, Pause) and not act.faults]
    if not places:
        return story
    return _with(story, pick(choices, places), Pause(pick(choices, _ALMOST_AN_HOUR)))


_VARIATIONS: tuple[Callable[[Choices, Story], Story], ...] = (
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


def _with(story: Story, at: int, act: Ask | Pause) -> Story:
    return replace(story, acts=(*story.acts[:at], act, *story.acts[at + 1 :]))


def _asks(story: Story, change: Callable[[Ask], Ask]) -> Story:
    """Change what the model answers; the same question again is answered the same way."""
    changed: dict[str, Ask] = {}
    acts: list[Ask | Pause] = []
    for act in story.acts:
        if isinstance(act, Ask):
            first = changed.get(act.user) or changed.setdefault(act.user, change(act))
            act = replace(act, answer=first.answer, takes=first.takes)
        acts.append(act)
    return replace(story, acts=tuple(acts))


def _translated(step: Step) -> Step:
    return tuple({**item, "text": _in_other_words(item["text"])} if "text" in item else item for item in step)


def _in_other_words(text: str) -> str:
    for sentence, other in IN_OTHER_WORDS.items():
        text = text.replace(sentence, other)
    return text


def _split(answer: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the answer with the last sentence in a message of its own."""
    *before, last = answer
    items: list[Any] = []
    for item in last:
        first, blank, second = str(item.get("text", "")).rpartition(". ")
        items += [{"text": f"{first}{blank}"}, {"text": second}] if first and second else [item]
    return (*before, tuple(items))
