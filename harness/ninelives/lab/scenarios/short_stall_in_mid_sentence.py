"""A pause is no loss."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="short_stall_in_mid_sentence",
    sentence="The words stop for two seconds and then come in a burst.",
    chapter="in mid-sentence",
    about=("I1", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).stall(2),)),
    ),
)
