"""The shell completes what the command line knows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.effort import HANG

COMMAND = [sys.executable, "-m", "ninelives"]


def test_completion_is_installed_and_knows_the_options(tmp_path: Path) -> None:
    env = {**os.environ, "HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}

    def run(*arguments: str, **asked: str) -> str:
        done = subprocess.run(
            [*COMMAND, *arguments], capture_output=True, text=True, timeout=HANG, env={**env, **asked}
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    run("--install-completion", "bash")
    assert "ninelives" in (tmp_path / ".bashrc").read_text()
    words = {"_NINELIVES_COMPLETE": "complete_bash", "COMP_WORDS": "ninelives replay --re", "COMP_CWORD": "2"}
    assert run(**words).split() == ["--repeat"]
