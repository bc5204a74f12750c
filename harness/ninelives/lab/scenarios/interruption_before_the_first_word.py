"""The user changes their mind while the model is thinking."""

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="interruption_before_the_first_word",
    sentence="The user cuts in before the first word of the answer.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(cut_in=0),
    ),
)
