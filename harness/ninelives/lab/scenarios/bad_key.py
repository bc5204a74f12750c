"""The key is refused: a person must act."""

from ninelives.lab.scenario import Say, Scenario
from ninelives.lab.talk import HELLO, SCRIPT, TOOLS

SCENARIO = Scenario(
    name="bad_key",
    sentence="The request is refused because the key is not valid.",
    chapter="what the API may answer",
    about=("I9",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        Say(
            HELLO,
            None,
        ),
    ),
    server={"api_key": "sk-the-right-one"},
)
