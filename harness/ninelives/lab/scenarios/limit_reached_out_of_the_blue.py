"""The server says the limit is reached, whatever our clock says."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="limit_reached_out_of_the_blue",
    sentence="The request is answered with the connection-limit error frame, and the socket is closed.",
    chapter="the 60-minute limit",
    about=("I5", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(phase="request").connection_limit(),)),
    ),
    transports=SOCKET,
)
