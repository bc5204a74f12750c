"""Cut in on a dead line."""

from mock_openai import faults

from ninelives.lab.scenario import SOCKET, Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="half_open_when_interrupted",
    sentence="The connection becomes half-open in mid-sentence, and the user cuts in.",
    chapter="interruptions",
    about=("I2", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(cut_in=5, faults=(faults.at(event="response.output_text.delta", nth=6).half_open(),)),
        Wait(60),
        bye(),
    ),
    transports=SOCKET,
)
