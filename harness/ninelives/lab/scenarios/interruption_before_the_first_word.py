"""The user changes their mind while the model is thinking."""

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="interruption_before_the_first_word",
    sentence="The user cuts in before the first word of the answer.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(cut_in=0),
        Wait(1),
        bye(),
    ),
)
