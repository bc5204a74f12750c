"""The connection dies while the model is thinking."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="reset_before_the_first_word",
    sentence="The connection is reset after the response was created and before its first word.",
    chapter="before the first word",
    about=("I5",),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(event="response.created", when="after").reset(),)),
    ),
)
