"""A pause is no loss."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, weather

SCENARIO = Scenario(
    name="short_stall_in_mid_sentence",
    sentence="The words stop for two seconds and then come in a burst.",
    chapter="in mid-sentence",
    about=("I1", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).stall(2),)),
        Wait(1),
        bye(),
    ),
)
