"""Barge-in against a server that says no more, and then everything."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="interruption_of_a_server_that_falls_silent",
    sentence="The user cuts in; the server is silent for six seconds and then says the rest.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(cut_in=5, faults=(faults.at(event="response.output_text.delta", nth=9).stall(6),)),
        bye(),
        Wait(10),
        hello(),
    ),
    server={"on_cancel": "ignore"},
    transports=SOCKET,
)
