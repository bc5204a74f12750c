"""TLS that nobody can agree on."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario
from ninelives.lab.talk import HELLO, SCRIPT, TOOLS

SCENARIO = Scenario(
    name="tls_failure_at_the_start",
    sentence="Every TLS handshake fails.",
    chapter="connecting",
    about=("I9",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(Say(HELLO, None),),
    faults=(faults.at(phase="handshake", times=None).tls_failure(),),
    tls=True,
)
