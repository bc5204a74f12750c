"""Closed without a word."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="close_without_a_status_in_mid_sentence",
    sentence="The server sends an empty close frame after some words.",
    chapter="in mid-sentence",
    about=("I1", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).close_no_status(),)),
    ),
    transports=SOCKET,
)
