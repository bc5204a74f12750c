"""The files of this repository, as git knows them: what is committed, and what would be."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.effort import HANG

ROOT = Path(__file__).parents[1]


def files(pattern: str = ".") -> list[Path]:
    """Return the files that match a pattern of git, relative to ROOT.

    The test is skipped in a tree that came without git, such as an archive of the sources.
    """
    if not (ROOT / ".git").exists():
        pytest.skip("this tree is no git checkout, so nothing says which files are its own")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", pattern],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=HANG,
    )
    return [Path(name) for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
