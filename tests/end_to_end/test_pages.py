"""What the pages of the docs show runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"

pytest_plugins = ["pytester"]


def python_of(page: str) -> list[str]:
    """The Python of a page, block by block."""
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


def test_the_page_on_virtual_time(pytester: pytest.Pytester) -> None:
    test, program = python_of("virtual-time.md")
    pytester.makepyfile(test_page=test)
    pytester.makeini("[pytest]\nasyncio_mode = auto\n")
    pytester.runpytest_subprocess("-p", "no:randomly", "-q").assert_outcomes(passed=1)
    assert pytester.runpython(pytester.makepyfile(program=program)).ret == 0
