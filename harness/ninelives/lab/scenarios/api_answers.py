"""The connection is healthy, and the API refuses, fails or breaks off."""

from __future__ import annotations

from mock_openai import faults

from ninelives.lab.dialogue import (
    CLOUDS,
    HELLO,
    LOCK,
    REFUSAL,
    WEATHER,
    between,
    clouds,
    hello,
    scenario,
    unanswered,
    weather,
)
from ninelives.lab.scenario import SOCKET, Say, Wait
from ninelives.lab.triggers import EVERY_REQUEST, IN_MID_SENTENCE, REQUEST, before

CHAPTER = "what the API may answer"

SCENARIOS = (
    scenario(
        "bad_key",
        "I9",
        "The request is refused because the key is not valid.",
        (unanswered(HELLO),),
        server={"api_key": "sk-the-right-one"},
    ),
    scenario(
        "context_too_long",
        "I9",
        "The request is refused because the context is too long.",
        (hello(), Wait(1), unanswered(CLOUDS, EVERY_REQUEST.server_error(400, "context_length_exceeded"))),
    ),
    scenario(
        "context_too_long_once",
        "I9 I7",
        "One turn is refused because the context is too long; the next one fits again.",
        between(unanswered(CLOUDS, faults.at(turn=2).server_error(400, "context_length_exceeded"))),
    ),
    scenario(
        "empty_reply",
        "I5 I9",
        "The response completes without any output, once.",
        between(clouds(REQUEST.empty_reply())),
    ),
    scenario(
        "empty_reply_always",
        "I9",
        "Every response to the question completes without any output.",
        (hello(), Wait(1), unanswered(CLOUDS, EVERY_REQUEST.empty_reply())),
    ),
    scenario(
        "failed_before_the_first_word",
        "I5",
        "The response fails with a server error before its first word, once.",
        between(clouds(before("output_item.added").server_error())),
    ),
    scenario(
        "filtered_in_mid_sentence",
        "I1 I9",
        "The response ends as incomplete after some words: content_filter.",
        between(weather(IN_MID_SENTENCE.incomplete("content_filter"))),
    ),
    scenario(
        "incomplete_in_mid_sentence",
        "I1 I9",
        "The response ends as incomplete after some words: max_output_tokens.",
        between(weather(IN_MID_SENTENCE.incomplete())),
    ),
    scenario(
        "no_quota",
        "I9",
        "The request is refused because the quota is used up.",
        (hello(), Wait(1), unanswered(WEATHER, EVERY_REQUEST.insufficient_quota())),
    ),
    scenario(
        "overloaded_before_the_answer",
        "I5 I9",
        "The request is answered with 'overloaded', once.",
        between(weather(REQUEST.overloaded())),
    ),
    scenario(
        "overloaded_for_good",
        "I9",
        "Every request of the turn is answered with 'overloaded'.",
        (hello(), Wait(1), unanswered(CLOUDS, EVERY_REQUEST.overloaded())),
    ),
    scenario(
        "previous_response_never_found",
        "I5 I9",
        "The server knows no previous response, however often it is asked.",
        between(clouds(EVERY_REQUEST.previous_response_not_found(if_named=True))),
    ),
    scenario(
        "previous_response_not_found",
        "I5 I7",
        "The server does not know the previous response any more, once.",
        between(weather(REQUEST.previous_response_not_found())),
        transports=SOCKET,
    ),
    scenario(
        "rate_limit_before_the_answer",
        "I5 I9",
        "The request is refused by the rate limit, which asks to wait two seconds.",
        between(weather(REQUEST.rate_limit(retry_after=2))),
    ),
    scenario(
        "rate_limit_in_mid_sentence",
        "I2 I6 I7",
        "The response fails by the rate limit after some words.",
        between(weather(IN_MID_SENTENCE.rate_limit())),
    ),
    scenario(
        "rate_limit_with_a_long_wait",
        "I9",
        "The request is refused by the rate limit, which asks to wait a minute.",
        (hello(), Wait(1), unanswered(CLOUDS, EVERY_REQUEST.rate_limit(retry_after=60))),
    ),
    scenario(
        "refusal",
        "I1 I7",
        "The model refuses; the refusal must be heard like any other answer.",
        between(Say(LOCK, REFUSAL)),
    ),
    scenario(
        "server_error_before_the_answer",
        "I5 I9",
        "The request is answered with a server error, once.",
        between(weather(REQUEST.server_error())),
    ),
    scenario(
        "unknown_model",
        "I9",
        "The request is refused because there is no such model.",
        (unanswered(HELLO),),
        faults=(EVERY_REQUEST.server_error(404, "model_not_found"),),
    ),
)
