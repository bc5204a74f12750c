"""The values of a script or fault plan, each with its place in the file, so that an error can say where it is
and how to fix it.

YAML files and Python values become the same tree; `responders.grammar` reads rules from it, `faults.load`
reads fault plans.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from mock_openai.yaml_reader import TooMuch, compose

_KINDS = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "nothing",
}


class ScriptError(Exception):
    """A script that cannot be used, in one line: where, what was found, what was expected and how
    to fix it. Secrets that it quotes are replaced.
    """

    def __init__(self, file: str, line: int | None, found: str, expected: str, fix: str) -> None:
        from mock_openai.journal.redact import explanation  # heavy, and errors are rare

        self.file = file
        self.line = line
        self.found, self.expected, self.fix = map(explanation, (found, expected, fix))
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {self.found}; expected {self.expected}; {self.fix}")


@dataclass(frozen=True, slots=True)
class SourceValue:
    """A value and its place. `line` is counted from 1, and None for Python values."""

    value: Any
    file: str
    line: int | None

    def error(self, found: str, expected: str, fix: str) -> ScriptError:
        """Return the error for this place."""
        return ScriptError(self.file, self.line, found, expected, fix)

    def wrong(self, expected: str, fix: str) -> ScriptError:
        """Return the error that names the kind of value found here."""
        return self.error(f"found {describe(self.value)}", expected, fix)

    def plain(self) -> Any:
        """Return the value without its places."""
        match self.value:
            case dict():
                return {name: source.plain() for name, source in self.value.items()}
            case list():
                return [source.plain() for source in self.value]
            case value:
                return value

    def mapping(self, allowed: Iterable[str], what: str) -> dict[str, SourceValue]:
        """Read a mapping of known keys; `what` names it in errors."""
        keys = list(allowed)
        if not isinstance(self.value, dict):
            raise self.wrong(f"{what} as a mapping with the keys {', '.join(keys)}", "write key: value pairs")
        for name, source in self.value.items():
            if name not in keys:
                raise source.error(
                    f"found the key '{name}' in {what}",
                    f"one of {', '.join(keys)}",
                    suggestion(str(name), keys),
                )
        return self.value

    def text(self, what: str) -> str:
        """Read a text."""
        if not isinstance(self.value, str):
            raise self.wrong(f"{what} as text", f"put it in quotes: '{self.plain()}'")
        return self.value

    def whole(self, what: str, *, minimum: int = 0) -> int:
        """Read a whole number."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < minimum:
            raise self.wrong(
                f"{what} as a whole number from {minimum}", f"write for example {max(minimum, 1)}"
            )
        return self.value

    def flag(self, what: str) -> bool:
        """Read a truth value."""
        if not isinstance(self.value, bool):
            raise self.wrong(f"{what} as true or false", "write true or false without quotes")
        return self.value


def describe(value: object) -> str:
    """Return a short description of a value."""
    match value:
        case dict():
            return f"a mapping with the keys {', '.join(map(str, value))}" if value else "an empty mapping"
        case list():
            return f"a list of {len(value)}"
        case str():
            return f"the text '{value if len(value) <= 40 else value[:37] + '...'}'"
        case None:
            return "nothing"
        case _:
            return f"{_KINDS.get(type(value), type(value).__name__)} ({value})"


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return a suggestion of the known word that was probably meant."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"remove '{word}', or use one of these"


def from_python(value: object, *, file: str = "<script>") -> SourceValue:
    """Return the tree of a Python value."""
    match value:
        case Mapping():
            return SourceValue(
                {name: from_python(part, file=file) for name, part in value.items()}, file, None
            )
        case list() | tuple():
            return SourceValue([from_python(part, file=file) for part in value], file, None)
        case _:
            return SourceValue(value, file, None)


def from_yaml(text: str, *, file: str) -> SourceValue:
    """Return the tree of a YAML text. Raises ScriptError if it is not YAML, or larger than allowed."""
    try:
        loader, node = compose(text)
        return SourceValue(None, file, 1) if node is None else _tree(loader, node, file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        found = (error.problem or "something unreadable").replace("\n", " ")
        fix = "split the file" if isinstance(error, TooMuch) else "check indentation, quotes and colons here"
        what = "too much" if isinstance(error, TooMuch) else "text that is not YAML"
        raise ScriptError(file, line, f"found {what} ({found})", "YAML", fix) from None
    except yaml.YAMLError as error:
        found = str(error).split("\n")[0]
        raise ScriptError(
            file, None, f"found {found}", "YAML text in UTF-8", "save the file as plain text"
        ) from error


def _tree(loader: SafeConstructor, node: yaml.Node, file: str) -> SourceValue:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        found: dict[Any, SourceValue] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            place = key_node.start_mark.line + 1
            if isinstance(key, list | dict):
                raise ScriptError(
                    file, place, "found a list or mapping as a key", "a text", "write key: value"
                )
            if key in found:
                raise ScriptError(
                    file, place, f"found the key '{key}' twice", "every key once", "keep one of them"
                )
            inner = _tree(loader, value_node, file)
            # A key's own line says more than its value's, which may begin further down.
            found[key] = SourceValue(inner.value, file, place)
        return SourceValue(found, file, line)
    if isinstance(node, yaml.SequenceNode):
        return SourceValue([_tree(loader, part, file) for part in node.value], file, line)
    return SourceValue(loader.construct_object(node, deep=True), file, line)
