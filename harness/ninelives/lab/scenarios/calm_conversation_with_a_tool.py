"""Nothing goes wrong: the yardstick for all others."""

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="calm_conversation_with_a_tool",
    sentence="Three turns, one with a tool call, and nothing goes wrong.",
    chapter="nothing goes wrong",
    about=("I3", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(),
    ),
)
