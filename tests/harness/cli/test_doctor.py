"""`ninelives doctor`: what works here, and what to do about what does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.effort import HANG


def doctor(**environment: str) -> subprocess.CompletedProcess[str]:
    here = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return subprocess.run(
        [sys.executable, "-m", "ninelives.cli", "doctor"],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
        env={**here, **environment},
    )


@pytest.mark.thorough
def test_where_everything_works_it_says_so() -> None:
    told = doctor(OPENAI_API_KEY="")

    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stderr == ""
    assert "Everything works" in told.stdout
    lines = told.stdout.splitlines()
    assert any("mock server" in line and "an hour of virtual time apart" in line for line in lines)
    assert not [line for line in lines if line.startswith("✗")]


@pytest.mark.thorough
def test_a_key_is_mentioned_and_never_shown() -> None:
    told = doctor(OPENAI_API_KEY="sk-proj-not-to-be-seen")

    assert "OPENAI_API_KEY" in told.stdout
    assert "not-to-be-seen" not in told.stdout + told.stderr


@pytest.mark.thorough
def test_a_proxy_in_the_way_of_loopback_is_pointed_out() -> None:
    told = doctor(http_proxy="http://proxy.example:3128", NO_PROXY="", no_proxy="")

    assert told.returncode == 0
    assert "NO_PROXY=127.0.0.1" in told.stdout
    spared = doctor(http_proxy="http://proxy.example:3128", NO_PROXY="", no_proxy="127.0.0.1")
    assert "NO_PROXY" not in spared.stdout


@pytest.mark.thorough
def test_a_package_that_is_too_old_is_something_to_mend(tmp_path: Path) -> None:
    for name, version in (("websockets", "14.2"), ("rich", "9.1")):
        info = tmp_path / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    told = doctor(PYTHONPATH=str(tmp_path))

    assert told.returncode == 1
    lines = told.stdout.splitlines()
    for name, version in (("websockets", "14.2"), ("rich", "9.1")):
        (at,) = [at for at, line in enumerate(lines) if line.startswith(f"✗ {name}")]
        assert f"{version} is installed; ninelives needs " in lines[at]
        assert f"pip install '{name}" in lines[at + 1]
