"""Closed politely, in mid-sentence."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, weather

SCENARIO = Scenario(
    name="close_1000_in_mid_sentence",
    sentence="The server closes with 1000, which counts as normal, after some words.",
    chapter="in mid-sentence",
    about=("I1", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).close(1000),)),
        Wait(1),
        bye(),
    ),
    transports=SOCKET,
)
