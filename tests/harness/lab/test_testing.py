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


def test_stories_that_were_kept_are_tests_too(pytester: pytest.Pytester) -> None:
    stories = pytester.mkdir("stories")
    (stories / "calm.yaml").write_text(
        "story: calm\nacts:\n- {user: Hello, answer: Hello to you.}\n", encoding="utf-8"
    )
    pytester.makepyfile(
        """
        from ninelives.lab import as_tests
        from ninelives.lab.services import http

        test_found = as_tests(http, stories="stories")
        test_both = as_tests(http, "idle_close", stories="stories/calm.yaml")
        """
    )
    result = pytester.runpytest_subprocess("-v", "-p", "no:randomly")
    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.fnmatch_lines(["*test_found?calm? PASSED*"])


def test_a_pattern_that_fits_nothing_says_so() -> None:
    with pytest.raises(ValueError, match="no scenario is called 'earthquake'"):
        as_tests(object, "earthquake")
