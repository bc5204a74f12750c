"""What PyPI shows and pip makes of it."""

from __future__ import annotations

import email
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from .conftest import Newcomer

TOGETHER = (
    "anthropic",
    "assemblyai",
    "aws",
    "azure",
    "cartesia",
    "cli",
    "daily",
    "deepgram",
    "elevenlabs",
    "evals",
    "google",
    "groq",
    "livekit",
    "local",
    "local-smart-turn",
    "openai",
    "redis",
    "runner",
    "silero",
    "tracing",
    "webrtc",
    "websocket",
    "whisper",
)
"""Extras of pipecat-ai that bots use most, which can be installed all together."""

ALONE = ("nvidia", "langchain", "mcp", "mem0", "strands")
"""Others, which ask for other versions than those."""


def test_the_environment_is_consistent(newcomer: Newcomer, bare: Path, tmp_path: Path) -> None:
    assert "No broken requirements found" in newcomer.types("pip check")
    assert "No broken requirements found" in Newcomer(tmp_path, bare).types("pip check")


@pytest.mark.parametrize("extras", [",".join(TOGETHER), *ALONE])
def test_it_installs_beside_the_extras_of_pipecat(
    dist: Path, checkers: Path, installed: Path, tmp_path: Path, extras: str
) -> None:
    (wheel,) = dist.glob("*.whl")
    ours = f"ninelives[pipecat,redis,tls] @ {wheel.as_uri()}"
    # uv, because pip needs many minutes to resolve so many.
    dry_run = f"uv pip install --dry-run --quiet --python {installed}/python"
    Newcomer(tmp_path, checkers).types(f"{dry_run} '{ours}' 'pipecat-ai[{extras}]'")


def test_the_mock_server_and_the_plugin_work_without_pipecat(bare: Path, tmp_path: Path) -> None:
    newcomer = Newcomer(tmp_path, bare)
    newcomer.write(
        "test_it.py",
        "import json, urllib.request\n\n"
        "def test_it(openai_server):\n"
        "    body = json.dumps({'model': 'gpt-4.1', 'input': 'hi'}).encode()\n"
        "    head = {'Content-Type': 'application/json', 'Authorization': 'Bearer any'}\n"
        "    asked = urllib.request.Request(openai_server.base_url + '/responses', body, head)\n"
        "    assert json.load(urllib.request.urlopen(asked))['status'] == 'completed'\n",
    )
    assert "1 passed" in newcomer.types("pytest")
    newcomer.types("ninelives doctor")
    said = newcomer.types("ninelives demo", exit_code=2)
    assert "pip install 'ninelives[pipecat]'" in said


def test_twine_finds_nothing(dist: Path, checkers: Path, tmp_path: Path) -> None:
    said = Newcomer(tmp_path, checkers).types(f"twine check --strict {dist}/*")
    assert said.count("PASSED") == 2


def test_the_page_on_pypi_leads_somewhere(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        metadata = email.message_from_bytes(archive.read(name))
    page = str(metadata.get_payload())
    targets = re.findall(r"\]\(([^)]+)\)", page)
    assert len(targets) > 10
    assert [target for target in targets if not target.startswith(("https://", "#"))] == []
    assert [target for target in targets if "docs/images" in target and "raw." not in target] == []
    urls = dict(line.split(", ", 1) for line in metadata.get_all("Project-URL", []))
    assert {"Homepage", "Documentation", "Changelog", "Issues"} <= urls.keys()


def test_the_source_distribution_brings_the_docs(dist: Path) -> None:
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as held:
        names = {name.partition("/")[2] for name in held.getnames()}
    for path in (
        "docs/understand/design.md",
        "docs/images/timeline.png",
        "examples/test_weather_bot.py",
        "CONTRIBUTING.md",
    ):
        assert path in names
