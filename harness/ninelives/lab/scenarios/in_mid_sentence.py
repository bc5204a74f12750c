"""The connection is lost while the bot is speaking."""

from __future__ import annotations

from ninelives.lab.dialogue import between, bye, clouds, hello, scenario, weather
from ninelives.lab.scenario import SOCKET, Wait
from ninelives.lab.triggers import IN_MID_SENTENCE, after, before

CHAPTER = "in mid-sentence"

SCENARIOS = (
    scenario(
        "close_1000_in_mid_sentence",
        "I1 I6",
        "The server closes with 1000, which counts as normal, after some words.",
        between(weather(IN_MID_SENTENCE.close(1000))),
        transports=SOCKET,
    ),
    scenario(
        "close_1001_in_mid_sentence",
        "I1 I6",
        "The server closes with 1001, which some clients take for a good end, after some words.",
        between(weather(IN_MID_SENTENCE.close(1001, "going away"))),
        transports=SOCKET,
    ),
    scenario(
        "close_1011_in_mid_sentence",
        "I1 I6 I7",
        "The server closes the socket with 1011 (internal error) after some words of the answer.",
        between(weather(IN_MID_SENTENCE.close(1011, "internal error"))),
        transports=SOCKET,
    ),
    scenario(
        "close_without_a_status_in_mid_sentence",
        "I1 I6",
        "The server sends an empty close frame after some words.",
        between(weather(IN_MID_SENTENCE.close_no_status())),
        transports=SOCKET,
    ),
    scenario(
        "event_cut_in_half",
        "I1 I6",
        "The connection ends in the middle of an event.",
        between(weather(IN_MID_SENTENCE.truncate())),
    ),
    scenario(
        "failed_in_mid_sentence",
        "I2 I6 I7",
        "The response fails with a server error after some words were spoken.",
        between(weather(IN_MID_SENTENCE.server_error())),
    ),
    scenario(
        "fin_in_mid_sentence",
        "I1 I6 I7",
        "The connection is ended with a FIN after some words of the answer.",
        between(weather(IN_MID_SENTENCE.fin())),
    ),
    scenario(
        "half_open_in_mid_sentence",
        "I1 I6 I7",
        "The connection becomes half-open after some words: nothing is read, no ping is answered.",
        between(weather(IN_MID_SENTENCE.half_open())),
        bound=150,
    ),
    scenario(
        "reset_after_the_first_word",
        "I1 I6 I7",
        "The connection is reset right after the first piece of text.",
        between(weather(after("output_text.delta", 1).reset())),
    ),
    scenario(
        "reset_in_mid_sentence",
        "I1 I6 I7",
        "The connection is reset after some words of the answer; the next turn must work.",
        between(weather(IN_MID_SENTENCE.reset())),
    ),
    scenario(
        "reset_in_the_first_sentence",
        "I1 I6 I7",
        "The connection is reset in the middle of the first answer of the conversation.",
        (hello(IN_MID_SENTENCE.reset()), Wait(1), weather(), Wait(1), bye()),
    ),
    scenario(
        "reset_in_two_turns_running",
        "I1 I6 I7",
        "Two answers running are cut in mid-sentence; the third is whole.",
        (
            hello(),
            Wait(1),
            weather(IN_MID_SENTENCE.reset()),
            Wait(1),
            clouds(before("output_text.delta", 9).reset()),
            Wait(1),
            bye(),
        ),
    ),
    scenario(
        "short_stall_in_mid_sentence",
        "I1 I5",
        "The words stop for two seconds and then come in a burst.",
        between(weather(IN_MID_SENTENCE.stall(2))),
    ),
    scenario(
        "stall_in_mid_sentence",
        "I4 I6",
        "The server falls silent after some words and never goes on.",
        between(weather(IN_MID_SENTENCE.stall())),
        bound=150,
    ),
)
