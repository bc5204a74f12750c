"""Everything but the last event."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario, Wait
from ninelives.lab.talk import SCRIPT, TOOLS, bye, hello, story

SCENARIO = Scenario(
    name="stall_before_the_terminal_event",
    sentence="Every word has left, and then nothing comes; the connection stays up.",
    chapter="at the end of an answer",
    about=("I4", "I6"),
    script=SCRIPT,
    tools=TOOLS,
    acts=(hello(), Wait(1), story(faults=(faults.at(event="terminal").stall(),)), Wait(1), bye()),
)
