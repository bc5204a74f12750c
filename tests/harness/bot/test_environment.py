"""What a hosted bot finds in the environment: stand-ins for keys nobody has set, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from ninelives.bot.environment import KEY, addresses, stand_ins

UNSET = (
    "DEEPGRAM_API_KEY",
    "ELEVENLABS_VOICE_ID",
    "AZURE_SPEECH_REGION",
    "MCP_TOKEN",
    "FAL_KEY",
    "TAVUS_REPLICA_ID",
)


@pytest.fixture(autouse=True)
def nobody_has_set_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEEPGRAM_API_KEY", KEY),
        ("FAL_KEY", KEY),
        ("MCP_TOKEN", KEY),
        ("AZURE_SPEECH_REGION", "us-east-1"),
        ("ELEVENLABS_VOICE_ID", "00000000-0000-0000-0000-000000000000"),
    ],
)
def test_a_key_that_nobody_has_set_is_answered_however_it_is_asked_for(name: str, value: str) -> None:
    with stand_ins():
        assert os.environ[name] == value
        assert os.environ.get(name) == value
        assert os.getenv(name) == value
        assert os.getenv(name, "") == value  # an empty default is no default
    assert os.getenv(name) is None


def test_what_cannot_be_left_out_is_answered_only_where_it_cannot() -> None:
    with stand_ins():
        assert os.environ["TAVUS_REPLICA_ID"]
        assert os.environ["AZURE_CHATGPT_ENDPOINT"] == "http://127.0.0.1:9"
        assert os.getenv("TAVUS_REPLICA_ID") is None
        assert os.getenv("AZURE_CHATGPT_ENDPOINT") is None


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "SENTRY_DSN", "HOME_OF_NOBODY", "LLM_PROVIDER", "GOOGLE_TEST_CREDENTIALS"]
)
def test_other_names_are_as_they_were(name: str) -> None:
    with stand_ins():
        assert os.getenv(name) is None
        with pytest.raises(KeyError, match=name):
            os.environ[name]


def test_no_stand_in_takes_the_place_of_a_value_or_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "their own")
    monkeypatch.setenv("MCP_TOKEN", "")
    with stand_ins():
        assert os.environ["DEEPGRAM_API_KEY"] == "their own"
        assert os.environ["MCP_TOKEN"] == os.getenv("MCP_TOKEN") == ""
        assert os.getenv("ELEVENLABS_VOICE_ID", "a voice") == "a voice"
        assert os.environ.setdefault("FAL_KEY", "theirs") == "theirs"
    assert os.environ.pop("FAL_KEY") == "theirs"


def test_nobody_sees_them_who_did_not_ask() -> None:
    with stand_ins():
        assert "DEEPGRAM_API_KEY" not in os.environ
        assert "DEEPGRAM_API_KEY" not in dict(os.environ)
        assert "DEEPGRAM_API_KEY" not in list(os.environ)
        asked = "import os; print(os.getenv('DEEPGRAM_API_KEY'))"
        child = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
        assert child.stdout == "None\n"


def test_an_installed_library_that_looks_for_a_token_finds_none() -> None:
    asks = "import os\nfound = os.environ.get('DEEPGRAM_API_KEY')"
    for source, found in (
        ("/venv/lib/python3/site-packages/telemetry/config.py", None),
        ("/home/me/bot.py", KEY),
    ):
        names: dict[str, Any] = {}
        with stand_ins():
            exec(compile(asks, source, "exec"), names)
        assert names["found"] == found


def test_stand_ins_may_be_nested_and_leave_nothing_behind() -> None:
    before = dict(os.environ)
    methods = dict(vars(type(os.environ)))
    with stand_ins(), stand_ins():
        assert os.environ["DEEPGRAM_API_KEY"] == KEY
    assert dict(vars(type(os.environ))) == methods
    assert dict(os.environ) == before


def test_a_real_key_of_openai_is_put_aside_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with addresses("http://127.0.0.1:1/v1", "ws://127.0.0.1:1/v1/responses"):
        assert os.environ["OPENAI_API_KEY"] == KEY
        assert os.environ["OPENAI_BASE_URL"] == "http://127.0.0.1:1/v1"
    assert os.environ["OPENAI_API_KEY"] == "sk-real"
    assert "OPENAI_BASE_URL" not in os.environ
