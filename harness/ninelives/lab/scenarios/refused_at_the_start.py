"""The bot starts before the server does."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, hello, story

SCENARIO = Scenario(
    name="refused_at_the_start",
    sentence="Connections are refused for two seconds as the bot starts.",
    chapter="connecting",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), story()),
    faults=(faults.at(connection=1).refuse(seconds=2),),
)
