"""The connection dies as soon as the answer is complete."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="reset_after_the_answer",
    sentence="The connection is reset right after the terminal event, before the user speaks again.",
    chapter="at the end of an answer",
    about=("I1", "I8"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="terminal", when="after").reset(),)),
    ),
)
