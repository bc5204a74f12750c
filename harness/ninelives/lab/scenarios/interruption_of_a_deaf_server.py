"""Barge-in against a server that goes on generating."""

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="interruption_of_a_deaf_server",
    sentence="The user cuts in after some words, and the server ignores the cancellation.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(cut_in=5),
    ),
    server={"on_cancel": "ignore"},
    transports=SOCKET,
)
