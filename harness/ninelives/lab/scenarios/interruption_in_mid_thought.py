"""The user does not wait for the thought."""

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, clothes, hello

SCENARIO = Scenario(
    name="interruption_in_mid_thought",
    sentence="The user cuts in while the model thinks.",
    chapter="interruptions",
    about=("I2", "I4"),
    script=SCRIPT,
    tools=TOOLS,
    thinks=True,
    acts=(hello(), Wait(1), clothes(cut_in=0, after=0.5), Wait(1), bye()),
)
