"""docs/reference/public-api.md names all that is public, and nothing that is not there."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
import typer
from mock_openai.cli import app as of_the_server
from mock_openai.control.operations import OPERATIONS
from ninelives.cli import app as of_the_harness

from docs.generated import fixtures, options_and_settings
from docs.house_imports import PARTS, ROOT

PAGE = (ROOT / "docs" / "reference" / "public-api.md").read_text("utf-8")
CHAPTERS = {chapter.partition("\n")[0]: chapter for chapter in re.split(r"^## ", PAGE, flags=re.M)}


def named(chapter: str, row: str | None = None) -> list[str]:
    """What a chapter, or the last column of one row of its table, has in backticks."""
    text = CHAPTERS[chapter]
    if row is not None:
        text = next(line for line in text.splitlines() if line.startswith(f"| {row} |")).split("|")[-2]
    return re.findall(r"`([^`]+)`", text)


PACKAGES = re.findall(r"^\| `([\w.]+)` \| [^|]+ \| ", CHAPTERS["Python"], re.M)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_names_of_a_package(package: str) -> None:
    assert named("Python", f"`{package}`") == sorted(importlib.import_module(package).__all__)


def packages() -> Iterator[str]:
    for part in PARTS:
        yield part
        found = pkgutil.walk_packages(importlib.import_module(part).__path__, f"{part}.")
        yield from (each.name for each in found if each.ispkg)


def test_every_package_with_names_is_public_or_said_not_to_be() -> None:
    with_names = {name for name in packages() if hasattr(importlib.import_module(name), "__all__")}
    said = CHAPTERS["What may change at any time"].partition("for the other rooms")[2]
    internal = set(re.findall(r"`([\w.]+)`", said))
    assert not internal & set(PACKAGES)
    assert with_names == internal | set(PACKAGES)


def test_fixtures_markers_options_and_settings() -> None:
    options, settings = options_and_settings()
    assert named("pytest", "fixtures") == sorted(name for name, _ in fixtures())
    assert named("pytest", "options") == sorted(names.split()[0] for names, _ in options)
    spelled = {name.replace("-", "_") for name, _ in settings}
    assert named("pytest", "settings") == sorted(spelled)


def test_markers(pytestconfig: pytest.Config) -> None:
    ours = {"thorough", "real_time"}  # of this repository
    others = {line.split(":")[0].split("(")[0] for line in pytestconfig.getini("markers")}
    assert set(named("pytest", "markers")) <= others - ours


@pytest.mark.parametrize(
    ("program", "app"), [("`ninelives`", of_the_harness), ("`mock-openai`", of_the_server)]
)
def test_commands(program: str, app: typer.Typer) -> None:
    assert named("Commands", program) == sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_addresses_of_the_control_api() -> None:
    told = CHAPTERS["The control API"].split("\n\n")[1]
    assert re.findall(r"`([^`]+)`", " ".join(told.split())) == [
        f"{one.method} {one.path}" for one in OPERATIONS
    ]


INSIDE = ("mock_openai.faults.", "ninelives.lab.triggers", "ninelives.lab.dialogue")
"""What only files of this repository import; two pages show such files."""


def shown() -> Iterator[tuple[str, str]]:
    """The Python that pages and examples show, with where it stands."""
    pages = [
        ROOT / "README.md",
        *(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts),
    ]
    for page in pages:
        for block in re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.S | re.M):
            yield page.name, block
    for path in (ROOT / "examples").rglob("*.py"):
        yield path.name, path.read_text("utf-8")


def test_pages_and_examples_import_only_what_is_public_or_show_a_file_of_ours() -> None:
    strays, looked_at = [], 0
    for where, source in shown():
        try:
            tree = ast.parse(source)
        except SyntaxError:  # a piece of a function
            tree = ast.parse(
                "async def piece():\n" + "".join(f"    {line}\n" for line in source.splitlines())
            )
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or (node.module or "").partition(".")[0] not in PARTS:
                continue
            looked_at += 1
            module = str(node.module)
            public = importlib.import_module(module).__all__ if module in PACKAGES else ()
            if not module.startswith(INSIDE):
                strays += [f"{where}: {module}.{each.name}" for each in node.names if each.name not in public]
    assert looked_at > 5
    assert strays == []
