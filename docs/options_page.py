"""The page of all options: every optional argument of what is public, with its default and its meaning."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from docs.house_imports import PARTS

PACKAGES = (
    "mock_openai",
    "mock_openai.faults",
    "pipecat_responses",
    "ninelives",
    "ninelives.lab",
    "ninelives.recorder",
)
"""The packages whose classes and functions have options. What a second one exports again is shown once."""

ELSEWHERE = {
    "Behaviour": "The reasons for each, and where it is known from: [options](../reference/options.md).",
    "Chaos": "On the command line: [break the real API](../how-to/break-the-real-api.md).",
    "VoiceFault": "In a test: [voice](../reference/voice.md). Use the three class methods below.",
}

VALUES = frozenset(
    (
        *(
            "ApiError",
            "Call",
            "Close",
            "Failed",
            "Incomplete",
            "Reasoning",
            "Recorded",
            "Refusal",
            "Reply",
            "Text",
        ),
        *("Usage", "call", "Effect", "FaultPlan", "Planned", "Position", "TokenUsage", "Episode", "Finding"),
        *("Outcome", "Cassette.parse", "loads", "Session"),
    )
)
"""What is said or reported; their fields are no options."""

DESCRIBED = frozenset({"at", "Trigger", "OpenAIResponsesLLMSettings", "OpenAIResponsesReasoningConfig"})
"""What other pages of the reference describe: faults (where) and services (settings)."""


@dataclass(frozen=True, slots=True)
class Option:
    """One optional argument."""

    name: str
    default: str
    meaning: str


def page() -> str:
    """Return the page."""
    parts = [
        "# All options\n",
        "Every optional argument of the public classes and functions, made from the code. Commands and\n"
        "pytest have pages of their own: [ninelives](ninelives.md), [mock-openai](mock-openai.md) and\n"
        "[pytest](pytest.md).\n",
    ]
    for package, named in everything().items():
        parts.append(f"## {package}\n")
        for name, options in named.items():
            parts.append(f"### {name}\n")
            if name in ELSEWHERE:
                parts.append(f"{ELSEWHERE[name]}\n")
            parts.append("| option | default | meaning |\n|---|---|---|")
            parts += [f"| `{each.name}` | `{each.default}` | {each.meaning} |" for each in options]
            parts.append("")
    return "\n".join(parts)


def everything() -> Mapping[str, Mapping[str, list[Option]]]:
    """Return the options of each public class and function that has any, by package and name."""
    found: dict[str, dict[str, list[Option]]] = {}
    seen: list[Any] = []
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in sorted(module.__all__, key=str.lower):
            value = getattr(module, name)
            if value in seen or not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            seen.append(value)
            for label, function in _makers(name, value):
                if label in VALUES | DESCRIBED:
                    continue
                if options := list(_options(function, value)):
                    found.setdefault(package, {})[label] = options
    return found


def _makers(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The function itself; of a class the constructor, and class methods that make one of it."""
    yield name, value
    if inspect.isclass(value):
        for member, held in vars(value).items():
            if isinstance(held, classmethod) and not member.startswith("_"):
                yield f"{name}.{member}", getattr(value, member)


def _options(function: Any, owner: Any) -> Iterator[Option]:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    words = meanings(function, owner)
    for parameter in signature.parameters.values():
        if parameter.default is not parameter.empty and not parameter.name.startswith("_"):
            meaning = " ".join(words.get(parameter.name, "").split()).replace("|", "\\|")
            yield Option(parameter.name, _shown(parameter.default), meaning)


def _shown(default: Any) -> str:
    if inspect.isclass(default) or inspect.isfunction(default):
        return default.__name__ if default.__name__ != "<lambda>" else "..."
    text = repr(default)
    return text if len(text) <= 40 and " at 0x" not in text else f"{type(default).__name__}(...)"


def meanings(function: Any, owner: Any) -> dict[str, str]:
    """Return what is said of the arguments: in `Args:`, or below the fields of a dataclass."""
    kinds = owner.__mro__ if inspect.isclass(owner) else ()
    ours = [kind for kind in kinds if kind.__module__.partition(".")[0] in PARTS]
    words: dict[str, str] = {}
    for kind in reversed(ours):
        words |= _below_fields(kind)
        words |= _args(inspect.getdoc(kind) or "")
        words |= _args(inspect.getdoc(vars(kind).get("__init__")) or "")
    return words | _args(inspect.getdoc(function) or "")


def _args(docstring: str) -> dict[str, str]:
    section = re.search(r"^(?:Args|Parameters):\n((?:[ ]{4}.*\n?|\n)+)", docstring, re.M)
    if section is None:
        return {}
    entries = re.split(r"^(?=\w[\w, *]*:)", textwrap.dedent(section[1]), flags=re.M)
    found = {}
    for entry in entries:
        names, colon, told = entry.partition(":")
        for name in names.split(",") if colon else ():
            found[name.strip(" *")] = told.strip()
    return found


def _below_fields(kind: type) -> dict[str, str]:
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return {}
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    return {
        field.target.id: inspect.cleandoc(said.value.value)
        for field, said in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr)
        and isinstance(said.value, ast.Constant)
        and isinstance(said.value.value, str)
    }
