"""Two words change places."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="events_out_of_order",
    sentence="One piece of text arrives after the one behind it.",
    chapter="spoilt events",
    about=("I1",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).reorder(),)),
    ),
)
