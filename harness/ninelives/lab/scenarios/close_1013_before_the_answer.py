"""The server has too much to do."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="close_1013_before_the_answer",
    sentence="The server closes with 1013 (try again later) when the request has arrived.",
    chapter="before the first word",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(phase="request").close(1013, "try again later"),)),
    ),
    transports=SOCKET,
)
