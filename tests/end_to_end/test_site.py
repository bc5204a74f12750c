"""The documentation site: built offline, without a warning, and it needs nothing from elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.effort import HANG

DOCS = Path(__file__).parents[2] / "docs"

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"]
    done = subprocess.run(
        [*command, "--doctree-dir", str(out / "trees"), str(DOCS), str(out / "html")],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out / "html"


def test_every_page_of_docs_is_on_it(site: Path) -> None:
    index = (site / "index.html").read_text("utf-8")
    for page in DOCS.glob("*.md"):
        assert f'href="{page.stem}.html"' in index or page.stem == "index", page.name


def test_it_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = re.compile(r'<(?:script|img|link|iframe)[^>]+(?:src|href)="(https?:[^"]+)"')
    for page in site.rglob("*.html"):
        assert loaded.findall(page.read_text("utf-8")) == [], page.name


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("ninelives", ["ninelives verdict", "--max-dead-air", "ninelives schema"]),
        ("mock-openai", ["mock-openai serve", "--strict"]),
        ("pytest", ["openai_server", "voice_call", "--cassette-mode", "ninelives_strict"]),
        ("faults", ["half_open", "retry_after"]),
        ("promises", ["I10", "silence"]),
        ("api-mock_openai", ["MockServer", "Script"]),
        ("api-pipecat_responses", ["OpenAIResponsesLLMService"]),
        ("api-ninelives", ["VoiceCall", "cut_in"]),
        ("start", ["A test in 15 lines"]),
    ],
)
def test_the_reference_is_made_from_the_code(site: Path, page: str, words: list[str]) -> None:
    text = re.sub(r"<[^>]+>", "", (site / "pages" / f"{page}.html").read_text("utf-8"))
    for word in words:
        assert word in text


def test_the_schemas_are_where_their_ids_say(site: Path) -> None:
    for file in (site / "schemas").glob("*.json"):
        assert json.loads(file.read_text("utf-8"))["$id"].endswith(f"/schemas/{file.name}")
