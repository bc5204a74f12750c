"""A stream that just stops."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="stream_without_a_terminal_event",
    sentence="The answer stops without its terminal event: HTTP ends, a socket stays open and silent.",
    chapter="at the end of an answer",
    about=("I1", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at().missing_terminal(),)),
    ),
    bound=150,
)
