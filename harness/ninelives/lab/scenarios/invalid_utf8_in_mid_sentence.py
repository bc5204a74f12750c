"""Bytes that are no text."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="invalid_utf8_in_mid_sentence",
    sentence="One event in mid-sentence is not UTF-8.",
    chapter="spoilt events",
    about=("I1", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.output_text.delta", nth=6).invalid_utf8(),)),
    ),
)
