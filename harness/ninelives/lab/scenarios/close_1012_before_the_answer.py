"""The server is being restarted."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="close_1012_before_the_answer",
    sentence="The server closes with 1012 (service restart) when the request has arrived.",
    chapter="before the first word",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(phase="request").close(1012, "service restart"),)),
    ),
    transports=SOCKET,
)
