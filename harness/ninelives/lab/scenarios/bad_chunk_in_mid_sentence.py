"""A proxy that cannot count."""

from mock_openai import faults

from ninelives.lab.scenario import HTTP, Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="bad_chunk_in_mid_sentence",
    sentence="The chunked encoding of the stream breaks after some words.",
    chapter="spoilt events",
    about=("I1", "I6", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).bad_chunk(),)),
    ),
    transports=HTTP,
)
