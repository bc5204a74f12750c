"""A model that thinks first."""

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, clothes, hello

SCENARIO = Scenario(
    name="calm_thinking",
    sentence="The model thinks before it answers, and nothing goes wrong.",
    chapter="nothing goes wrong",
    about=("I7", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    thinks=True,
    acts=(hello(), Wait(1), clothes(), Wait(1), bye()),
)
