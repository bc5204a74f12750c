"""A command line run inside this process: what it prints and its exit code, without the second that a new
process takes to import everything.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest


def run_here(
    command: Callable[[list[str]], int], arguments: Sequence[str], *, columns: int, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command's function with these arguments, on a terminal so many columns wide that is none."""
    out, errors = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(errors),
    ):
        patch.setenv("COLUMNS", str(columns))
        patch.chdir(cwd or os.getcwd())
        try:
            code = command(list(arguments))
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return subprocess.CompletedProcess(list(arguments), code, out.getvalue(), errors.getvalue())
