"""docs/start/node.md, followed from top to bottom with the Node client that `make clients` installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.effort import HANG
from tests.pages import script, unlike

MODULES = Path(__file__).parent / "openai_node" / "node_modules"
PAGE = "start/node.md"


@pytest.mark.thorough
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.skipif(
    not (MODULES / "openai").exists(),
    reason="the Node client is not installed: `make clients` does it, with npm",
)
def test_the_start_page_for_node_from_top_to_bottom(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(MODULES)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script(PAGE)],
        cwd=tmp_path, env={"PATH": path, "HOME": str(tmp_path)}, text=True, timeout=HANG, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert unlike(PAGE, done.stdout) == []
