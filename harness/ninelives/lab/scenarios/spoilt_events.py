"""Events are lost, repeated, out of order, malformed, or strange."""

from __future__ import annotations

from ninelives.lab.dialogue import between, clouds, scenario, weather
from ninelives.lab.scenario import HTTP, SOCKET
from ninelives.lab.triggers import IN_MID_SENTENCE, before

CHAPTER = "spoilt events"

SCENARIOS = (
    scenario(
        "bad_chunk_in_mid_sentence",
        "I1 I6 I7",
        "The chunked encoding of the stream breaks after some words.",
        between(weather(IN_MID_SENTENCE.bad_chunk())),
        transports=HTTP,
    ),
    scenario(
        "big_event_in_mid_sentence",
        "I1 I5",
        "One event in mid-sentence is five megabytes long, and means the same.",
        between(weather(IN_MID_SENTENCE.oversize_frame())),
    ),
    scenario(
        "endless_frame_in_mid_sentence",
        "I1 I4 I6",
        "A WebSocket frame that announces two gigabytes arrives after some words.",
        between(weather(IN_MID_SENTENCE.bad_frame("oversize"))),
        transports=SOCKET,
    ),
    scenario(
        "event_lost_in_mid_sentence",
        "I1",
        "One piece of text is lost on its way; only the numbers show it.",
        between(weather(IN_MID_SENTENCE.drop())),
    ),
    scenario(
        "event_twice_in_mid_sentence",
        "I1",
        "One piece of text arrives twice, with the same number.",
        between(weather(IN_MID_SENTENCE.duplicate())),
    ),
    scenario(
        "events_out_of_order",
        "I1",
        "One piece of text arrives after the one behind it.",
        between(weather(IN_MID_SENTENCE.reorder())),
    ),
    scenario(
        "first_event_lost",
        "I1 I5",
        "The event that creates the response never arrives.",
        between(clouds(before("created").drop())),
    ),
    scenario(
        "invalid_utf8_in_mid_sentence",
        "I1 I7",
        "One event in mid-sentence is not UTF-8.",
        between(weather(IN_MID_SENTENCE.invalid_utf8())),
    ),
    scenario(
        "keepalive_in_mid_sentence",
        "I1",
        "An undocumented keepalive event arrives in mid-sentence.",
        between(weather(IN_MID_SENTENCE.keepalive())),
    ),
    scenario(
        "malformed_event_in_mid_sentence",
        "I1 I2 I7",
        "One event in the middle of the answer is not JSON.",
        between(weather(IN_MID_SENTENCE.malformed_json())),
    ),
    scenario(
        "masked_frame_in_mid_sentence",
        "I1 I6 I7",
        "A masked WebSocket frame arrives after some words.",
        between(weather(IN_MID_SENTENCE.bad_frame("mask"))),
        transports=SOCKET,
    ),
    scenario(
        "reserved_bits_in_mid_sentence",
        "I1 I6 I7",
        "A WebSocket frame with a reserved bit arrives after some words.",
        between(weather(IN_MID_SENTENCE.bad_frame("reserved_bits"))),
        transports=SOCKET,
    ),
    scenario(
        "unknown_event",
        "I1",
        "Events that no client knows yet arrive in the middle of the answer.",
        between(weather(IN_MID_SENTENCE.unknown_event())),
    ),
    scenario(
        "unknown_opcode_in_mid_sentence",
        "I1 I6 I7",
        "A WebSocket frame with an unknown opcode arrives after some words.",
        between(weather(IN_MID_SENTENCE.bad_frame("opcode"))),
        transports=SOCKET,
    ),
)
