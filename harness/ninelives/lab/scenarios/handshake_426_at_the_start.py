"""A gateway that takes no WebSockets."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Say, Scenario
from ninelives.lab.talk import HELLO, SCRIPT, TOOLS

SCENARIO = Scenario(
    name="handshake_426_at_the_start",
    sentence="Every upgrade is answered with 426.",
    chapter="connecting",
    about=("I9",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(Say(HELLO, None),),
    faults=(faults.at(phase="handshake", times=None).handshake_status(426),),
    transports=SOCKET,
)
