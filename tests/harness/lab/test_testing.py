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


@pytest.mark.thorough
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
            "SKIPPED*not possible over http",
            "The connection is reset*",
            "turn 1, the user: *",
            "*should be heard: *",
            "*was heard: *",
            "I1 broken: *",
            "what happened around turn 2, 30 of * moments:",
            "*fault * reset on connection 1",
            "full timeline: *test_pipecats*reset_in_mid_sentence*.html",
        ]
    )
    result.stdout.no_fnmatch_line("* DEBUG *")


@pytest.mark.thorough
def test_scenario_files_that_were_kept_are_tests_too(pytester: pytest.Pytester) -> None:
    scenarios = pytester.mkdir("scenarios")
    (scenarios / "calm.yaml").write_text(
        "scenario: calm\nacts:\n- {user: Hello, answer: Hello to you.}\n", encoding="utf-8"
    )
    pytester.makepyfile(
        """
        from ninelives.lab import as_tests
        from ninelives.lab.services import http

        test_found = as_tests(http, scenario_files="scenarios")
        test_both = as_tests(http, "idle_close", scenario_files="scenarios/calm.yaml")

        def forgetful(base_url, ws_url):
            return http("http://127.0.0.1:9/v1", ws_url)

        test_lost = as_tests(forgetful, scenario_files="scenarios/calm.yaml")
        """
    )
    result = pytester.runpytest_subprocess("-v", "-p", "no:randomly")
    result.assert_outcomes(passed=2, skipped=1, failed=1)
    result.stdout.no_fnmatch_line("* DEBUG *")  # of what stands around a failure the timeline is enough
    result.stdout.fnmatch_lines(["*test_found?calm? PASSED*"])


def test_a_pattern_that_fits_nothing_says_so() -> None:
    with pytest.raises(ValueError, match="no scenario is called 'earthquake'"):
        as_tests(object, "earthquake")


@pytest.mark.thorough
def test_one_line_in_conftest_makes_tests_of_all_scenarios(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("from pipecat_responses import OpenAIResponsesHttpLLMService as ninelives_bot")
    pytester.makepyfile("def test_of_their_own(): pass")
    result = pytester.runpytest_subprocess(
        "-v", "-p", "no:randomly", "-k", "calm_thinking or idle_close_1011 or their_own"
    )
    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.fnmatch_lines_random(
        [
            "*test_of_their_own PASSED*",
            "scenarios::calm_thinking PASSED*",
            "scenarios::idle_close_1011 SKIPPED*",
        ]
    )
    only = pytester.runpytest_subprocess(
        "-p", "no:randomly", "test_one_line_in_conftest_makes_tests_of_all_scenarios.py"
    )
    only.assert_outcomes(passed=1)  # who names a file wants that file


@pytest.mark.thorough
def test_one_line_in_the_settings_does_too_and_a_failure_shows_its_timeline(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini(
        "[pytest]\nninelives_bot = ninelives.lab.services:pipecat_http\nninelives_scenarios = calm_thinking"
    )
    pytester.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=1)
    pytester.makeini(
        "[pytest]\nninelives_bot = ninelives.lab.services:pipecat_http\nninelives_scenarios = refusal"
    )
    failed = pytester.runpytest_subprocess("-p", "no:randomly")
    failed.assert_outcomes(failed=1)
    failed.stdout.fnmatch_lines_random(["I7 broken: *", "what happened around turn 2*", "full timeline: *"])


PACE = """{
  "mock_openai_pace": 1, "first_event": [0.5], "first_output": [1.5], "between_items": [0.1], "burst": [1],
  "within_burst": [0], "between_bursts": [0.1]
}"""


@pytest.mark.thorough
def test_a_pace_and_budgets_hold_in_tests_and_in_settings(pytester: pytest.Pytester) -> None:
    pytester.makefile(".json", pace=PACE)
    pytester.makeini(
        """
        [pytest]
        ninelives_bot = ninelives.lab.services:http
        ninelives_scenarios = calm_conversation_with_a_tool
        ninelives_pace = pace.json
        ninelives_max_first_word = 1s
        """
    )
    pytester.makepyfile(
        """
        import time
        import pytest
        from mock_openai import reply
        from ninelives.lab import as_tests
        from ninelives.lab.services import http

        CALM = "calm_conversation_with_a_tool"
        test_strict = as_tests(http, CALM, pace="pace.json", max_dead_air="2s")
        test_patient = as_tests(http, CALM, pace="pace.json", max_dead_air=1, max_first_word="8s")

        @pytest.mark.virtual_time
        async def test_server(openai_server, bot):
            from ninelives.lab.services import http

            openai_server.script.add(reply("Hello there."))
            async with bot(http(openai_server.base_url, "")) as user:
                assert (await user.say("Hello?")).dead_air == pytest.approx(2.1)
        """
    )
    result = pytester.runpytest_subprocess("-v", "-p", "no:randomly")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines_random(
        [
            "*test_strict?calm_conversation_with_a_tool? FAILED*",
            "*test_server PASSED*",
            "scenarios::calm_conversation_with_a_tool FAILED*",
            "I10 broken: turn 1 left the caller in silence for 2.10 s before the first word, more than 1 s*",
            "I10 broken: turn 1 left the caller in silence for 2.10 s before the first word, more than 2 s*",
        ]
    )


def test_a_budget_that_is_none_is_told_where_the_test_is_made() -> None:
    with pytest.raises(ValueError, match="max_dead_air soon: expected a duration"):
        as_tests(object, max_dead_air="soon")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("ninelives_bot = nowhere:bot", "*ninelives_bot: 'nowhere' cannot be imported*"),
        (
            "ninelives_bot = json:loads\nninelives_scenarios = earthquake",
            "*earthquake: no scenario matches*",
        ),
        ("ninelives_pace = fast", "*ninelives_pace: 'fast' is not a pace; expected instant*"),
        ("ninelives_pace = gone.json", "*gone.json cannot be read (No such file or directory)*"),
        (
            "ninelives_bot = json:loads\nninelives_max_dead_air = soon",
            "*ninelives_max_dead_air soon: expected a duration above zero, such as 2s, 500ms or 1.5*",
        ),
    ],
)
def test_settings_that_cannot_be_are_one_line(pytester: pytest.Pytester, settings: str, said: str) -> None:
    pytester.makeini(f"[pytest]\n{settings}")
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])
