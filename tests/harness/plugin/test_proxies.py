"""A machine behind a proxy: what is meant for our server on this machine does not go there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.effort import HANG

NOBODY = "http://127.0.0.1:9"
SPELLINGS = [
    name for each in ("HTTP", "HTTPS", "ALL", "NO") for name in (f"{each}_PROXY", f"{each}_proxy".lower())
]


@pytest.fixture(autouse=True)
def behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SPELLINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", NOBODY)
    monkeypatch.setenv("NO_PROXY", "intranet.example")


def test_a_users_test_reaches_the_server(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from openai import OpenAI

        def test_hello(openai_server):
            with OpenAI(base_url=openai_server.base_url, api_key="any", max_retries=0) as client:
                assert client.responses.create(model="gpt-4.1", input="Hello.").output_text
        """
    )
    pytester.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, "intranet.example,127.0.0.1,localhost"),
        ({"no_proxy": "127.0.0.1"}, "intranet.example,127.0.0.1,localhost"),
        ({"NO_PROXY": "*"}, "*"),
        ({"NO_PROXY": "localhost, 127.0.0.1"}, "localhost,127.0.0.1"),
        ({"http_proxy": "", "HTTPS_PROXY": NOBODY}, "intranet.example,127.0.0.1,localhost"),
        ({"http_proxy": ""}, "intranet.example"),
    ],
)
def test_a_command_inherits_it(given: dict[str, str], left: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    told = (
        "import os; from ninelives.cli import app; app(['schema', 'pace'], standalone_mode=False); "
        "print(os.environ['NO_PROXY'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, timeout=HANG, check=True, env=os.environ
    )
    assert done.stdout.splitlines()[-1] == left


def test_the_environment_is_as_before_when_pytest_has_ended(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import os

        def test_it():
            assert os.environ["no_proxy"] == "intranet.example,127.0.0.1,localhost"
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=1)
    assert (os.environ["NO_PROXY"], os.environ.get("no_proxy")) == ("intranet.example", None)
