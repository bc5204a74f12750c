"""A frame with bits that nobody agreed on."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="reserved_bits_in_mid_sentence",
    sentence="A WebSocket frame with a reserved bit arrives after some words.",
    chapter="spoilt events",
    about=("I1", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).bad_frame("reserved_bits"),)),
    ),
    transports=SOCKET,
)
