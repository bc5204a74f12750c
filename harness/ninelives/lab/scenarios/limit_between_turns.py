"""The 60-minute limit of a connection, reached while nobody speaks."""

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, weather

SCENARIO = Scenario(
    name="limit_between_turns",
    sentence="The conversation goes on after an hour of silence, past the connection's 60-minute limit.",
    chapter="the 60-minute limit",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(3700),
        weather(),
        Wait(1),
        bye(),
    ),
    transports=SOCKET,
)
