"""The connection dies while a tool works."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario
from ninelives.lab.talk import LOOK, SCRIPT, TOOLS, VIEW, between

SCENARIO = Scenario(
    name="reset_while_a_tool_runs",
    sentence="The connection is reset while a tool runs for two seconds; its answer must still be given.",
    chapter="around a tool call",
    about=("I3", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        Say(LOOK, VIEW, faults=(faults.at(phase="idle", at=1).reset(),)),
    ),
)
