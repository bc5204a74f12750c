"""What a user gets from `pip install ninelives`: the wheel's packages, markers, commands and metadata."""

from __future__ import annotations

import email
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.effort import HANG

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_three_typed_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    tops = {name.split("/")[0] for name in names}
    assert tops == {"ninelives", "mock_openai", "pipecat_responses", "ninelives-0.1.0.dist-info"}
    for package in ("ninelives", "mock_openai", "pipecat_responses"):
        assert f"{package}/py.typed" in names
        sources = {
            path.relative_to(root).as_posix()
            for root in (ROOT / "harness", ROOT / "mock_server", ROOT / "services")
            for path in (root / package).rglob("*.py")
        }
        assert sources <= names


def test_the_wheel_installs_both_commands_the_plugin_and_the_cassette_responder(
    wheel: zipfile.ZipFile,
) -> None:
    entries = wheel.read("ninelives-0.1.0.dist-info/entry_points.txt").decode()
    for line in (
        "ninelives = ninelives.__main__:main",
        "mock-openai = mock_openai.__main__:main",
        "ninelives = ninelives.plugin",
        "cassette = ninelives.player:open_player",
    ):
        assert line in entries


def test_the_base_install_needs_no_pipecat_and_the_extras_are_named(wheel: zipfile.ZipFile) -> None:
    metadata = email.message_from_bytes(wheel.read("ninelives-0.1.0.dist-info/METADATA"))
    assert set(metadata.get_all("Provides-Extra", [])) == {
        "pipecat",
        "redis",
        "dask",
        "tls",
        "watch",
        "phones",
    }
    base = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert not [
        line
        for line in base
        if line.startswith(("pipecat", "openai", "websockets", "redis", "trustme", "watchfiles"))
    ]
    assert metadata["License-Expression"] == "MIT"


def test_every_pinned_version_satisfies_what_the_project_asks_for() -> None:
    """constraints.txt is the lock: every direct dependency stands in it, once for this Python."""
    from packaging.requirements import Requirement

    pinned: dict[str, str] = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            (pin,) = requirement.specifier
            pinned[requirement.name.lower().replace("_", "-")] = pin.version
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [
        *project["project"]["dependencies"],
        *(line for extra in project["project"]["optional-dependencies"].values() for line in extra),
        *project["dependency-groups"]["dev"],
    ]
    for line in asked:
        requirement = Requirement(line)
        name = requirement.name.lower().replace("_", "-")
        assert name in pinned, f"{name} is not in constraints.txt: run `make lock`"
        assert requirement.specifier.contains(pinned[name], prereleases=True), line
