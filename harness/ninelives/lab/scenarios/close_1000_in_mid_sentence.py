"""Closed politely, in mid-sentence."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="close_1000_in_mid_sentence",
    sentence="The server closes with 1000, which counts as normal, after some words.",
    chapter="in mid-sentence",
    about=("I1", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).close(1000),)),
    ),
    transports=SOCKET,
)
