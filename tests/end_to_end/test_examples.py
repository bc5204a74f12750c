"""The examples run as they stand, the way a reader would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.effort import HANG

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_examples_pass_and_their_snapshots_match() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLES)],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
        cwd=EXAMPLES.parent,
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")},
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 snapshot passed" in ran.stdout
