"""The API ends a connection after an hour."""

from __future__ import annotations

from ninelives.lab.dialogue import between, bye, clouds, hello, scenario, weather
from ninelives.lab.scenario import SOCKET, Wait
from ninelives.lab.triggers import REQUEST

CHAPTER = "the 60-minute limit"

SCENARIOS = (
    scenario(
        "limit_between_turns",
        "I7 I8",
        "The conversation goes on after an hour of silence, past the connection's 60-minute limit.",
        (hello(), Wait(3700), weather(), Wait(1), bye()),
        transports=SOCKET,
    ),
    scenario(
        "limit_cuts_the_answer",
        "I1 I7",
        "The limit is reached in mid-sentence, and the server closes at once.",
        (hello(), Wait(3598), clouds(), Wait(1), bye()),
        server={"at_limit": "cut"},
        transports=SOCKET,
    ),
    scenario(
        "limit_reached_out_of_the_blue",
        "I5 I7",
        "The request is answered with the connection-limit error frame, and the socket is closed.",
        between(weather(REQUEST.connection_limit())),
        transports=SOCKET,
    ),
    scenario(
        "limit_told_at_the_next_question",
        "I7 I8",
        "The server says nothing of the limit until the next question.",
        (hello(), Wait(3700), clouds(), Wait(1), bye()),
        server={"at_limit": "next_create"},
        transports=SOCKET,
    ),
    scenario(
        "limit_while_speaking",
        "I7 I8",
        "The user speaks two seconds before the 60-minute limit, so that it falls into the answer.",
        (hello(), Wait(3593), clouds(), Wait(1), bye()),
        transports=SOCKET,
    ),
    scenario(
        "limits_of_three_hours",
        "I7 I8",
        "The conversation goes on for three hours, past the limit each time.",
        (hello(), Wait(3700), weather(), Wait(3700), clouds(), Wait(3700), bye()),
        transports=SOCKET,
    ),
)
