"""Nothing goes wrong: the baseline for the other chapters."""

from __future__ import annotations

from ninelives.lab.dialogue import (
    SCRIPT,
    between,
    bye,
    clothes,
    clouds,
    compare,
    hello,
    look,
    scenario,
    weather,
)
from ninelives.lab.scenario import Say, Wait

CHAPTER = "nothing goes wrong"

LIST = " ".join(f"Station {number} reports rain." for number in range(500))

SCENARIOS = (
    scenario(
        "calm_conversation_with_a_tool",
        "I3 I7",
        "Three turns, one with a tool call, and nothing goes wrong.",
        between(weather()),
    ),
    scenario(
        "calm_flood",
        "I1 I4",
        "Two thousand pieces of text arrive in one burst.",
        between(Say("Read the whole list to me.", LIST)),
        script=({"when": {"user": "whole list"}, "reply": [{"text": LIST, "deltas": 2000}]}, *SCRIPT),
        pace="instant",
    ),
    scenario(
        "calm_half_hour_of_silence",
        "I8",
        "Nobody speaks for half an hour; then the conversation goes on.",
        (hello(), Wait(1800), clouds(), Wait(1), bye()),
    ),
    scenario(
        "calm_parallel_tool_calls",
        "I3 I7",
        "The model calls two tools in one response, and answers from both results.",
        between(compare()),
    ),
    scenario(
        "calm_slow_drip",
        "I1 I4",
        "The words drip, one every second and a half; slow is not dead.",
        between(weather()),
        pace="fixed:1.5",
    ),
    scenario(
        "calm_slow_tool",
        "I3 I7",
        "A tool takes two seconds, and nothing goes wrong.",
        between(look()),
    ),
    scenario(
        "calm_thinking",
        "I7 I8",
        "The model thinks before it answers, and nothing goes wrong.",
        between(clothes()),
        thinks=True,
    ),
)
