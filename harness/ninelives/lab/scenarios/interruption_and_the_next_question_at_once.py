"""The user talks over the bot and wants an answer now."""

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="interruption_and_the_next_question_at_once",
    sentence="The user cuts in after some words and asks the next question in the same breath.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(cut_in=5),
        bye(),
    ),
)
