"""Barge-in, the way it should go."""

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="interruption_in_mid_sentence",
    sentence="The user cuts in after some words, and the server honours the cancellation.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(cut_in=5),
    ),
)
