"""Prints the JSON Schema of a kind of file, for both command lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import typer


def print_schema(kind: str, schemas: Mapping[str, Callable[[], dict[str, Any]]]) -> None:
    """Print the schema of this kind of file. An unknown kind is reported in one line, with exit code 2."""
    if kind not in schemas:
        expected = ", ".join(schemas)
        raise typer.BadParameter(f"{kind!r} is not a file format with a schema; expected one of {expected}")
    typer.echo(json.dumps(schemas[kind](), indent=2))
