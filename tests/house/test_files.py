"""What is committed was written here: no packages, no archives, nothing that a tool left behind."""

from tests.repository import ROOT, files

LARGEST = 256 * 1024
"""Bytes; the largest picture of the documentation has half of that."""
MADE_BY_TOOLS = {".whl", ".gz", ".zip", ".tgz", ".tar", ".so", ".pyc", ".log", ".orig", ".rej"}


def test_no_package_archive_or_left_over_is_committed() -> None:
    assert [str(each) for each in files() if each.suffix in MADE_BY_TOOLS] == []


def test_no_file_is_larger_than_a_picture() -> None:
    assert [str(each) for each in files() if (ROOT / each).stat().st_size > LARGEST] == []
