"""A handshake that is cut off."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, hello, story

SCENARIO = Scenario(
    name="handshake_reset_at_the_start",
    sentence="The first connection is reset instead of answered; the next one works.",
    chapter="connecting",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), story()),
    faults=(faults.at(connection=1).handshake_reset(),),
)
