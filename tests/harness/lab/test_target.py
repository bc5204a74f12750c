"""What a user may name to have a bot tried, and the one line for everything that is not one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from ninelives.bot.environment import KEY
from ninelives.bot.start_failure import CouldNotStart
from ninelives.lab.target import find
from ninelives.usage_error import UsageError

BOT = """
from tools import NAME


async def run_bot(transport, runner_args):
    return NAME


async def bot(runner_args):
    return NAME
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", sys.modules)
    before = set(sys.modules)
    write(tmp_path / "shop" / "bot.py", BOT)
    write(tmp_path / "shop" / "tools.py", "NAME = 'shop'\n")
    yield tmp_path  # type: ignore[misc]
    for name in set(sys.modules) - before:
        origin = getattr(sys.modules[name], "__file__", None) or ""
        if origin.startswith(str(tmp_path)):
            del sys.modules[name]
    return tmp_path


def write(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "name", ["shop/bot.py", "shop/bot.py:run_bot", "./shop", "shop", "shop/", "shop.bot", "shop.bot:run_bot"]
)
def test_a_file_a_module_and_a_folder_are_the_same_bot(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name.startswith("shop.bot"):  # a module is imported from the working directory, as python -m does
        monkeypatch.syspath_prepend("shop")
    found = find(name)
    assert found.found.__name__ == "run_bot"
    assert found.name.endswith(":run_bot")
    assert found.found.__globals__["NAME"] == "shop"


def test_modules_beside_a_file_are_its_own_even_when_two_bots_have_the_same_names(project: Path) -> None:
    write(project / "bank" / "bot.py", BOT)
    write(project / "bank" / "tools.py", "NAME = 'bank'\n")
    shop, bank = find("shop/bot.py").found, find("bank/bot.py").found
    assert (shop.__globals__["NAME"], bank.__globals__["NAME"]) == ("shop", "bank")
    assert find("shop/bot.py").found is shop  # a file is loaded once


def test_a_file_in_a_package_may_import_relatively(project: Path) -> None:
    write(project / "pkg" / "__init__.py", "")
    write(project / "pkg" / "names.py", "NAME = 'pkg'\n")
    write(project / "pkg" / "voice" / "__init__.py", "")
    write(
        project / "pkg" / "voice" / "bot.py",
        "from ..names import NAME\n\nasync def run_bot(transport): ...\n",
    )
    assert find("pkg/voice/bot.py").found.__module__ == "pkg.voice.bot"


def test_a_file_may_import_relatively_without_a_package(project: Path) -> None:
    write(project / "my-bots" / "names.py", "NAME = 'mine'\n")
    write(project / "my-bots" / "bot.py", "from .names import NAME\n\nasync def run_bot(transport): ...\n")
    assert find("my-bots/bot.py").found.__globals__["NAME"] == "mine"


def test_a_file_may_be_called_anything(project: Path) -> None:
    for name in ("voice-openai.py", "json.py", "1st.py", "asyncio.py"):
        write(
            project / "odd" / name,
            "import json, asyncio\n\nasync def run_bot(transport): return json.dumps\n",
        )
        assert find(f"odd/{name}").found.__name__ == "run_bot"
        sys.path.remove(str(project / "odd"))
    assert sys.modules["json"].__file__ != str(project / "odd" / "json.py")


def test_a_bot_is_loaded_as_if_it_were_started_by_itself(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEEPGRAM_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    monkeypatch.setattr(sys, "argv", ["ninelives", "verdict", "--seed", "3"])
    write(
        project / "own.py",
        "import argparse, os\n"
        "ARGUMENTS = argparse.ArgumentParser().parse_args()\n"
        "KEYS = os.environ['DEEPGRAM_API_KEY'], os.environ['OPENAI_API_KEY']\n"
        "async def run_bot(transport): ...\n",
    )
    assert find("own.py").found.__globals__["KEYS"] == (KEY, KEY)
    assert os.environ["OPENAI_API_KEY"] == "sk-real"
    assert sys.argv[0] == "ninelives"


def test_what_a_bot_prints_while_it_is_loaded_stays_out_of_the_way(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project / "loud.py", "print('hello')\nasync def run_bot(transport): ...\n")
    find("loud.py")
    assert capsys.readouterr().out == ""


def test_the_one_that_fits_is_taken(project: Path) -> None:
    write(project / "a.py", "async def run_bot(websocket, sid): ...\nasync def bot(runner_args): ...\n")
    assert find("a.py").name == "a.py:bot"
    write(project / "b.py", "def make(base_url, ws_url): ...\ndef helper(text): ...\n")
    assert find("b.py").name == "b.py:make"
    write(
        project / "c.py",
        "import pipecat_responses as ours\nclass Mine(ours.OpenAIResponsesLLMService): ...\n",
    )
    assert find("c.py").name == "c.py:Mine"


def test_a_name_in_the_settings_starts_at_their_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert find("shop/bot.py", project).found.__name__ == "run_bot"


BAD: dict[str, tuple[str, str]] = {
    "": ("", "does not name a bot; expected a file"),
    "gone.py": ("", "gone.py cannot be read (no such file); expected a file"),
    "gone.py:run_bot": ("", "gone.py cannot be read (no such file)"),
    "nowhere": ("", "'nowhere' cannot be imported (No module named 'nowhere'); expected a file"),
    "nowhere.bot:run": ("", "'nowhere.bot' cannot be imported"),
    "my-bot": ("", "'my-bot' is neither a file nor a module"),
    "./bots": ("# bots/voice.py", "./bots is a folder without a bot.py (there are voice.py); give the file"),
    "bad.py": (
        "def run_bot(:\n",
        "bad.py could not start: SyntaxError: invalid syntax (bad.py, line 1) (bad.py:1)",
    ),
    "crash.py": (
        "\n\n1 / 0\n",
        "crash.py could not start: ZeroDivisionError: division by zero (crash.py:3); run the bot",
    ),
    "key.py": (
        "import os\nos.environ['TENANT']\n",
        "KeyError: 'TENANT' (key.py:2); set TENANT in the environment",
    ),
    "needs.py": (
        "import flurble\n",
        "No module named 'flurble' (needs.py:1); install flurble, or run ninelives in",
    ),
    "extra.py": (
        "from pipecat.services.deepgram.stt import DeepgramSTTService\n",
        "No module named 'deepgram' (extra.py:1); pip install 'pipecat-ai[deepgram]'",
    ),
    "exits.py": (
        "import sys\nprint('please set TENANT')\nsys.exit(3)\n",
        "exits.py could not start: it called sys.exit(3), after it printed 'please set TENANT' (exits.py:3)",
    ),
    "two.py": (
        "def a(base_url, ws_url): ...\nasync def b(transport): ...\n",
        "two.py has 2 candidates for the bot: a, b; choose one, such as two.py:a",
    ),
    "none.py": (
        "def helper(text): ...\n",
        "none.py has no function that runs a bot, such as run_bot(transport, runner_args)",
    ),
    "empty.py": ("", "empty.py has no function that runs a bot"),
    "here.py:there": ("def helper(text): ...\n", "here.py has no 'there'; it has helper"),
    "value.py:LIMIT": ("LIMIT = 3\n", "value.py:LIMIT is a int, not a function or class"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_bot_is_one_line(name: str, project: Path) -> None:
    if name == "extra.py":
        try:
            import deepgram  # noqa: F401
        except ImportError:
            pass
        else:
            pytest.skip("deepgram is installed")
    text, said = BAD[name]
    if text.startswith("# bots/"):
        write(project / "bots" / "voice.py", text)
    elif name.partition(":")[0].endswith(".py") and not name.startswith("gone"):
        write(project / name.partition(":")[0], text)
    with pytest.raises(UsageError) as raised:
        find(name)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("does", ["time.sleep(3600)", "sum(range(1000))"])
def test_a_file_that_hangs_while_it_is_imported_is_given_up(project: Path, does: str) -> None:
    lines = [
        "import time",
        "while True:",
        "    try:",
        f"        {does}",
        "    except Exception:",
        "        pass",
    ]
    write(project / "hangs.py", "\n".join(lines))
    said = r"hangs.py could not start: it was still busy after [\d.]+ s at hangs.py:\d; move the code that"
    with pytest.raises(CouldNotStart, match=said):
        find("hangs.py", timeout=0.2)


def test_what_could_not_be_loaded_may_be_mended_and_tried_again(project: Path) -> None:
    write(project / "fixed.py", "1 / 0\n")
    with pytest.raises(CouldNotStart):
        find("fixed.py")
    write(project / "fixed.py", "async def run_bot(transport): ...  # fixed\n")
    assert find("fixed.py").name == "fixed.py:run_bot"


def test_a_value_is_no_bot() -> None:
    from ninelives.lab.services import as_factory

    found: Any = 3
    with pytest.raises(
        UsageError, match="a int is neither a function nor a class; expected one that makes or"
    ):
        as_factory(found)
