"""A model that says very much at once."""

from ninelives.lab.scenario import Say, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello

LIST = " ".join(f"Station {number} reports rain." for number in range(500))

SCENARIO = Scenario(
    name="calm_flood",
    sentence="Two thousand pieces of text arrive in one burst.",
    chapter="nothing goes wrong",
    about=("I1", "I4"),
    tools=TOOLS,
    acts=(hello(), Wait(1), Say("Read the whole list to me.", LIST), Wait(1), bye()),
    script=({"when": {"user": "whole list"}, "reply": [{"text": LIST, "deltas": 2000}]}, *SCRIPT),
    pace="instant",
)
