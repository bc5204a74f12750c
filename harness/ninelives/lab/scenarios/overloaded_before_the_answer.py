"""The API is overloaded for a moment."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="overloaded_before_the_answer",
    sentence="The request is answered with 'overloaded', once.",
    chapter="what the API may answer",
    about=("I5", "I9"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(phase="request").overloaded(),)),
    ),
)
