"""The examples run as they stand, the way a reader would run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.effort import HANG
from tests.repository import files

EXAMPLES = Path(__file__).parents[2] / "examples"
NODE = EXAMPLES / "node"


def ran(*command: str, cwd: Path = EXAMPLES, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    # Twice the usual guard: a whole verdict took longer than that beside ten other programs.
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=2 * HANG,
        check=False,
        cwd=cwd,
        env=environment | more,
    )


def passed(*paths: str) -> str:
    done = ran(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ninelives(*arguments: str, cwd: Path) -> str:
    done = ran(sys.executable, "-m", "ninelives", *arguments, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.thorough
def test_the_smallest_pass_and_their_snapshots_match() -> None:
    said = passed("test_weather_bot.py", "openai_python")
    assert "1 snapshot passed" in said
    assert "4 passed" in said


@pytest.mark.thorough
@pytest.mark.parametrize("folder", ["restaurant/test_restaurant.py", "one_import", "incident"])
def test_the_bots_pass(folder: str) -> None:
    assert re.search(r"\d passed", passed(folder))


@pytest.mark.thorough
def test_the_restaurant_survives_every_disaster() -> None:
    said = ninelives("verdict", "restaurant_bot.py", cwd=EXAMPLES / "restaurant")
    assert "every promise was kept" in said


@pytest.mark.thorough
def test_the_eval_passes_calm_and_broken() -> None:
    said = ninelives(
        *("eval", "hours.yaml", "--bot", "hours_bot.py", "--script", "script/replies.yaml"),
        *("--faults", "reset_in_mid_sentence"),
        cwd=EXAMPLES / "evals",
    )
    assert "Every eval passed and every promise was kept in 2 runs." in said


@pytest.fixture
def server() -> Iterator[str]:
    """The server that the Node examples share; gives its address."""
    command = [sys.executable, "-m", "mock_openai", "serve", "--port", "0", "--script", "replies.yaml"]
    process = subprocess.Popen(
        command, cwd=NODE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        address = next(m[0] for line in process.stdout if (m := re.search(r"http://\S+/v1", line)))
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=HANG)


@pytest.mark.thorough
@pytest.mark.skipif(shutil.which("npm") is None, reason="node and npm are not installed")
@pytest.mark.skipif(
    not (NODE / "node_modules" / "vitest").exists(),
    reason="openai and vitest are not installed: `make clients` does it, with npm",
)
def test_node_and_vitest_pass_against_one_server(server: str) -> None:
    given = {"OPENAI_BASE_URL": server, "OPENAI_API_KEY": "any", "NO_COLOR": "1"}
    node = ran("npm", "test", cwd=NODE, **given)
    assert node.returncode == 0, node.stdout + node.stderr
    assert re.search(r"pass 3\b", node.stdout)
    vitest = ran("npm", "run", "vitest", cwd=NODE, **given)
    assert vitest.returncode == 0, vitest.stdout + vitest.stderr
    assert re.search(r"Tests\s+3 passed", vitest.stdout)


def test_the_table_of_contents_names_every_file() -> None:
    text = (EXAMPLES / "README.md").read_text("utf-8")
    found = [path.relative_to("examples").as_posix() for path in files("examples")]
    linked = set(re.findall(r"\]\(([^)#:]+)\)", text))
    assert [link for link in linked if not (EXAMPLES / link).exists()] == []
    listed = {each for each in found for link in linked if each == link or each.startswith(f"{link}/")}
    assert [each for each in found if each not in listed and not each.startswith("__snap")] == ["README.md"]
