"""Fault plans in YAML.

    faults:
      - at: {turn: 2, event: response.output_text.delta, nth: 3}
        do: reset
      - at: {connection: 2}
        do: {handshake_status: {status: 503, retry_after: 1}}
        times: 2

The keys are those of `faults.at(...)`. What does not fit is a PlanError that names the file, the line, what
was expected and how to mend it.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from mock_openai.faults.plan import Planned
from mock_openai.faults.point import Point
from mock_openai.faults.registry import create
from mock_openai.files import read_text
from mock_openai.yaml_reader import TooMuch, compose

_POINT_KEYS = tuple(field.name for field in fields(Point))
_EXAMPLE = "e.g. `- {at: {turn: 1}, do: reset}`"


class PlanError(ValueError):
    """A fault plan that cannot be read: one line, with file and line number."""


def load(path: str | Path) -> list[Planned]:
    """Read a fault plan from a YAML file."""
    source = Path(path)
    try:
        text = read_text(source)
    except OSError as error:
        raise PlanError(f"{source}: cannot read the fault plan: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise PlanError(f"{source}: the fault plan is not UTF-8 text; save it as UTF-8") from None
    return loads(text, name=str(source))


def loads(text: str, *, name: str = "<faults>") -> list[Planned]:
    """Read a fault plan from YAML (or JSON) text; `name` is what errors call it."""
    return _Reader(name).read(text)


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name

    def read(self, text: str) -> list[Planned]:
        try:
            self._loader, root = compose(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            problem = getattr(error, "problem", None) or "it cannot be parsed"
            if isinstance(error, TooMuch):
                raise PlanError(f"{self._name}:{line}: this plan has {problem}; write less into it") from None
            raise PlanError(
                f"{self._name}:{line}: this is not YAML: {problem}; check indentation and quotes"
            ) from None
        if root is None:
            return []
        entries = root
        if isinstance(root, yaml.MappingNode):
            sections = self._mapping(root, "the plan", ("faults",))
            if "faults" not in sections:
                raise self._error(root, f"expected a list under `faults:`, {_EXAMPLE}")
            entries = sections["faults"]
        if not isinstance(entries, yaml.SequenceNode):
            raise self._error(entries, f"expected a list of faults, {_EXAMPLE}")
        return [self._planned(node) for node in entries.value]

    def _planned(self, node: yaml.Node) -> Planned:
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, f"expected a fault with `at` and `do`, {_EXAMPLE}")
        keys = self._mapping(node, "a fault", ("at", "do", "times"))
        if "do" not in keys:
            raise self._error(node, f"this fault does not say what to do; add `do:`, {_EXAMPLE}")
        where: dict[str, yaml.Node] = {}
        if "at" in keys:
            if not isinstance(keys["at"], yaml.MappingNode):
                raise self._error(keys["at"], "expected a point, e.g. `at: {turn: 1}`")
            where = self._mapping(keys["at"], "a point", _POINT_KEYS)
        try:
            point = Point(**{key: self._value(value) for key, value in where.items()})
        except ValueError as error:
            raise self._error(keys["at"], str(error)) from None
        name, parameters = self._deed(keys["do"])
        times = self._value(keys["times"]) if "times" in keys else 1
        try:
            fault = create(name, **parameters)
            return Planned(point.with_defaults(fault.where), fault, times)
        except ValueError as error:
            raise self._error(keys["do"], str(error)) from None

    def _deed(self, node: yaml.Node) -> tuple[str, dict[str, Any]]:
        if isinstance(node, yaml.ScalarNode):
            return node.value, {}
        if isinstance(node, yaml.MappingNode) and len(node.value) == 1:
            key, parameters = node.value[0]
            if isinstance(parameters, yaml.MappingNode):
                return key.value, {str(k.value): self._value(v) for k, v in parameters.value}
            if isinstance(parameters, yaml.ScalarNode) and self._value(parameters) is None:
                return key.value, {}
        raise self._error(node, "expected one fault, e.g. `do: reset` or `do: {close: {code: 1011}}`")

    def _mapping(self, node: yaml.MappingNode, what: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value not in known:
                name = key.value if isinstance(key, yaml.ScalarNode) else "(a list or mapping)"
                raise self._error(key, f"{what} has no key `{name}`; it may have: {', '.join(known)}")
            found[key.value] = value
        return found

    def _value(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_document(node)
        except yaml.MarkedYAMLError as error:
            raise self._error(node, f"this value cannot be read: {error.problem}") from None

    def _error(self, node: yaml.Node, message: str) -> PlanError:
        return PlanError(f"{self._name}:{node.start_mark.line + 1}: {message}")
