"""Files that are no recordings: a line without end, a file that cannot be read."""

from __future__ import annotations

from pathlib import Path

import ninelives.cassette.reader as reader
import pytest
from ninelives.cassette.errors import CassetteError


def test_a_line_without_end_is_read_up_to_a_bound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reader, "LONGEST_LINE", 2**20)
    with pytest.raises(CassetteError, match="longer than 1 MiB"):
        list(reader.stream("/dev/zero"))
    path = tmp_path / "c.jsonl"
    path.write_bytes(b'{"ninelives":1,"recorded":"2026-11-24T09:00:00Z","upstream":"x"}\n' + b"x" * 2**21)
    with pytest.raises(CassetteError, match=r"c.jsonl:2: .*longer than 1 MiB"):
        list(reader.stream(path))


def test_a_file_that_cannot_be_read_is_one_error() -> None:
    path = Path("/proc/self/mem")
    if not path.exists():
        pytest.skip("this system has no file that opens and cannot be read")
    with pytest.raises(CassetteError):
        list(reader.stream(path))
