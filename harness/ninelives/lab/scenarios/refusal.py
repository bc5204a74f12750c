"""The model will not answer, and says so."""

from ninelives.lab.scenario import Say, Scenario, Wait
from ninelives.lab.talk import LOCK, REFUSAL, SCRIPT, TOOLS, bye, hello

SCENARIO = Scenario(
    name="refusal",
    sentence="The model refuses; the refusal must be heard like any other answer.",
    chapter="what the API may answer",
    about=("I1", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), Say(LOCK, REFUSAL), Wait(1), bye()),
)
