"""The network is bad today."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story, weather

SCENARIO = Scenario(
    name="reset_in_two_turns_running",
    sentence="Two answers running are cut in mid-sentence; the third is whole.",
    chapter="in mid-sentence",
    about=("I1", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).reset(),)),
        Wait(1),
        story(faults=(faults.at(event="response.output_text.delta", nth=9).reset(),)),
        Wait(1),
        bye(),
    ),
)
