"""All was said, but nobody confirmed it."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="reset_before_the_terminal_event",
    sentence="The connection is reset when every word has left and only the terminal event is missing.",
    chapter="at the end of an answer",
    about=("I1", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="terminal").reset(),)),
    ),
)
