"""The bot starts long before the server does."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario, Wait
from ninelives.lab.talk import BYE, FAREWELL, HELLO, SCRIPT, TOOLS

SCENARIO = Scenario(
    name="away_for_twenty_seconds_at_the_start",
    sentence="Connections are refused for twenty seconds as the bot starts; after that the bot must work.",
    chapter="connecting",
    about=("I7", "I9"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(Say(HELLO, None), Wait(60), Say(BYE, FAREWELL)),
    faults=(faults.at(connection=1).refuse(seconds=20),),
)
