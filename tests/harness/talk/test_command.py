"""`ninelives talk` as people run it: lines from a pipe, and a terminal with keys."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import ninelives.cli
import pytest

from tests.effort import HANG
from tests.terminal import run_here

BOT = """
    import sys
    from pipecat.pipeline.pipeline import Pipeline
    from pipecat.pipeline.worker import PipelineWorker
    from pipecat.processors.aggregators.llm_context import LLMContext
    from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
    from pipecat.workers.runner import WorkerRunner
    from pipecat_responses import OpenAIResponsesLLMService

    async def run_bot(transport, runner_args):
        print("noise of the bot", sys.stdin.readline())
        pair = LLMContextAggregatorPair(LLMContext())
        parts = [transport.input(), pair.user(), OpenAIResponsesLLMService(), transport.output()]
        parts.append(pair.assistant())
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(PipelineWorker(Pipeline(parts)))
        await runner.run()
"""
SCRIPT = """
- when: {user: clouds}
  reply: "\\e[31mOne. Two. Three. Four. Five. Six. Seven. Eight. Nine. Ten. Eleven. Twelve."
- when: {user: Thank}
  reply: You are welcome.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bot.py").write_text(textwrap.dedent(BOT))
    (tmp_path / "replies.yaml").write_text(SCRIPT)
    return tmp_path


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ninelives", "talk", *arguments]


def piped(folder: Path, typed: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        input=typed,
        capture_output=True,
        text=True,
        timeout=HANG,
        env={**os.environ, **environment},
    )


def test_lines_from_a_pipe_are_said_one_after_another(folder: Path) -> None:
    opened = folder / "opened"
    browser = folder / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    done = piped(
        folder,
        "Tell me about clouds.\n/wait 0.8\n/reset\nThank you.\n",
        *(
            "bot.py:run_bot",
            "--script",
            "replies.yaml",
            "--pace",
            "fixed:0.1",
            "--html",
            "talk.html",
            "--browser",
        ),
        BROWSER=str(browser),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    page = lines[0].removeprefix("live page: ")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/__mock__/", page)
    assert opened.read_text() == f"{page}\n"
    said = [line.split(maxsplit=3)[3] for line in lines if line[11:].startswith(("user", "bot", "fault"))]
    assert said.index("Tell me about clouds.") < said.index("reset on connection 1") < said.index("Twelve.")
    assert said.index("Twelve.") < said.index("Thank you.") < said.index("You are welcome.")
    assert "2 turns, 2 connections, 1 fault; first word" in done.stdout
    assert "every promise that applies was kept" in done.stdout
    assert "noise of the bot" not in done.stdout  # nor has it taken a line that was typed
    assert "␛" in done.stdout  # the reset may part it from the rest
    assert "\x1b" not in done.stdout
    assert "You are welcome." in (folder / "talk.html").read_text("utf-8")


@pytest.mark.thorough
def test_a_line_that_cannot_be_read_is_exit_code_2(folder: Path) -> None:
    done = piped(folder, "Thank you.\n/rest\n", "bot.py", "--script", "replies.yaml", "--pace", "instant")
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("ninelives: line 2: there is no command /rest; there are /reset, /close")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bat.py"], "ninelives: bat.py cannot be read (no such file)"),
        (["bot.py", "--script", "none.yaml"], "ninelives: none.yaml"),
        (["bot.py", "--faults", "replies.yaml"], "ninelives: replies.yaml"),
        (["bot.py", "--cassette", "none.jsonl"], "ninelives: none.jsonl"),
        (["bot.py", "--pace", "slow"], "ninelives: --pace: "),
        (["bot.py", "--port", "70000"], "ninelives: Invalid value for '--port'"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(folder: Path, arguments: list[str], said: str) -> None:
    done = run_here(ninelives.cli.main, ["talk", *arguments], columns=100, cwd=folder)
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1


PATIENTLY = f"""
from mock_openai import interruption
from ninelives.cli import main
interruption.LIMIT = {HANG}
main()
"""
"""The command, on a machine of any speed."""


class Terminal:
    """Somebody at a terminal."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._mine, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self._theirs = theirs
        self.process = subprocess.Popen(
            [sys.executable, "-c", PATIENTLY, "talk", *arguments],
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm"},
        )
        self.after: list[object] = []
        self.seen = ""
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        while True:
            try:
                part = os.read(self._mine, 65536)
            except OSError:  # nobody holds the other side any more
                return
            if b"\x1b[6n" in part:  # asked where the cursor is
                os.write(self._mine, b"\x1b[1;1R")
            with self._more:
                self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", decode(part))
                self._more.notify()

    def until(self, words: str) -> None:
        """Wait until these words are on the screen."""
        with self._more:
            assert self._more.wait_for(lambda: words in self.seen, HANG), self.seen

    def type(self, keys: str) -> None:
        os.write(self._mine, keys.encode())

    def ended(self) -> int:
        code = self.process.wait(HANG)
        self.after = termios.tcgetattr(self._theirs)
        self.close()
        return code

    def close(self) -> None:
        if self._reader.is_alive():
            self.process.kill()
            self.process.wait(HANG)
            os.close(self._theirs)
            self._reader.join(HANG)
            os.close(self._mine)


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    terminal = Terminal(folder, "bot.py", "--script", "replies.yaml", "--pace", "fixed:0.1")
    with contextlib.closing(terminal):
        terminal.until("the bot is ready")
        terminal.until("F2 reset")
        yield terminal


F2 = "\x1bOQ"
CTRL_C, CTRL_D = "\x03", "\x04"


@pytest.mark.thorough
def test_a_key_breaks_the_line_at_that_moment(terminal: Terminal) -> None:
    terminal.type("Tell me about clouds.\r")
    terminal.until("Two.")
    terminal.type(F2)
    terminal.until("reset on connection 1")
    terminal.until("Twelve.")
    terminal.type("/close soon\r")
    terminal.until("/close: a close code is a number such as 1011")
    terminal.type(CTRL_D)
    assert terminal.ended() == 0
    assert "1 turn, 2 connections, 1 fault" in terminal.seen
    assert terminal.seen.index("Two.") < terminal.seen.index("reset on connection 1")
    assert terminal.seen.index("reset on connection 1") < terminal.seen.index("Twelve.")
    assert terminal.after == terminal.before


@pytest.mark.thorough
@pytest.mark.parametrize("how", ["ctrl-c", "SIGINT", "SIGTERM"])
def test_it_can_be_left_in_mid_sentence(terminal: Terminal, how: str) -> None:
    terminal.type("Tell me about clouds.\r")
    terminal.until("Two.")
    if how == "ctrl-c":
        terminal.type(CTRL_C)
    else:
        terminal.process.send_signal(signal.Signals[how])
    assert terminal.ended() == (143 if how == "SIGTERM" else 130)
    assert "1 turn, 1 connection; nobody had to wait" in terminal.seen
    assert "you left in turn 1, which is not judged" in terminal.seen
    assert "✗" not in terminal.seen
    assert "Traceback" not in terminal.seen
    assert terminal.after == terminal.before
