"""The user cuts in, while the server may be deaf, slow or gone."""

from __future__ import annotations

from ninelives.lab.dialogue import between, bye, clothes, clouds, hello, look, scenario, weather
from ninelives.lab.scenario import SOCKET, Wait
from ninelives.lab.triggers import IN_MID_SENTENCE, after, before

CHAPTER = "interruptions"

SCENARIOS = (
    scenario(
        "half_open_when_interrupted",
        "I2 I8",
        "The connection becomes half-open in mid-sentence, and the user cuts in.",
        (hello(), Wait(1), clouds(IN_MID_SENTENCE.half_open(), cut_in=5), Wait(60), bye()),
        transports=SOCKET,
    ),
    scenario(
        "interruption_after_a_tool_call",
        "I2 I8",
        "The user cuts in while the bot says what its tool found, and asks something else.",
        between(weather(cut_in=5)),
    ),
    scenario(
        "interruption_after_an_interruption",
        "I2 I7",
        "The user cuts in, asks, cuts in before the first word, and asks again.",
        (hello(), Wait(1), clouds(cut_in=5), weather(cut_in=0), bye()),
    ),
    scenario(
        "interruption_after_the_last_word",
        "I2 I8",
        "The user cuts in at the last word, before the response has ended.",
        between(weather(cut_in=10)),
    ),
    scenario(
        "interruption_and_the_next_question_at_once",
        "I2 I8",
        "The user cuts in after some words and asks the next question in the same breath.",
        (hello(), Wait(1), clouds(cut_in=5), bye()),
    ),
    scenario(
        "interruption_at_once_of_a_deaf_server",
        "I2 I8",
        "The user cuts in and asks the next question at once; the server goes on with the old answer.",
        (hello(), Wait(1), clouds(cut_in=5), bye()),
        server={"on_cancel": "ignore"},
        transports=SOCKET,
    ),
    scenario(
        "interruption_at_once_that_is_rejected",
        "I2 I8",
        "The user cuts in and asks the next question at once; the cancellation is turned down.",
        (hello(), Wait(1), clouds(cut_in=5), bye()),
        server={"on_cancel": "reject"},
        transports=SOCKET,
    ),
    scenario(
        "interruption_before_the_first_word",
        "I2 I8",
        "The user cuts in before the first word of the answer.",
        between(clouds(cut_in=0)),
    ),
    scenario(
        "interruption_before_the_response",
        "I2 I8",
        "The user cuts in while the server has not even begun to answer.",
        between(clouds(before("created").delay(1), cut_in=0, after=0.5)),
    ),
    scenario(
        "interruption_in_mid_sentence",
        "I2 I8",
        "The user cuts in after some words, and the server honours the cancellation.",
        between(clouds(cut_in=5)),
    ),
    scenario(
        "interruption_in_mid_thought",
        "I2 I4",
        "The user cuts in while the model thinks.",
        between(clothes(cut_in=0, after=0.5)),
        thinks=True,
    ),
    scenario(
        "interruption_meets_a_reset",
        "I2 I7",
        "The connection is reset at the word at which the user cuts in.",
        between(clouds(after("output_text.delta", 5).reset(), cut_in=5)),
    ),
    scenario(
        "interruption_of_a_deaf_server",
        "I2 I8",
        "The user cuts in after some words, and the server ignores the cancellation.",
        between(clouds(cut_in=5)),
        server={"on_cancel": "ignore"},
        transports=SOCKET,
    ),
    scenario(
        "interruption_of_a_server_that_falls_silent",
        "I2 I8",
        "The user cuts in; the server is silent for six seconds and then says the rest.",
        (
            hello(),
            Wait(1),
            clouds(before("output_text.delta", 9).stall(6), cut_in=5),
            bye(),
            Wait(10),
            hello(),
        ),
        server={"on_cancel": "ignore"},
        transports=SOCKET,
    ),
    scenario(
        "interruption_that_is_rejected",
        "I2 I8",
        "The user cuts in after some words, and the server answers the cancellation with an error.",
        between(clouds(cut_in=5)),
        server={"on_cancel": "reject"},
        transports=SOCKET,
    ),
    scenario(
        "interruption_twice",
        "I2 I8",
        "The user cuts in twice, in two turns running.",
        (hello(), Wait(1), clouds(cut_in=5), Wait(1), weather(cut_in=3), Wait(1), bye()),
    ),
    scenario(
        "interruption_while_a_tool_runs",
        "I3 I7",
        "The user cuts in while a tool runs for two seconds.",
        (hello(), Wait(1), look(cut_in=0, after=1.5), Wait(3), bye()),
    ),
)
