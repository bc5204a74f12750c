"""`as_tests`: a user's service is tried in the scenarios by one line in a test file."""

from __future__ import annotations

import pytest
from ninelives.lab import as_tests

ONE_LINE_EACH = """
    from ninelives.lab import as_tests
    from ninelives.lab.services import pipecat_websocket
    from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

    test_ours = as_tests(OpenAIResponsesLLMService, "limit_between_turns")
    test_ours_without_a_socket = as_tests(OpenAIResponsesHttpLLMService, "limit_between_turns")
    test_pipecats = as_tests(pipecat_websocket, "reset_in_mid_sentence")
"""


def test_promises_kept_pass_broken_ones_are_shown_and_what_cannot_happen_is_skipped(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(ONE_LINE_EACH)
    # A process of its own: numpy cannot be forgotten and imported again.
    result = pytester.runpytest_subprocess("-v", "-rs", "-p", "no:randomly")
    result.assert_outcomes(passed=1, skipped=1, failed=1)
    result.stdout.fnmatch_lines_random(
        [
            "*test_ours?limit_between_turns? PASSED*",
            "SKIPPED*cannot happen over http",
            "The connection is reset*",
            "turn 1, the user: *",
            "*should be heard: *",
            "*was heard: *",
            "I1 broken: *",
        ]
    )


def test_a_pattern_that_fits_nothing_says_so() -> None:
    with pytest.raises(ValueError, match="no scenario is called 'earthquake'"):
        as_tests(object, "earthquake")
