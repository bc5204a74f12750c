"""The arrows between the rooms: who may import whom, and no circle inside a part."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.effort import HANG

ROOT = Path(__file__).parents[2]
PARTS = {
    "mock_openai": ROOT / "mock_server" / "mock_openai",
    "pipecat_responses": ROOT / "services" / "pipecat_responses",
    "ninelives": ROOT / "harness" / "ninelives",
}
FORBIDDEN = {
    "mock_openai": {"pipecat", "openai", "websockets", "pipecat_responses", "ninelives", "pytest"},
    "pipecat_responses": {"mock_openai", "ninelives", "aiohttp", "pytest"},
    "ninelives": set(),
}


def _modules(part: str) -> Iterator[tuple[str, Path]]:
    base = PARTS[part]
    for path in sorted(base.rglob("*.py")):
        dotted = ".".join((part, *path.relative_to(base).with_suffix("").parts))
        yield dotted.removesuffix(".__init__"), path


def _imports(path: Path, module: str, *, top_level_only: bool = False) -> set[str]:
    """Every module a file imports, as absolute dotted names; type-checking blocks do not count."""
    found: set[str] = set()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]

    def visit(nodes: list[ast.stmt]) -> None:
        for node in nodes:
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                    base = ".".join([*parents, base] if base else parents)
                found.add(base)
                found.update(f"{base}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                visit(node.orelse)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and top_level_only:
                continue
            else:
                for field in ("body", "orelse", "finalbody", "handlers"):
                    visit(getattr(node, field, []))

    visit(ast.parse(path.read_text(encoding="utf-8")).body)
    return found


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_imports_only_what_it_may_know(part: str) -> None:
    strays = [
        f"{module} imports {name}"
        for module, path in _modules(part)
        for name in sorted(_imports(path, module))
        if name.split(".")[0] in FORBIDDEN[part]
    ]
    assert not strays, "\n".join(strays)


@pytest.mark.parametrize("part", sorted(PARTS))
def test_no_part_has_a_circle_of_imports(part: str) -> None:
    modules = dict(_modules(part))
    # Importing a.b.c runs a and a.b first, but only what a file names is its own arrow.
    arrows = {
        name: {found for found in _imports(path, name, top_level_only=True) if found in modules} - {name}
        for name, path in modules.items()
    }
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name in done:
            return
        for target in sorted(arrows[name]):
            walk(target, (*trail, name))
        done.add(name)

    for name in modules:
        walk(name, ())


@pytest.mark.parametrize(
    ("package", "blocked"),
    [
        (
            "mock_openai",
            "pipecat openai websockets ninelives pipecat_responses pytest syrupy vcr redis trustme "
            "watchfiles",
        ),
        ("ninelives", "pipecat openai websockets pipecat_responses redis dask"),
        ("ninelives.plugin", "pipecat openai websockets pipecat_responses redis dask"),
        ("ninelives.cassette", "pipecat openai websockets pipecat_responses redis dask"),
        ("pipecat_responses", "mock_openai ninelives pytest syrupy vcr redis"),
    ],
)
def test_a_part_imports_alone(package: str, blocked: str) -> None:
    program = (
        "import sys\n"
        f"blocked = set({blocked!r}.split())\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in blocked:\n"
        "            raise ModuleNotFoundError(f'{name} is not installed here', name=name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
        f"import {package}\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 0, done.stderr
