"""A command that is told to end while it still imports ends without a word."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.effort import HANG

TOLD_AT_AN_IMPORT = """
import os, sys
from importlib import import_module

package, module, number = sys.argv[1:]
sys.argv[1:] = ["--help"]

class Tell:
    def find_spec(self, name, *_):
        if name == module:
            os.kill(os.getpid(), int(number))

sys.meta_path.insert(0, Tell())
import_module(f"{package}.__main__").main()
"""


@pytest.mark.parametrize("package", ["ninelives", "mock_openai"])
@pytest.mark.parametrize("module", ["mock_openai.interruption", "threading", "typer", "mock_openai.visible"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_may_come_during_an_import(package: str, module: str, number: signal.Signals) -> None:
    command = [sys.executable, "-c", TOLD_AT_AN_IMPORT, package, module, str(int(number))]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=HANG)
    assert ran.returncode in (-number, 128 + number)
    assert ran.stdout + ran.stderr == ""


def test_little_is_imported_before_ctrl_c_is_quiet() -> None:
    code = """
import sys
before = set(sys.modules)
import ninelives.__main__, mock_openai.__main__
print(*sorted(set(sys.modules) - before))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=HANG)
    ours = {"ninelives", "ninelives.lazy", "ninelives.__main__"}
    ours |= {"mock_openai", "mock_openai.starting", "mock_openai.__main__"}
    assert {each for each in set(ran.stdout.split()) - ours if not each.startswith("importlib")} <= {
        "__future__",
        "warnings",
    }
