"""`ninelives init`: a first test, a conftest and a CI file in somebody's project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ninelives.cli import main

from tests.effort import HANG

BOT = """
import os
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.workers.runner import WorkerRunner
from pipecat_responses import OpenAIResponsesLLMService
from hours import HOURS

async def run_bot(transport, runner_args):
    llm = OpenAIResponsesLLMService(api_key=os.environ["OPENAI_API_KEY"])
    user, assistant = LLMContextAggregatorPair(LLMContext())
    runner = WorkerRunner()
    await runner.add_workers(
        PipelineWorker(Pipeline([transport.input(), user, llm, transport.output(), assistant]))
    )
    await runner.run()
"""


def project(folder: Path, place: str = "") -> Path:
    (folder / place).mkdir(parents=True, exist_ok=True)
    (folder / place / "bot.py").write_text(BOT)
    (folder / place / "hours.py").write_text("HOURS = 'nine to five'\n")
    return folder


def init(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(["init", *arguments])
    out, errors = capsys.readouterr()
    return int(ended.value.code or 0), out + errors


@pytest.mark.parametrize("place", ["", "server"])
@pytest.mark.thorough
def test_the_tests_that_it_writes_pass(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = init(str(project(tmp_path, place)), "--yes", capsys=capsys)
    assert code == 0, said
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
        env={name: value for name, value in os.environ.items() if "API_KEY" not in name},
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_it_shows_everything_and_writes_nothing_unless_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path)
    code, said = init(str(tmp_path), capsys=capsys)
    assert code == 0
    assert "async def test_it_answers" in said
    assert "add --yes" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bot.py", "hours.py"]


def test_what_cannot_be_read_beside_the_bot_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path)
    (folder / "data").mkdir()
    (folder / "data" / "x").mkdir()
    (folder / "theirs.py").write_text("")
    look, read = os.stat, Path.read_text

    def refused(path: object, *given: object, **named: object) -> object:
        if "data" in Path(str(path)).parent.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, *given, **named)  # type: ignore[call-overload]

    def unreadable(path: Path, *given: str, **named: str) -> str:
        if path.name == "theirs.py":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, *given, **named)

    monkeypatch.setattr(os, "stat", refused)
    monkeypatch.setattr(Path, "read_text", unreadable)
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as ended:
        main(["init", "--ci", "none", "--yes"])
    assert ended.value.code == 0
    assert "The bot is run_bot in bot.py" in capsys.readouterr().out


def test_a_file_that_exists_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project(tmp_path)
    (tmp_path / "conftest.py").write_text("mine = 1\n")
    _, said = init(str(tmp_path), "--yes", capsys=capsys)
    assert "conftest.py exists and is not changed" in said
    assert (tmp_path / "conftest.py").read_text() == "mine = 1\n"
    assert (tmp_path / "tests" / "test_offline.py").is_file()
    _, said = init(str(tmp_path), "--yes", capsys=capsys)
    assert "nothing to write" in said


@pytest.mark.parametrize(
    ("ci", "file"), [("github", ".github/workflows/bot.yml"), ("gitlab", ".gitlab-ci.yml"), ("none", None)]
)
def test_the_file_for_ci_runs_tests_and_verdict(
    ci: str, file: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project(tmp_path, "server") / "requirements.txt").write_text("pipecat-ai\n")
    init(str(tmp_path), "--yes", "--ci", ci, capsys=capsys)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.y*ml")}
    assert written == ({file} if file else set())
    if file:
        text = (tmp_path / file).read_text()
        assert yaml.safe_load(text)
        for command in (
            "pip install -r requirements.txt",
            "pytest",
            "ninelives verdict server/bot.py:run_bot",
        ):
            assert command in text


@pytest.mark.parametrize(
    ("files", "arguments", "said"),
    [
        ({}, [], "no bot was found"),
        ({"a.py": BOT, "b.py": BOT}, [], "2 bots in .*a.py:run_bot, b.py:run_bot.*--bot"),
        ({"a.py": BOT}, ["--bot", "c.py"], "not a Python file"),
        ({"a.py": BOT}, ["--bot", "a.py:talk"], "a.py has run_bot"),
        ({"a.py": BOT}, ["--ci", "jenkins"], "expected one of github, gitlab, none"),
        ({"a.py": "def broken(:"}, [], "no bot was found"),
    ],
)
def test_what_it_cannot_use_is_one_line(
    files: dict[str, str], arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    code, errors = init(str(tmp_path), "--yes", *arguments, capsys=capsys)
    assert code == 2
    assert len(errors.splitlines()) == 1
    assert re.search(said, errors)
    assert {path.name for path in tmp_path.iterdir()} == set(files)


@pytest.mark.parametrize("spoilt", ["conftest.py", ".github", ".github/workflows"])
def test_it_writes_all_files_or_none(spoilt: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A link that leads nowhere, or a file where a folder has to be, is found only when it is written."""
    project(tmp_path)
    (tmp_path / spoilt).parent.mkdir(exist_ok=True)
    (tmp_path / spoilt).symlink_to("nowhere")
    before = sorted(tmp_path.rglob("*"))
    code, said = init(str(tmp_path), "--yes", capsys=capsys)
    assert code == 2
    assert re.search(r"ninelives: .* cannot be written \(.*\), so nothing was; make", said)
    assert sorted(tmp_path.rglob("*")) == before
