"""The addresses of the JSON Schemas on the documentation's site, where editors find them."""

from __future__ import annotations

SITE = "https://ninelives-dev.github.io/ninelives/schemas"
"""The folder of the schemas on the documentation's site."""


def schema_address(kind: str) -> str:
    """Return the address of the schema of a kind of file, as its `$id` has it."""
    return f"{SITE}/{kind}.json"


def first_line(kind: str) -> str:
    """Return the first line of a YAML file by which editors with the YAML language server find its schema."""
    return f"# yaml-language-server: $schema={schema_address(kind)}\n"
