"""Text of models and callers that would steer a terminal is shown in a failed test's report, not sent."""

from __future__ import annotations

from typing import Any

import pytest

SENT = ("\x1b", "\x07", "\x9b", "\u202e", "\U000e0041")


@pytest.mark.parametrize("stream", [False, True])
def test_a_report_of_a_failed_test_shows_what_would_steer_the_terminal(project: Any, stream: bool) -> None:
    project.test(
        r"""
        HOSTILE = "\x1b]0;evil\x07 \x9b31m \u202e abc \U000e0041"

        def test_it(openai_server):
            openai_server.script.add(reply(HOSTILE))
            client = OpenAI(base_url=openai_server.base_url, api_key="x")
            asked = client.responses.create(model="gpt-4o", input=HOSTILE, stream=STREAM)
            said = [event.type for event in asked] if STREAM else asked.output_text
            assert said == "nothing"
        """.replace("STREAM", str(stream))
    )
    result = project.run()
    result.assert_outcomes(failed=1)
    told = result.stdout.str() + result.stderr.str()
    assert not [char for char in SENT if char in told]
    assert "evil" in told


def test_a_report_of_a_failed_test_shows_no_secret_and_neither_does_its_page(project: Any) -> None:
    secret = "Zq8rW3xK7mP2vL9t4yB6"
    project.test(
        f"""
        TEXT = "my password is {secret}"

        def test_it(openai_server):
            openai_server.script.add(reply("I keep {secret} for you."))
            client = OpenAI(base_url=openai_server.base_url, api_key="x")
            answer = client.responses.create(model="gpt-4o", input=TEXT)
            asked = openai_server.journal.requests[0]["input"]
            assert {{"password": answer.output_text[7:27]}} == asked
        """
    )
    result = project.run("-p", "cacheprovider")
    result.assert_outcomes(failed=1)
    pages = [path.read_text() for path in project.path.rglob("*.html")]
    told = result.stdout.str() + result.stderr.str()
    compared = told.partition("E ")[2]
    assert "password" in compared
    assert "full timeline: " in told
    assert pages
    assert secret not in compared + "".join(pages)


@pytest.mark.parametrize("style", ["long", "native"])
def test_nor_do_its_variables_its_output_and_the_report_for_a_ci_system(project: Any, style: str) -> None:
    project.test(
        """
        import logging

        SECRET = "".join(["Zq8rW3xK7m", "P2vL9t4yB6"])

        def asked(client, password):
            token = password
            logging.getLogger().info("asking with password=%s", password)
            client.responses.create(model="gpt-4o", input="my password is " + password)
            raise RuntimeError("ended")

        def test_it(openai_server):
            logging.getLogger().setLevel(logging.DEBUG)  # the client logs its requests
            print("printed password: " + SECRET)
            asked(OpenAI(base_url=openai_server.base_url, api_key=SECRET), SECRET)

        def test_that_passes(openai_server):
            print("printed password: " + SECRET)
            openai_server.base_url
        """
    )
    options = ("-vv", "--showlocals", f"--tb={style}", "--junitxml=report.xml", "-o", "junit_logging=all")
    result = project.run(*options)
    result.assert_outcomes(failed=1, passed=1)
    report = (project.path / "report.xml").read_text()
    told = result.stdout.str() + result.stderr.str() + report
    assert "asking with password=[redacted]" in told
    assert report.count("printed password: [redacted]") == 2
    assert not [part for part in ("Zq8rW3xK7mP2", "P2vL9t4yB6") if part in told.replace('"P2vL9t4yB6"', "")]
