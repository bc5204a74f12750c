"""Nothing is committed with the marks that git leaves where two changes met."""

from __future__ import annotations

from tests.repository import ROOT, files

MARKS = ("<" * 7 + " ", ">" * 7 + " ")


def test_no_file_has_a_conflict_in_it() -> None:
    paths = files()
    assert len(paths) > 100
    left = [
        f"{path}:{number}"
        for path in paths
        for number, line in enumerate((ROOT / path).read_text("utf-8", errors="replace").splitlines(), 1)
        if line.startswith(MARKS)
    ]
    assert left == []
