"""The API stumbles and would do it right a moment later."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="server_error_before_the_answer",
    sentence="The request is answered with a server error, once.",
    chapter="what the API may answer",
    about=("I5", "I9"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(phase="request").server_error(),)),
    ),
)
