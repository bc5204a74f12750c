"""A frame that never ends."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="endless_frame_in_mid_sentence",
    sentence="A WebSocket frame that announces two gigabytes arrives after some words.",
    chapter="spoilt events",
    about=("I1", "I4", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).bad_frame("oversize"),)),
    ),
    transports=SOCKET,
)
