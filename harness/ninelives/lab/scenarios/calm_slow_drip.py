"""A model that speaks slowly."""

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, weather

SCENARIO = Scenario(
    name="calm_slow_drip",
    sentence="The words drip, one every second and a half; slow is not dead.",
    chapter="nothing goes wrong",
    about=("I1", "I4"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), weather(), Wait(1), bye()),
    pace="fixed:1.5",
)
