"""The connection is lost while the model thinks, or between thought and answer."""

from __future__ import annotations

from ninelives.lab.dialogue import between, clothes, scenario
from ninelives.lab.triggers import after, before

CHAPTER = "while the model thinks"

SCENARIOS = (
    scenario(
        "failed_in_mid_thought",
        "I4 I5",
        "The response fails with a server error while the model thinks.",
        between(clothes(before("reasoning_summary_text.delta", 3).server_error())),
        thinks=True,
    ),
    scenario(
        "reset_after_thinking_in_mid_sentence",
        "I1 I6",
        "The model has thought and says some words, then the connection is reset.",
        between(clothes(before("output_text.delta", 3).reset())),
        thinks=True,
    ),
    scenario(
        "reset_between_thought_and_answer",
        "I4 I5",
        "The connection is reset after the reasoning and before the message.",
        between(clothes(after("output_item.done", 1).reset())),
        thinks=True,
    ),
    scenario(
        "reset_in_mid_thought",
        "I4 I5",
        "The connection is reset while the reasoning summary is streaming.",
        between(clothes(before("reasoning_summary_text.delta", 3).reset())),
        thinks=True,
    ),
    scenario(
        "stall_in_mid_thought",
        "I4 I5",
        "The reasoning stops in the middle and never goes on.",
        between(clothes(before("reasoning_summary_text.delta", 3).stall())),
        thinks=True,
    ),
)
