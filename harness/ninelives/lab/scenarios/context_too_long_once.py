"""Too long, and then not any more."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario
from ninelives.lab.talk import SCRIPT, STORY, TOOLS, between

SCENARIO = Scenario(
    name="context_too_long_once",
    sentence="One turn is refused because the context is too long; the next one fits again.",
    chapter="what the API may answer",
    about=("I9", "I7"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        Say(STORY, None, faults=(faults.at(turn=2).server_error(400, "context_length_exceeded"),)),
    ),
)
