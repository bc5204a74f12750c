"""The imports of the three parts, read from their source: for the house's tests and for its map."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = {
    "mock_openai": ROOT / "mock_server" / "mock_openai",
    "pipecat_responses": ROOT / "services" / "pipecat_responses",
    "ninelives": ROOT / "harness" / "ninelives",
}


def modules(part: str) -> Iterator[tuple[str, Path]]:
    """Yield every module of a part, by its dotted name, with its file."""
    base = PARTS[part]
    for path in sorted(base.rglob("*.py")):
        dotted = ".".join((part, *path.relative_to(base).with_suffix("").parts))
        yield dotted.removesuffix(".__init__"), path


def imports(path: Path, module: str, *, top_level_only: bool = False) -> set[str]:
    """Return every module a file imports, as absolute dotted names; type-checking blocks do not count."""
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
