"""The connection is lost after the question and before the first word of the answer."""

from __future__ import annotations

from ninelives.lab.dialogue import CLOUDS, between, clouds, hello, scenario, unanswered, weather
from ninelives.lab.scenario import SOCKET, Wait
from ninelives.lab.triggers import EVERY_REQUEST, REQUEST, after, before

CHAPTER = "before the first word"

SCENARIOS = (
    scenario(
        "close_1000_before_the_answer",
        "I5",
        "The server closes with 1000 when the request has arrived.",
        between(clouds(REQUEST.close(1000))),
        transports=SOCKET,
    ),
    scenario(
        "close_1008_before_the_answer",
        "I9",
        "The server closes with 1008 (policy violation) whenever a request arrives.",
        (hello(), Wait(1), unanswered(CLOUDS, EVERY_REQUEST.close(1008, "policy violation"))),
        transports=SOCKET,
    ),
    scenario(
        "close_1012_before_the_answer",
        "I5",
        "The server closes with 1012 (service restart) when the request has arrived.",
        between(clouds(REQUEST.close(1012, "service restart"))),
        transports=SOCKET,
    ),
    scenario(
        "close_1013_before_the_answer",
        "I5",
        "The server closes with 1013 (try again later) when the request has arrived.",
        between(clouds(REQUEST.close(1013, "try again later"))),
        transports=SOCKET,
    ),
    scenario(
        "half_open_before_the_response",
        "I4 I5",
        "The connection becomes half-open as the request arrives.",
        between(clouds(REQUEST.half_open())),
        transports=SOCKET,
    ),
    scenario(
        "late_first_word",
        "I1 I5",
        "The first word comes four seconds late.",
        between(clouds(before("output_text.delta", 1).delay(4))),
    ),
    scenario(
        "reset_before_in_progress",
        "I5",
        "The connection is reset before the event that says that the response is in progress.",
        between(clouds(before("in_progress").reset())),
    ),
    scenario(
        "reset_before_the_first_delta",
        "I5",
        "The connection is reset when everything is ready for the first word.",
        between(clouds(before("output_text.delta").reset())),
    ),
    scenario(
        "reset_before_the_first_word",
        "I5",
        "The connection is reset after the response was created and before its first word.",
        between(weather(after("created").reset())),
    ),
    scenario(
        "reset_before_the_message",
        "I5",
        "The connection is reset before the message is added to the response.",
        between(clouds(before("output_item.added").reset())),
    ),
    scenario(
        "reset_before_the_response",
        "I5",
        "The connection is reset when the request has arrived and nothing was answered yet.",
        between(clouds(REQUEST.reset())),
    ),
    scenario(
        "reset_before_the_text",
        "I5",
        "The connection is reset before the text part is added to the message.",
        between(clouds(before("content_part.added").reset())),
    ),
    scenario(
        "reset_twice_before_the_first_word",
        "I5",
        "The connection is reset before the first word, and so is the next one.",
        between(clouds(after("created", times=2).reset())),
    ),
    scenario(
        "stall_before_the_first_word",
        "I4 I5",
        "The response is created, and then nothing comes.",
        between(clouds(before("output_item.added").stall())),
    ),
    scenario(
        "stall_before_the_response",
        "I4 I5",
        "The request arrives and is never answered; the connection stays up.",
        between(clouds(REQUEST.stall())),
    ),
)
