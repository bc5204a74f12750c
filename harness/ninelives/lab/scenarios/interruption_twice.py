"""An impatient user."""

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story, weather

SCENARIO = Scenario(
    name="interruption_twice",
    sentence="The user cuts in twice, in two turns running.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(cut_in=5),
        Wait(1),
        weather(cut_in=3),
        Wait(1),
        bye(),
    ),
)
