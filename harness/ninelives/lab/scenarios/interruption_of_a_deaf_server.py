"""Barge-in against a server that goes on generating."""

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="interruption_of_a_deaf_server",
    sentence="The user cuts in after some words, and the server ignores the cancellation.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(cut_in=5),
        Wait(1),
        bye(),
    ),
    server={"on_cancel": "ignore"},
    transports=SOCKET,
)
