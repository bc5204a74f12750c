"""The token limit strikes in the middle of a tool call."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, WEATHER, between

SCENARIO = Scenario(
    name="call_left_incomplete",
    sentence="The response ends as incomplete while the arguments of a tool call are streaming.",
    chapter="around a tool call",
    about=("I3", "I9"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        Say(
            WEATHER,
            None,
            faults=(faults.at(event="response.function_call_arguments.delta", nth=3).incomplete(),),
        ),
    ),
)
