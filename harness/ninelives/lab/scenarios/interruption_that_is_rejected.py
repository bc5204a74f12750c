"""Barge-in against a server that does not know cancellation."""

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="interruption_that_is_rejected",
    sentence="The user cuts in after some words, and the server answers the cancellation with an error.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(cut_in=5),
    ),
    server={"on_cancel": "reject"},
    transports=SOCKET,
)
