"""The server is away for a while, or comes and goes."""

from __future__ import annotations

from ninelives.lab.dialogue import CLOUDS, between, bye, clouds, hello, scenario, silence, unanswered, weather
from ninelives.lab.scenario import SOCKET, Wait
from ninelives.lab.triggers import HANDSHAKE, IN_MID_SENTENCE, REQUEST, after, idle

CHAPTER = "outages"

SCENARIOS = (
    scenario(
        "flapping_between_turns",
        "I7 I8",
        "The idle connection is reset again and again, five times; then the user goes on.",
        (hello(), silence(120, idle(1, times=5).reset()), bye()),
        transports=SOCKET,
    ),
    scenario(
        "flapping_while_speaking",
        "I5",
        "Three attempts running are reset before the first word.",
        between(clouds(after("created", times=3).reset())),
    ),
    scenario(
        "outage_between_turns",
        "I7 I8",
        "Connections are refused for ten seconds; the user speaks when it is over.",
        (hello(), silence(60, idle(2).refuse(seconds=10)), bye()),
        transports=SOCKET,
    ),
    scenario(
        "outage_of_a_minute",
        "I9 I7",
        "A request meets a reset, and for a minute connections are refused; the user asks again later.",
        (hello(), Wait(1), unanswered(CLOUDS, REQUEST.refuse(seconds=60)), Wait(90), bye()),
    ),
    scenario(
        "outage_of_a_minute_in_mid_sentence",
        "I1 I6 I7",
        "The connection is reset after some words, and refused for a minute; the user asks again later.",
        (hello(), Wait(1), weather(IN_MID_SENTENCE.refuse(seconds=60)), Wait(90), bye()),
    ),
    scenario(
        "outage_of_half_a_second",
        "I5",
        "The request meets a reset, and connections are refused for half a second.",
        between(clouds(REQUEST.refuse(seconds=0.5))),
    ),
    scenario(
        "outage_while_speaking",
        "I5",
        "The request meets a reset, and connections are refused for three seconds.",
        (hello(), Wait(1), clouds(REQUEST.refuse(seconds=3)), Wait(5), bye()),
    ),
    scenario(
        "server_restart_between_turns",
        "I7 I8",
        "The server closes with 1012 and is away for three seconds; the user speaks later.",
        (hello(), silence(60, idle(5).close(1012, "service restart"), HANDSHAKE.refuse(seconds=3)), bye()),
        transports=SOCKET,
    ),
)
