"""Too many requests, for a moment."""

from mock_openai import faults

from ninelives.lab.scenario import Scenario
from ninelives.lab.talk import SCRIPT, TOOLS, between, weather

SCENARIO = Scenario(
    name="rate_limit_before_the_answer",
    sentence="The request is refused by the rate limit, which asks to wait two seconds.",
    chapter="what the API may answer",
    about=("I5", "I9"),
    script=SCRIPT,
    tools=TOOLS,
    acts=between(
        weather(faults=(faults.at(phase="request").rate_limit(retry_after=2),)),
    ),
)
