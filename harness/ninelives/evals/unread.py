"""Finds mistakes in an eval file that Pipecat accepts: keys that its reader ignores, and values of another
type than its classes declare, which fail when the eval is played.

Strategy: Pipecat reads the file once more, from mappings whose keys notice when they are compared with a name
that Pipecat looks for. So there is no list of keys here that a new version of Pipecat would outdate.
"""

from __future__ import annotations

import difflib
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import yaml
from loguru import logger
from pipecat.evals.scenario import EvalExpectation, EvalScenarioFile, EvalScriptScenario
from pipecat.evals.suite import EvalManifest

from ninelives.evals.files import files_of, is_suite, load, place_of

_MAP, _STR = "tag:yaml.org,2002:map", "tag:yaml.org,2002:str"

_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "object": "a mapping",
    "array": "a list",
}
"""Msgspec's names of types, and the words of people who write YAML."""


class _Key(str):
    """A key of a mapping, which notes that a reader looked for its name."""

    line: int
    file: str
    """Empty if Pipecat read the file's text before it parsed it."""
    asked: bool
    twins: list[_Key]
    """The same key of mappings that were merged: the reader sees one of them."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        same = str.__eq__(self, other)
        if same is True and other is not self:
            if isinstance(other, _Key):
                self.twins.append(other)
                other.twins.append(self)
            else:
                self.asked = True
        return same

    def mark(self, node: yaml.Node) -> None:
        """Note the key's line."""
        mark = node.start_mark
        self.line, self.file = mark.line + 1, "" if mark.name == "<unicode string>" else str(mark.name)
        self.asked, self.twins = False, []

    @property
    def read(self) -> bool:
        """Whether the reader looked the key up, here or after a merge."""
        return self.asked or any(twin.asked for twin in self.twins)


class _Mapping(dict[Any, Any]):
    """A mapping of a file, which notes the names that a reader looked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.twice: list[_Key] = []
        """Keys that YAML drops because the same key follows."""

    def get(self, key: Any, default: Any = None) -> Any:
        self.names.add(str(key))
        return super().get(key, default)

    def __getitem__(self, key: Any) -> Any:
        self.names.add(str(key))
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.names.add(str(key))
        return super().__contains__(key)

    @property
    def known(self) -> bool:
        """Whether the reader looked keys up in it. It passes other mappings on whole, as the arguments of a
        call.
        """
        return bool(self.names) or any(key.read for key in self if isinstance(key, _Key))

    def unread(self) -> list[_Key]:
        """Return the keys that nobody looked up, unless their value is read elsewhere through an alias."""
        return self.twice + [
            key
            for key, value in self.items()
            if self.known
            and isinstance(key, _Key)
            and not key.read
            and not (isinstance(value, _Mapping) and value.known)
        ]

    def why(self, key: _Key) -> str:
        """Return a suggestion of what an unread key was meant to be."""
        if any(key is each for each in self.twice):
            return "; it appears twice, and the last one counts"
        close = difflib.get_close_matches(key, self.names - set(self), 1)
        return f"; did you mean {close[0]!r}?" if close else ""


def remarks(places: Sequence[Path]) -> Iterator[str]:
    """Return a line for each file with keys that have no effect. Pipecat accepts the files."""
    for place in places:
        for path in files_of(place):
            mappings = _watched(EvalManifest.load if is_suite(path) else EvalScenarioFile.load, path)
            yield from _remarks(path, mappings)


def mistyped(path: Path) -> Iterator[str]:
    """Return a line for each expectation of a scripted scenario with a value of a wrong type."""
    for number, scenario in enumerate(load(path)):
        if not isinstance(scenario, EvalScriptScenario):
            continue
        inside = f"scenario #{number} " if "/" in scenario.name else ""
        for at, turn in enumerate(scenario.turns):
            for nth, expectation in enumerate(turn.expect):
                try:
                    msgspec.convert(_rounded(asdict(expectation)), EvalExpectation)
                except (TypeError, NameError):
                    return  # a later Pipecat's types, which cannot be checked in this way
                except msgspec.ValidationError as error:
                    found = re.search(r"`(.+?)(?: \| null)?`, got `(.+?)`.*?(\w+)`$", str(error))
                    name = found[3] if found else "expect"
                    line = place_of(path, f"{inside}turn #{at} expectation #{nth} '{name}'")
                    if found is None:
                        yield f"{path}:{line}: {error}"
                    else:
                        wanted, given = (_TYPES.get(each, each) for each in found.group(1, 2))
                        yield f"{path}:{line}: '{name}' must be {wanted}, and this is {given}"


def _rounded(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with whole numbers in place of fractions, with which Pipecat works as well."""
    return {
        name: int(value) if isinstance(value, float) and math.isfinite(value) else value
        for name, value in fields.items()
    }


def _remarks(path: Path, mappings: Sequence[_Mapping]) -> Iterator[str]:
    by_file: dict[str, dict[tuple[int, str], str]] = {}
    for mapping in mappings:
        for key in mapping.unread():
            whys = by_file.setdefault(key.file or str(path), {})
            place = (key.line, str(key))
            whys[place] = whys.get(place) or mapping.why(key)  # one key may be in several merged mappings
    for file, whys in by_file.items():
        names = (f"{name!r} (line {line}{whys[line, name]})" for line, name in sorted(whys))
        yield f"{file}: Pipecat ignores {', '.join(names)}"


def _watched(read: Callable[[Path], object], path: Path) -> list[_Mapping]:
    """Return the mappings of a file, as a reader left them."""
    with _noting() as mappings, warnings.catch_warnings(record=True):
        logger.disable("pipecat.evals")  # its warnings were printed before
        try:
            read(path)
        finally:
            logger.enable("pipecat.evals")
    return mappings


@contextmanager
def _noting() -> Iterator[list[_Mapping]]:
    mappings: list[_Mapping] = []
    keys: dict[int, tuple[yaml.Node, _Key]] = {}
    """By the identity of its node: `<<` puts the same nodes into several mappings."""

    def key_of(node: yaml.ScalarNode) -> _Key:
        if id(node) not in keys:
            keys[id(node)] = node, _Key(node.value)
            keys[id(node)][1].mark(node)
        return keys[id(node)][1]

    def construct(loader: yaml.SafeLoader, node: yaml.MappingNode) -> Iterator[_Mapping]:
        mapping = _Mapping()
        mappings.append(mapping)
        yield mapping
        own = [key for key, _ in node.value if key.tag == _STR]
        last = {key.value: key for key in own}
        mapping.twice = [key_of(key) for key in own if last[key.value] is not key]
        values = loader.construct_mapping(node)
        for each, _ in node.value:  # with what `<<` has merged
            found = loader.construct_object(each)
            dict.__setitem__(mapping, key_of(each) if each.tag == _STR else found, values[found])

    before = yaml.SafeLoader.yaml_constructors[_MAP]
    yaml.SafeLoader.yaml_constructors[_MAP] = construct
    try:
        yield mappings
    finally:
        yaml.SafeLoader.yaml_constructors[_MAP] = before
