"""The failures that a turn notices by itself: silence, and answers without an end, text or usable calls."""

from .errors import Failure
from .steps import Finished
from .stream import ResponseStream

__all__ = ["failure_of_calls", "failure_of_emptiness", "failure_of_length", "failure_of_silence"]


def failure_of_silence(stream: ResponseStream, seconds: float) -> Failure:
    """Return the failure of an answer that stopped ``seconds`` after its request."""
    if stream.doubtful:
        return Failure(
            "stream",
            "An event could not be read, and no other event followed",
            response_id=stream.response_id,
        )
    when = "in the middle of the answer" if stream.has_output else "and no output came"
    return Failure(
        "timeout",
        f"{seconds:.1f} s after the request the server was silent {when}",
        response_id=stream.response_id,
    )


def failure_of_length(stream: ResponseStream, seconds: float) -> Failure:
    """Return the failure of an answer that goes on ``seconds`` after its request."""
    what = f"The answer had not ended {seconds:.1f} s after the request"
    return Failure("timeout", what, response_id=stream.response_id)


def failure_of_emptiness(outcome: Finished) -> Failure:
    """Return the failure of an answer without text and calls."""
    what = f"LLM response {outcome.response_id} completed with no text or function call"
    return Failure("empty", what, response_id=outcome.response_id)


def failure_of_calls(outcome: Finished) -> Failure:
    """Return the failure of calls that cannot run."""
    names = ", ".join(outcome.unusable_calls)
    what = f"The model's arguments for {names} are not a JSON object"
    return Failure("call", what, response_id=outcome.response_id)
