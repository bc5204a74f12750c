"""The server has forgotten what it said."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="previous_response_not_found",
    sentence="The server does not know the previous response any more, once.",
    chapter="what the API may answer",
    about=("I5", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(phase="request").previous_response_not_found(),)),
    ),
    transports=SOCKET,
)
