"""The pages about the server are held to the code: it reads their examples and has what they name."""

import re
from pathlib import Path

from mock_openai import Script
from mock_openai.control.operations import OPERATIONS
from mock_openai.faults import loads
from mock_openai.protocol.behaviour import options

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str) -> list[str]:
    """The indented code of a page."""
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", (DOCS / page).read_text("utf-8"), re.M)
    return [re.sub(r"^    ", "", block, flags=re.M).strip("\n") for block in found]


def yaml_block(page: str, first: str) -> str:
    block = next(block for block in blocks(page) if block.startswith(first))
    return block.split("\n\n")[0]


def test_the_scripts_and_fault_plans_of_the_page_are_read_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "replies.yaml"
    path.write_text(yaml_block("reference/mock-server.md", "replies:"))
    Script.load(path)
    assert len(loads(yaml_block("reference/mock-server.md", "faults:"))) == 2


def test_the_page_names_every_operation_of_the_control_api() -> None:
    page = (DOCS / "reference/mock-server.md").read_text("utf-8")
    named = set(re.findall(r"`(?:GET|PUT|POST|DELETE) (/__mock__/[\w.]+)", page))
    assert named == {operation.path for operation in OPERATIONS}


def test_the_page_of_options_lists_every_option_with_its_values_default_and_status() -> None:
    page = (DOCS / "reference" / "options.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \| (.+) \|$", page, re.M)
    there = {name: (values, default, status) for name, values, default, status, why in rows if why}
    here = {
        option.name: (option.values, option.shown_default, option.status) for option in options().values()
    }
    assert there == here
    assert [row[0] for row in rows] == list(here), "in the order of the code"
