"""A strict server fails the test; any other warns when a rule was left unused and an answer improvised."""

from __future__ import annotations

import pytest

SWALLOWS = """
def ask(server, text):
    client = OpenAI(api_key="test", base_url=server.base_url, max_retries=0)
    try:
        return client.responses.create(model="gpt-4.1", input=text).output_text
    except Exception:
        return "Sorry?"
"""

MISSES = """
def test_a_bot_that_swallows_errors(openai_server):
    {setting}
    openai_server.script = [reply("Sunny.", user="weather"), reply("Hello.", user="hello")]
    assert ask(openai_server, "the weather") == "Sunny."
    ask(openai_server, "Tell me a joke")
    ask(openai_server, "Tell me a joke")
"""


@pytest.mark.parametrize("way", ["ini", "configure", "fixture", "script"])
def test_a_request_without_a_rule_fails_the_test_on_one_screen(project, way):
    settings = {
        "configure": "openai_server.configure(strict=True)",
        "script": "openai_server.script.strict = True",
    }
    override = """
@pytest.fixture
def openai_server(openai_server):
    return openai_server.configure(strict=True)
"""
    source = SWALLOWS + MISSES.format(setting=settings.get(way, "pass"))
    project.test(source + override * (way == "fixture"))
    project.ini("ninelives_strict = true" if way == "ini" else "")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "openai_server is strict, and no rule matched 2 requests:",
            "  asked    'Tell me a joke'  (2 times)",
            "  nearest  rule 1 (test_it.py:*)",
            "           user: 'Tell me a joke' has no match for /weather/",
            "*404 no_rule. Add or fix a rule*",
        ]
    )
    result.stdout.no_fnmatch_line("*script: No rule*")  # told once


def test_what_is_answered_passes_and_a_test_may_be_lenient(project):
    project.test(
        SWALLOWS
        + """
def test_answered(openai_server):
    openai_server.script = [reply("Hello.", user="hello")]
    assert ask(openai_server, "hello") == "Hello."

def test_lenient(openai_server):
    openai_server.configure(strict=False)
    assert ask(openai_server, "anything") != "Sorry?"

def test_another_upstream(openai_server):
    openai_server.configure(upstream="http://127.0.0.1:9/v1")
    assert ask(openai_server, "anything") == "Sorry?"

def test_unused(openai_server):
    pass
"""
    ).ini("ninelives_strict = true")
    project.run().assert_outcomes(passed=4)


def test_neither_a_reset_nor_a_session_hides_a_refusal(project):
    project.test(
        SWALLOWS
        + """
def test_cleared(openai_server):
    openai_server.configure(strict=True)
    ask(openai_server, "one")
    openai_server.script = [reply("Hello.")]
    assert ask(openai_server, "two") == "Hello."

def test_session(openai_server):
    openai_server.configure(strict=True)
    session = openai_server.session("a b")
    client = OpenAI(api_key=session.api_key, base_url=openai_server.base_url, max_retries=0)
    with pytest.raises(Exception, match="No rule"):
        client.responses.create(model="gpt-4.1", input="three")
    openai_server.forget("a b")

@pytest.fixture
def late(openai_server):
    openai_server.configure(strict=True)
    yield
    ask(openai_server, "four")

def test_in_teardown(late):
    pass
"""
    ).ini("")
    result = project.run()
    result.assert_outcomes(passed=1, failed=2, errors=1)
    result.stdout.fnmatch_lines(["  asked    'four'", "  nearest  the script is empty"])
    result.stdout.fnmatch_lines(["  asked    'one'", "  asked    'three'  (session 'a b')"])


def test_a_test_that_fails_otherwise_tells_of_the_refusal_too(project):
    project.test(
        SWALLOWS
        + """
def test_other(openai_server):
    openai_server.configure(strict=True, script=[reply("Hello.", user="hello")])
    assert ask(openai_server, "hullo") == "Hello."
"""
    ).ini("")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*Sorry?*", "*script: No rule for 'hullo'. Nearest was rule 1 (test_it.py:*"]
    )


def test_an_expected_failure_is_one(project):
    source = MISSES.format(setting="openai_server.configure(strict=True)")
    project.test(
        SWALLOWS + "\n@pytest.mark.xfail(strict=True)" + source.replace("\ndef test", "\ndef test", 1)
    ).ini("")
    project.run().assert_outcomes(xfailed=1)


WARNS = SWALLOWS + MISSES.format(setting="pass")


def test_a_rule_left_unused_and_an_improvised_answer_are_a_warning(project):
    project.test(WARNS).ini("")
    result = project.run(warnings=True)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(
        [
            "*test_it.py:*: UnusedRuleWarning: 1 rule was never used*improvised 2 answers:",
            "*unused: rule 2 (test_it.py:*): user: /hello/",
            "*improvised: No rule for 'Tell me a joke'. Nearest of 2 was rule 1 (test_it.py:*",
            "*filterwarnings('ignore::ninelives.UnusedRuleWarning')*",
        ]
    )


SILENT = {
    "marker": ("@pytest.mark.filterwarnings('ignore::ninelives.UnusedRuleWarning')", ""),
    "ini": ("", "filterwarnings = ignore::ninelives.UnusedRuleWarning"),
}


@pytest.mark.parametrize("way", sorted(SILENT))
def test_the_warning_can_be_silenced(project, way):
    marker, ini = SILENT[way]
    project.test(SWALLOWS + "\n" + marker + MISSES.format(setting="pass")).ini(ini)
    project.run(warnings=True).assert_outcomes(passed=1, warnings=0)


def test_one_of_the_two_alone_is_no_warning(project):
    project.test(
        SWALLOWS
        + """
def test_only_improvised(openai_server):
    openai_server.script = [reply("Hello.", user="hello")]
    ask(openai_server, "hello"), ask(openai_server, "bye")

def test_only_unused(openai_server):
    openai_server.script = [reply("Hello.", user="hello"), reply("Bye.", user="bye")]
    ask(openai_server, "hello")

def test_used_in_a_session(openai_server):
    openai_server.script = [reply("Hello.", user="hello")]
    ask(openai_server, "bye")
    session = openai_server.session("one")
    client = OpenAI(api_key=session.api_key, base_url=openai_server.base_url)
    assert client.responses.create(model="gpt-4.1", input="hello").output_text == "Hello."
"""
    ).ini("")
    project.run(warnings=True).assert_outcomes(passed=3, warnings=0)


@pytest.mark.parametrize("key", ["ninelives_strict", "block_network"])
def test_a_setting_that_is_neither_true_nor_false_is_one_line(project, key):
    project.test("def test_nothing(): pass").ini(f"{key} = perhaps")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {key}: *perhaps*; write true or false"])
