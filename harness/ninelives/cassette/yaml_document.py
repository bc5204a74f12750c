"""The YAML of other recorders as plain values.

Tags of Python and Ruby for plain data (texts, bytes, lists, mappings) are read as that data; every other
object is refused, and no code is ever run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from mock_openai.yaml_reader import compose

VALUES = 1_000_000
"""The most keys and values that a file may expand to, as `mock_openai.yaml_reader` counts them."""

_PYTHON = "tag:yaml.org,2002:python/"
_STRINGS = ("istr", "str", "upstr")
"""Classes of texts: multidict and aiohttp store header names in these."""


def parse(text: str) -> Any:
    """Return the content of a text. Raises yaml.YAMLError."""
    loader, root = compose(text, VALUES)
    if root is None:
        return None
    kind: Any = loader
    kind.yaml_constructors = {
        **kind.yaml_constructors,
        **{_PYTHON + name: _PLAIN[name] for name in _PLAIN},
        "!binary": kind.yaml_constructors["tag:yaml.org,2002:binary"],  # as Ruby writes it
        "!str": _text,
    }
    kind.yaml_multi_constructors = {
        **kind.yaml_multi_constructors,
        _PYTHON + "object": _python_object,
        "!ruby/": _ruby,
    }
    return kind.construct_document(root)


def _text(loader: Any, node: yaml.Node) -> Any:
    return loader.construct_scalar(node)


def _list(loader: Any, node: yaml.Node) -> Any:
    return loader.construct_sequence(node, deep=True)


def _bytes(loader: Any, node: yaml.Node) -> Any:
    return loader.construct_yaml_binary(node)


_PLAIN: dict[str, Callable[[Any, yaml.Node], Any]] = {
    "str": _text,
    "unicode": _text,
    "bytes": _bytes,
    "tuple": _list,
    "list": _list,
}


def _python_object(loader: Any, suffix: str, node: yaml.Node) -> Any:
    """Read `/new:CLASS` and `/apply:CLASS` of classes for text or bytes; refuse others."""
    name = suffix.partition(":")[2]
    given = _arguments(loader, node)
    if name.rpartition(".")[2] in _STRINGS:
        return str(given[0]) if given else ""
    if name in ("_io.BytesIO", "io.BytesIO") and given:
        return given[0]
    if name == "builtins.iter" and given:
        return _joined(given[0])
    raise yaml.constructor.ConstructorError(
        problem=f"an object of the Python class {name or suffix}, which is not plain data",
        problem_mark=node.start_mark,
    )


def _arguments(loader: Any, node: yaml.Node) -> list[Any]:
    if isinstance(node, yaml.ScalarNode):
        return [loader.construct_scalar(node)]
    if isinstance(node, yaml.SequenceNode):
        return list(loader.construct_sequence(node, deep=True))
    fields = loader.construct_mapping(node, deep=True)
    found = fields.get("args") or fields.get("state") or ()
    return list(found) if isinstance(found, list | tuple) else [found]


def _joined(parts: Any) -> Any:
    if isinstance(parts, list) and all(isinstance(part, str | bytes) for part in parts):
        return b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return parts


def _ruby(loader: Any, suffix: str, node: yaml.Node) -> Any:
    """Read Ruby's structs, hashes and texts as mappings and texts."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)
