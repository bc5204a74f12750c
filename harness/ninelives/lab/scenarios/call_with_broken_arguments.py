"""Arguments that are no JSON."""

from ninelives.lab.scenario import Say, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello

SCENARIO = Scenario(
    name="call_with_broken_arguments",
    sentence="The model calls a tool with arguments that cannot be read.",
    chapter="around a tool call",
    about=("I3", "I9"),
    tools=TOOLS,
    acts=(hello(), Wait(1), Say("What is the weather in Par", None), Wait(1), bye()),
    script=(
        {"when": {"user": "in Par$"}, "reply": [{"call": "get_weather", "arguments": '{"city": "Par'}]},
        *SCRIPT,
    ),
)
