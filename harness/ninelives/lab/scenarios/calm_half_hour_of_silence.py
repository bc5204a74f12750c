"""A long pause on the telephone."""

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="calm_half_hour_of_silence",
    sentence="Nobody speaks for half an hour; then the conversation goes on.",
    chapter="nothing goes wrong",
    about=("I8",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1800), story(), Wait(1), bye()),
)
