"""Come back in a minute."""

from mock_openai import faults

from ninelives.lab.scenario import Say, Scenario, Wait
from ninelives.lab.talk import SCRIPT, STORY, TOOLS, hello

SCENARIO = Scenario(
    name="rate_limit_with_a_long_wait",
    sentence="The request is refused by the rate limit, which asks to wait a minute.",
    chapter="what the API may answer",
    about=("I9",),
    script=SCRIPT,
    tools=TOOLS,
    acts=(
        hello(),
        Wait(1),
        Say(STORY, None, faults=(faults.at(phase="request", times=None).rate_limit(retry_after=60),)),
    ),
)
