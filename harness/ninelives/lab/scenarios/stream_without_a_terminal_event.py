"""A stream that just stops."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="stream_without_a_terminal_event",
    sentence="The answer stops without its terminal event: HTTP ends, a socket stays open and silent.",
    chapter="at the end of an answer",
    about=("I1", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        story(faults=(faults.at().missing_terminal(),)),
        Wait(1),
        bye(),
    ),
    bound=150,
)
