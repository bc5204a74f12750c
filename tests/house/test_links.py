"""Links between files of the repository lead somewhere, for a reader on GitHub too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.repository import ROOT, files


def pages() -> list[Path]:
    return [ROOT / name for name in files("*.md")]


def dead(page: Path) -> Iterator[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
            yield f"{page.relative_to(ROOT)}: {target}"


def test_no_link_is_dead() -> None:
    found = pages()
    assert ROOT / "README.md" in found
    assert [link for page in found for link in dead(page)] == []


def test_no_link_needs_a_page_that_only_the_site_has() -> None:
    generated = [page for page in pages() if re.search(r"\]\((\.\./)?pages/", page.read_text("utf-8"))]
    assert generated == []
