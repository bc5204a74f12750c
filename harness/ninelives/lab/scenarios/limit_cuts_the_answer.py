"""The 60-minute limit, which waits for nobody."""

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="limit_cuts_the_answer",
    sentence="The limit is reached in mid-sentence, and the server closes at once.",
    chapter="the 60-minute limit",
    about=("I1", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(3598), story(), Wait(1), bye()),
    server={"at_limit": "cut"},
    transports=SOCKET,
)
