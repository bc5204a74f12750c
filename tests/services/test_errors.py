"""What failed, in which category, for how long, and in which words."""

import random
import time

import pytest
from pipecat.utils.errors import ErrorCategory
from pipecat_responses.categories import category, is_permanent
from pipecat_responses.errors import Failure, failure_of_error, failure_of_response
from pipecat_responses.timeouts import Timeouts, backoff, retry_delay
from pipecat_responses.wording import wording

CASES = {
    "bad key": (
        {"code": "invalid_api_key", "type": "invalid_request_error", "message": "Incorrect API key"},
        401,
        ErrorCategory.AUTHENTICATION,
        True,
    ),
    "bad key over the socket": (
        {"code": "invalid_api_key", "message": "Incorrect API key"},
        None,
        ErrorCategory.AUTHENTICATION,
        True,
    ),
    "no quota": (
        {"code": "insufficient_quota", "type": "insufficient_quota"},
        429,
        ErrorCategory.QUOTA,
        True,
    ),
    "rate limit": ({"code": "rate_limit_exceeded", "type": "tokens"}, 429, ErrorCategory.RATE_LIMIT, False),
    "overloaded": ({"code": "server_is_overloaded"}, 503, ErrorCategory.SERVER, False),
    "server error": ({"type": "server_error", "code": None}, 500, ErrorCategory.SERVER, False),
    "unknown model": (
        {"code": "model_not_found", "type": "invalid_request_error"},
        404,
        ErrorCategory.INVALID_REQUEST,
        False,
    ),
    "context too long": ({"code": "context_length_exceeded"}, 400, ErrorCategory.INVALID_REQUEST, False),
    "no access": ({"message": "not allowed"}, 403, ErrorCategory.AUTHORIZATION, True),
    "nothing but a status": (None, 502, ErrorCategory.SERVER, False),
    "a status for a moment": (None, 408, ErrorCategory.SERVER, False),
    "a status of a request": (None, 413, ErrorCategory.INVALID_REQUEST, False),
    "a redirect": (None, 307, ErrorCategory.INVALID_REQUEST, False),
    "nothing at all": (None, None, ErrorCategory.UNKNOWN, False),
}


@pytest.mark.parametrize(("error", "status", "expected", "permanent"), CASES.values(), ids=CASES.keys())
def test_category_and_permanence(
    error: object, status: int | None, expected: ErrorCategory, permanent: bool
) -> None:
    failure = failure_of_error(error, "websocket", status=status)
    assert (category(failure), is_permanent(failure)) == (expected, permanent)


@pytest.mark.parametrize("status", [200, 302, 404, 426])
def test_an_answer_that_is_not_the_apis_sends_the_reader_to_the_url(status: int) -> None:
    assert "base_url" in wording(failure_of_error("Not here", "handshake", status=status))


def test_the_end_of_a_connections_hour_is_no_fault_of_the_request() -> None:
    error = {"code": "websocket_connection_limit_reached", "message": "60 minutes are over."}
    failure = failure_of_error(error, "websocket", status=400)
    assert category(failure) is ErrorCategory.CONNECTIVITY
    assert "next turn uses a new one" in wording(failure)


def test_the_wording_says_what_happened_with_code_and_request_and_what_to_do() -> None:
    error = {"code": "rate_limit_exceeded", "message": "Rate limit reached. Please try again in 6.57s."}
    failure = failure_of_error(error, "http", status=429, headers={"X-Request-Id": "req_1"})
    text = wording(failure)
    assert text.startswith("Responses API error: Rate limit reached.")
    assert all(part in text for part in ("rate_limit_exceeded", "429", "req_1", "slow down"))
    assert failure.retry_after == pytest.approx(6.57)


def test_a_request_id_in_the_message_is_found() -> None:
    failure = failure_of_error("include the request ID req_0123abcd in your message", "response")
    assert failure.request_id == "req_0123abcd"


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after-ms": "250"}, "", 0.25),
        ({"retry-after": "3"}, "", 3.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:03 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, "", 3.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:28:03 GMT"}, "", 0.0),
        ({"retry-after": "Wednesday, 21-Oct-26 07:28:03 GMT", "date": "Wed Oct 21 07:28:00 2026"}, "", 3.0),
        ({"retry-after": "soon"}, "try again in 20ms", 0.02),
        ({"retry-after": "inf"}, "try again in 20ms", 0.02),
        ({"retry-after-ms": "1e999", "retry-after": "3"}, "", 3.0),
        ({"retry-after": "nan"}, "", None),
        ({"retry-after": "Wed, 99 Oct 2026 07:28:00 GMT"}, "try again in 20ms", 0.02),
        ({}, "Please try again in 1m", 60.0),
        ({}, "no hint", None),
    ],
)
def test_how_long_the_api_asks_to_wait(headers: dict[str, str], message: str, seconds: float | None) -> None:
    assert failure_of_error(message, "http", headers=headers).retry_after == seconds


@pytest.mark.parametrize("date", [{}, {"Date": "yesterday"}, {"Date": "Wed, 99 Oct 2026 07:28:00 GMT"}])
async def test_without_the_servers_date_the_own_clock_tells_how_long_a_date_is_away(
    date: dict[str, str],
) -> None:
    until = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 7))
    headers = {"Retry-After": until, **date}
    assert failure_of_error("", "handshake", headers=headers).retry_after == 7.0


def test_an_incomplete_answer_says_which_setting_to_change() -> None:
    response = {"id": "resp_1", "incomplete_details": {"reason": "max_output_tokens"}}
    text = wording(failure_of_response(response, incomplete=True))
    assert text.startswith("LLM response error: max_output_tokens")
    assert "max_completion_tokens" in text


def delay(failure: Failure, attempt: int = 1, elapsed: float = 0.0) -> float | None:
    return retry_delay(failure, attempt=attempt, elapsed=elapsed, recover=8.0, rng=random.Random(1))


def test_a_loss_is_tried_again_at_once_then_ever_more_slowly_and_not_for_ever() -> None:
    lost = Failure("connection", "gone")
    assert delay(lost, attempt=1) == 0.0
    pauses = [delay(lost, attempt=n) or 0.0 for n in range(2, 6)]
    assert pauses == sorted(pauses)
    assert 0.18 < pauses[0] <= 0.25
    assert delay(lost, attempt=2, elapsed=7.99) == pytest.approx(0.01)  # the last attempt
    assert delay(lost, attempt=2, elapsed=8.0) is None
    assert delay(lost, attempt=8) is None


def test_a_forgotten_response_is_resent_at_once_and_a_bad_key_never() -> None:
    forgotten = Failure("websocket", "not found", code="previous_response_not_found", status=400)
    assert delay(forgotten) == 0.0
    assert delay(Failure("http", "bad key", code="invalid_api_key", status=401)) is None
    assert delay(Failure("http", "too long", code="context_length_exceeded", status=400)) is None


def test_a_rate_limit_is_waited_for_only_if_that_is_soon() -> None:
    limited = Failure("http", "slow", code="rate_limit_exceeded", status=429, retry_after=1.5)
    assert delay(limited) == 1.5
    assert delay(Failure("http", "slow", code="rate_limit_exceeded", status=429, retry_after=20.0)) is None
    assert delay(Failure("http", "slow", code="rate_limit_exceeded", status=429)) is None


def test_a_server_that_says_when_to_come_back_is_not_asked_before() -> None:
    def busy(seconds: float) -> Failure:
        return Failure("refused", "busy", status=503, retry_after=seconds)

    assert delay(busy(2.0)) == 2.0
    assert 0.0 < (delay(busy(0.0)) or 0.0) <= 0.25
    assert delay(busy(2.0), elapsed=6.5) is None, "not within the turn's budget"
    assert delay(busy(2.0), attempt=3) is None


def test_silence_and_empty_answers_get_few_more_tries() -> None:
    for failure, chances in ((Failure("timeout", "silent"), 2), (Failure("empty", "empty"), 1)):
        assert delay(failure, attempt=chances) == 0.0
        assert delay(failure, attempt=chances + 1) is None


def test_backoff_grows_with_jitter_and_stays_below_its_limit() -> None:
    rng = random.Random(7)
    assert backoff(0, rng) == 0.0
    assert all(0.0 < backoff(n, rng) <= 8.0 for n in range(1, 40))
    assert backoff(3, random.Random(1)) == backoff(3, random.Random(1))


def test_a_model_that_thinks_may_be_silent_for_longer() -> None:
    timeouts = Timeouts()
    assert timeouts.for_body({"reasoning": {"effort": "high"}}).first_output > timeouts.first_output
    assert timeouts.for_body({"reasoning": {"effort": "none"}}) == timeouts
    assert timeouts.for_body({}) == timeouts
