"""The whole answer has been spoken, and its end is lost."""

from __future__ import annotations

from mock_openai import faults

from ninelives.lab.dialogue import between, clouds, scenario
from ninelives.lab.triggers import TERMINAL, before

CHAPTER = "at the end of an answer"

SCENARIOS = (
    scenario(
        "big_terminal_event",
        "I1 I5",
        "The terminal event, which repeats the whole answer, is larger than a megabyte.",
        between(clouds(TERMINAL.oversize_frame(size=1500000))),
    ),
    scenario(
        "reset_after_the_answer",
        "I1 I8",
        "The connection is reset right after the terminal event, before the user speaks again.",
        between(clouds(faults.at(event="terminal", when="after").reset())),
    ),
    scenario(
        "reset_before_the_message_is_done",
        "I1 I6",
        "The connection is reset before the message is closed.",
        between(clouds(before("output_item.done").reset())),
    ),
    scenario(
        "reset_before_the_part_is_done",
        "I1 I6",
        "The connection is reset before the text part is closed.",
        between(clouds(before("content_part.done").reset())),
    ),
    scenario(
        "reset_before_the_terminal_event",
        "I1 I6",
        "The connection is reset when every word has left and only the terminal event is missing.",
        between(clouds(TERMINAL.reset())),
    ),
    scenario(
        "reset_before_the_text_is_done",
        "I1 I6",
        "The connection is reset when every word has left and nothing that closes them.",
        between(clouds(before("output_text.done").reset())),
    ),
    scenario(
        "stall_before_the_terminal_event",
        "I4 I6",
        "Every word has left, and then nothing comes; the connection stays up.",
        between(clouds(TERMINAL.stall())),
    ),
    scenario(
        "stream_without_a_terminal_event",
        "I1 I6",
        "The answer stops without its terminal event: HTTP ends, a socket stays open and silent.",
        between(clouds(faults.at().missing_terminal())),
        bound=150,
    ),
    scenario(
        "terminal_event_twice",
        "I1 I2 I7",
        "The terminal event arrives twice; the second must not end the next turn.",
        between(clouds(TERMINAL.duplicate())),
    ),
)
