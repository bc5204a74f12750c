"""Barge-in in the same breath, against a server that knows no cancel."""

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="interruption_at_once_that_is_rejected",
    sentence="The user cuts in and asks the next question at once; the cancellation is turned down.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), story(cut_in=5), bye()),
    server={"on_cancel": "reject"},
    transports=SOCKET,
)
