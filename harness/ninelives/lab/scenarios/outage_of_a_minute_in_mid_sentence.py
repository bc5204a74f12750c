"""A minute without a server, from mid-sentence."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, weather

SCENARIO = Scenario(
    name="outage_of_a_minute_in_mid_sentence",
    sentence="The connection is reset after some words, and refused for a minute; the user asks again later.",
    chapter="outages",
    about=("I1", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).refuse(seconds=60),)),
        Wait(90),
        bye(),
    ),
)
