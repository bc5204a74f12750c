"""A frame masked as only clients may."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="masked_frame_in_mid_sentence",
    sentence="A masked WebSocket frame arrives after some words.",
    chapter="spoilt events",
    about=("I1", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).bad_frame("mask"),)),
    ),
    transports=SOCKET,
)
