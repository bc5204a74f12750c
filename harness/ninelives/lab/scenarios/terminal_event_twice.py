"""The end, and the end again."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="terminal_event_twice",
    sentence="The terminal event arrives twice; the second must not end the next turn.",
    chapter="at the end of an answer",
    about=("I1", "I2", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="terminal").duplicate(),)),
    ),
)
