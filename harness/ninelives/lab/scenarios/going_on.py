"""An answer is lost in mid-sentence, and the model goes on: each kind of model, at several places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ninelives.lab.dialogue import LOOK, SCRIPT, VIEW, between, clouds, hello, scenario, weather
from ninelives.lab.scenario import Say, Scenario
from ninelives.lab.triggers import IN_MID_SENTENCE, before

if TYPE_CHECKING:
    from mock_openai.faults import At

CHAPTER = "going on after a loss"

_MODELS = {
    "goes_on": ("rest", "goes on where the answer stopped"),
    "repeats": ("repeat", "says the whole answer again"),
    "rephrases": ("rephrase", "says the sentence in other words"),
    "refuses": ("refuse", "refuses to go on"),
}
"""The ways in which a model may react to being asked to go on."""

_PLACES: Mapping[str, tuple[At, str]] = {
    "after_one_word": (before("output_text.delta", 2), "after its first word"),
    "after_some_words": (before("output_text.delta", 5), "after some words"),
    "in_the_second_sentence": (before("output_text.delta", 22), "in its second sentence"),
    "after_the_last_word": (before("output_text.done", 1), "after its last word"),
}

DOUBLED = "It is very very warm, and that that will stay is very very likely."
_AGAIN = "Say it again, will you?"

_BEFORE_A_CALL = "Let me look out of the window. "


def _script(how: str, *more: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The script of the conversation, for a model that continues in this way."""
    return tuple({**rule, "continuation": how} for rule in (*more, *SCRIPT))


def _of_a_model(name: str, how: str, does: str) -> Iterator[Scenario]:
    for place, (at, where) in _PLACES.items():
        yield scenario(
            f"model_{name}_{place}",
            "I1 I6 I7",
            f"An answer is lost {where}; asked to go on, the model {does}.",
            between(clouds(at.reset())),
            script=_script(how),
        )
    yield scenario(
        f"model_{name}_in_an_answer_to_a_tool",
        "I1 I3 I6",
        f"The answer to a tool's result is lost in mid-sentence; asked to go on, the model {does}.",
        between(weather(IN_MID_SENTENCE.fin())),
        script=_script(how),
    )
    yield scenario(
        f"model_{name}_after_a_silence",
        "I1 I4 I6",
        f"The server falls silent in mid-sentence; asked to go on, the model {does}.",
        between(hello(IN_MID_SENTENCE.stall())),
        script=_script(how),
        bound=150,
    )


SCENARIOS = (
    *(each for name, (how, does) in _MODELS.items() for each in _of_a_model(name, how, does)),
    scenario(
        "words_that_come_twice",
        "I1 I6",
        "An answer in which words come twice is lost between two of them.",
        between(Say(_AGAIN, DOUBLED, (before("output_text.delta", 4).reset(),))),
        script=_script("rest", {"when": {"user": "Say it again"}, "reply": [{"text": DOUBLED}]}),
    ),
    scenario(
        "reset_between_text_and_call",
        "I1 I3 I6",
        "The text that announces a tool call is lost; the call must still come, and once.",
        between(Say(LOOK, _BEFORE_A_CALL + VIEW, (before("output_text.delta", 4).reset(),))),
        script=_script(
            "rest",
            {"when": {"user": "window"}, "reply": [{"text": _BEFORE_A_CALL}, {"call": "look_outside"}]},
        ),
    ),
    scenario(
        "reset_in_a_call_behind_text",
        "I1 I3 I6",
        "Text was spoken and a tool call is under way when the connection is reset: it must not run.",
        between(Say(LOOK, _BEFORE_A_CALL + VIEW, (before("function_call_arguments.done", 1).reset(),))),
        script=_script(
            "rest",
            {"when": {"user": "window"}, "reply": [{"text": _BEFORE_A_CALL}, {"call": "look_outside"}]},
        ),
    ),
    scenario(
        "answer_lost_three_times",
        "I1 I6",
        "An answer is lost, the rest of it again, and the rest of that.",
        between(clouds(before("output_text.delta", 7, times=3).reset())),
        script=_script("rest"),
    ),
)
