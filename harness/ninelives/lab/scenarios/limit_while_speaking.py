"""The 60-minute limit of a connection, reached in mid-sentence."""

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="limit_while_speaking",
    sentence="The user speaks two seconds before the 60-minute limit, so that it falls into the answer.",
    chapter="the 60-minute limit",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(3593),
        story(),
        Wait(1),
        bye(),
    ),
    transports=SOCKET,
)
