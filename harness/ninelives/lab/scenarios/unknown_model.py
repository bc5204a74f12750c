"""A model that does not exist."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario
from ninelives.lab.talk import HELLO, SCRIPT, TOOLS

SCENARIO = Scenario(
    name="unknown_model",
    sentence="The request is refused because there is no such model.",
    chapter="what the API may answer",
    about=("I9",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(Say(HELLO, None),),
    faults=(faults.at(phase="request", times=None).server_error(404, "model_not_found"),),
)
