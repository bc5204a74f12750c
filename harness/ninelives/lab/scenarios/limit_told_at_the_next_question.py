"""The limit that nobody announces."""

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="limit_told_at_the_next_question",
    sentence="The server says nothing of the limit until the next question.",
    chapter="the 60-minute limit",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(3700), story(), Wait(1), bye()),
    server={"at_limit": "next_create"},
    transports=SOCKET,
)
