"""Too many connections as the bot starts."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, hello, story

SCENARIO = Scenario(
    name="handshake_429_at_the_start",
    sentence="The first connection is answered with 429 and Retry-After of a second; the next one works.",
    chapter="connecting",
    about=("I5", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), story()),
    faults=(faults.at(connection=1).handshake_status(429, retry_after=1),),
)
