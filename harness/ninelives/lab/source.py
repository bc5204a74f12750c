"""Finds the lines in the user's own files that use a class, and rewrites them for another class."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ninelives.bot.own_code import is_own, shown, syntax_of


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file."""

    path: Path
    number: int
    text: str

    @property
    def place(self) -> str:
        """Return the line as `bot.py:14`."""
        return f"{shown(self.path)}:{self.number}"


@dataclass(frozen=True, slots=True)
class Made:
    """A call that makes an object of a class."""

    line: Line
    given: dict[str, Line]
    """The keyword arguments, each with its line."""
    in_a_function: bool
    """False if the object is made when the module is imported."""


def constructions_of(kind: type, near: Path | None) -> list[Made]:
    """Return the calls in the user's own modules that instantiate a class: in the file `near`, else beside
    it, else in any.
    """
    return next(
        (found for files in _own_files(near) if (found := _all_constructions(files, kind.__name__))), []
    )


def _all_constructions(files: list[Path], name: str) -> list[Made]:
    return [made for path in files for made in _constructions(path, name)]


def imports(path: Path, module: str) -> bool:
    """Whether a file has an `import` of a whole module."""
    return any(
        isinstance(node, ast.Import)
        and any(alias.name == module and not alias.asname for alias in node.names)
        for node in ast.walk(_parsed(path)[0])
    )


def mentions_of(kind: type) -> list[Line]:
    """Return the lines of the user's own modules that name a class in a string, as configurations do."""
    return [
        Line(path, node.lineno, lines[node.lineno - 1].strip())
        for files in _own_files()
        for path in files
        for tree, lines in [_parsed(path)]
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.endswith(f".{kind.__name__}")
    ]


def replaced(kind: type, near: Path | None, new_import: str, new_name: str) -> list[Line]:
    """Return the lines that must change to replace a class by another, as they must read then.

    They are in the file where the class is made; `new_import` replaces the import of the old class.
    """
    files = {made.line.path for made in constructions_of(kind, near)}
    return [line for path in sorted(files) for line in _replaced(path, kind.__name__, new_import, new_name)]


def _own_files(near: Path | None = None) -> Iterator[list[Path]]:
    """Yield the user's own loaded modules: the given file's first, then those beside it, then all."""
    names = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    files = sorted(Path(each) for each in names if each and each.endswith(".py") and is_own(each))
    if near is not None:
        yield [path for path in files if path.resolve() == near]
        yield [path for path in files if path.resolve().is_relative_to(near.parent)]
    yield files


@lru_cache(maxsize=64)
def _parsed(path: Path) -> tuple[ast.Module, list[str]]:
    try:
        text = path.read_text(encoding="utf-8")
        return syntax_of(text), text.splitlines()
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], []), []


def _names(tree: ast.Module, name: str) -> set[str]:
    """Return a file's names for a class: its own name, and its import aliases."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    aliases = (alias for node in imports for alias in node.names if alias.name == name)
    return {name} | {alias.asname for alias in aliases if alias.asname}


def _constructions(path: Path, name: str) -> Iterator[Made]:
    tree, lines = _parsed(path)
    names = _names(tree, name)

    def line(number: int) -> Line:
        return Line(path, number, lines[number - 1].strip())

    def visit(node: ast.AST, inside: bool) -> Iterator[Made]:
        if isinstance(node, ast.Call) and _name_of(node.func) in names:
            given = {each.arg: line(each.value.lineno) for each in node.keywords if each.arg}
            yield Made(line(node.lineno), given, inside)
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    yield from visit(tree, False)


def _replaced(path: Path, name: str, new_import: str, new_name: str) -> Iterator[Line]:
    tree, lines = _parsed(path)
    numbers: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            alone = len(node.names) == 1
            alias = next((each.asname for each in node.names if each.name == name), None)
            whole = new_import + (f" as {alias}" if alias else "")
            numbers[node.lineno] = whole if alone else f"{whole}  # and {name} no longer here"
        elif isinstance(node, ast.Name | ast.Attribute) and _name_of(node) == name:
            text = re.sub(rf"\b{name}\b", new_name, lines[node.lineno - 1].strip())
            numbers.setdefault(node.lineno, text)
    yield from (Line(path, number, text) for number, text in sorted(numbers.items()))


def _name_of(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None
