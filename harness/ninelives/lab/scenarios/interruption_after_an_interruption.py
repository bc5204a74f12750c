"""Three questions in one breath."""

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story, weather

SCENARIO = Scenario(
    name="interruption_after_an_interruption",
    sentence="The user cuts in, asks, cuts in before the first word, and asks again.",
    chapter="interruptions",
    about=("I2", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), story(cut_in=5), weather(cut_in=0), bye()),
)
