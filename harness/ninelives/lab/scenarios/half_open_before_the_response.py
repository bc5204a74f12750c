"""A connection that died as the user spoke."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="half_open_before_the_response",
    sentence="The connection becomes half-open as the request arrives.",
    chapter="before the first word",
    about=("I4", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(phase="request").half_open(),)),
    ),
    transports=SOCKET,
)
