"""The user cuts in when all is said."""

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, weather

SCENARIO = Scenario(
    name="interruption_after_the_last_word",
    sentence="The user cuts in at the last word, before the response has ended.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), weather(cut_in=10), Wait(1), bye()),
)
