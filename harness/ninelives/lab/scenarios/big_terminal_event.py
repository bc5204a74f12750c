"""An end of a megabyte and a half."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, story

SCENARIO = Scenario(
    name="big_terminal_event",
    sentence="The terminal event, which repeats the whole answer, is larger than a megabyte.",
    chapter="at the end of an answer",
    about=("I1", "I5"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        story(faults=(faults.at(event="terminal").oversize_frame(size=1_500_000),)),
    ),
)
