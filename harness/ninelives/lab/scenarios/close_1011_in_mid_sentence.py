"""The server meets an internal error while the bot is speaking."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="close_1011_in_mid_sentence",
    sentence="The server closes the socket with 1011 (internal error) after some words of the answer.",
    chapter="in mid-sentence",
    about=("I1", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).close(1011, "internal error"),)),
    ),
    transports=SOCKET,
)
