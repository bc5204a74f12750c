"""No key opens the door."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario
from ninelives.lab.talk import HELLO, SCRIPT, TOOLS

SCENARIO = Scenario(
    name="handshake_401_at_the_start",
    sentence="Every connection is answered with 401: a person must act.",
    chapter="connecting",
    about=("I9",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(Say(HELLO, None),),
    faults=(faults.at(phase="handshake", times=None).handshake_status(401, code="invalid_api_key"),),
)
