"""The findings as JSON: any text that a model may say can be written, and read again."""

from __future__ import annotations

import io
import json
from pathlib import Path

from ninelives.commands.reports import Reports
from rich.console import Console


def test_half_a_surrogate_pair_is_written(tmp_path: Path) -> None:
    found = {"heard": ["Caf\u00e9 \ud83d"]}
    out = tmp_path / "found.json"
    Reports(json=out).findings(Console(file=io.StringIO()), lambda: found)
    assert json.loads(out.read_text("utf-8")) == found
