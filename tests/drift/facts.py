"""What we rely on in other packages, as facts: one line each, read from the installed packages.

A fact is a name and what it is like, `NAME = DESCRIPTION`. Names are collected from our own imports, from the
private names that we borrow, and from what Pipecat's services and OpenAI's types offer.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from importlib import metadata
from typing import Any

from docs.house_imports import PARTS, modules
from tests.house.test_borrowed import BORROWED

OTHERS = {"pipecat": "pipecat-ai", "openai": "openai", "websockets": "websockets"}
"""The packages that are watched, and the distributions that bring them."""

SERVICES = "pipecat.services.openai.responses.llm"
OWN_CLASSES = ("OpenAIResponsesLLMService", "OpenAIResponsesHttpLLMService")


OURS = ("Names that we import", "Private names that we borrow")
"""Sections whose names our own code chooses."""


def facts() -> dict[str, Mapping[str, str]]:
    """Return all facts by section. A name that has disappeared has the description `gone`."""
    return {
        "Versions": {name: metadata.version(name) for name in OTHERS.values()},
        OURS[0]: dict(_imported()),
        OURS[1]: dict(_borrowed()),
        "Pipecat's Responses services": dict(_services()),
        "OpenAI's events of a stream": dict(_union("ResponseStreamEvent")),
        "OpenAI's parameters of a request": dict(_request()),
        "OpenAI's input items": dict(_union("ResponseInputItemParam")),
        "OpenAI's output items": dict(_union("ResponseOutputItem")),
        "OpenAI's response": dict(_fields(_openai("Response"))),
    }


def _imported() -> Iterator[tuple[str, str]]:
    """Every name that our three parts import from the others."""
    names: set[str] = set()
    for part in PARTS:
        for _, path in modules(part):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in OTHERS:
                    names |= {f"{node.module}.{each.name}" for each in node.names}
    for name in sorted(names):
        yield name, _described(name)


def _borrowed() -> Iterator[tuple[str, str]]:
    for owner, names in BORROWED.items():
        if owner.partition(".")[0] in OTHERS:
            for name in names:
                yield f"{owner}.{name}", _member(_found(owner), name)


def _member(owner: Any, name: str) -> str:
    value = inspect.getattr_static(owner, name, None)
    if value is not None:
        return _like(getattr(owner, name))
    bases = getattr(owner, "__mro__", ())
    there = any(re.search(rf"\bself\.{name}\b", _source(base)) for base in bases)
    return "set on the object" if there else "gone"


def _source(value: Any) -> str:
    try:
        return inspect.getsource(value)
    except (OSError, TypeError):
        return ""


def _services() -> Iterator[tuple[str, str]]:
    """The public methods and the constructor of the two services that ours stand in for. What the second has
    like the first is left out.
    """
    told: dict[str, str] = {}
    for name in OWN_CLASSES:
        for member, like in _service(name):
            if told.setdefault(member, like) != like or name == OWN_CLASSES[0]:
                yield f"{name}.{member}" if member else name, like


def _service(name: str) -> Iterator[tuple[str, str]]:
    """The public methods of one service, its constructor and its settings."""
    kind = _found(f"{SERVICES}.{name}")
    if kind is None:
        yield "", "gone"
        return
    for member in sorted(each for each in dir(kind) if not each.startswith("_") or each == "__init__"):
        value = inspect.getattr_static(kind, member)
        if callable(value) or isinstance(value, (property, classmethod, staticmethod)):
            yield member, _like(getattr(kind, member))
    yield from ((f"Settings.{key}", told) for key, told in _fields(kind.Settings))


def _openai(name: str) -> Any:
    return getattr(importlib.import_module("openai.types.responses"), name, None)


def _request() -> Iterator[tuple[str, str]]:
    module = importlib.import_module("openai.types.responses.response_create_params")
    return _fields(module.ResponseCreateParamsBase)


def _union(name: str) -> Iterator[tuple[str, str]]:
    """Each member of a union of OpenAI's types, by the value of its `type`, with its fields."""
    found = _openai(name)
    if found is None:
        yield name, "gone"
        return
    members = typing.get_args(found)
    if members and typing.get_origin(members[0]) is typing.Union:  # Annotated[Union[...], ...]
        members = typing.get_args(members[0])
    for kind in members:
        told = dict(_fields(kind))
        name = " ".join(re.findall(r"'([^']+)'", told.get("type", ""))) or kind.__name__
        yield name, ", ".join(f"{key}: {what}" for key, what in told.items() if key != "type")


def _fields(kind: Any) -> Iterator[tuple[str, str]]:
    if kind is None:
        return
    if dataclasses.is_dataclass(kind):
        for field in dataclasses.fields(kind):
            yield field.name, _type(field.type)
    elif hasattr(kind, "model_fields"):
        for name, field in kind.model_fields.items():
            yield field.alias or name, _type(field.annotation)
    else:
        for name, told in getattr(kind, "__annotations__", {}).items():
            text = _type(told)
            needed = text.startswith("Required[")
            yield name, text.removeprefix("Required[").removesuffix("]") if needed else f"{text}?"


def _found(name: str) -> Any:
    """Return a module or what stands in one; None if it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError:
        module, _, last = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), last, None)
    except ImportError:
        return None


def _described(name: str) -> str:
    found = _found(name)
    if found is None:
        return "gone"
    if inspect.isclass(found) and dataclasses.is_dataclass(found):
        inherited = {
            field.name
            for base in found.__mro__[1:]
            if dataclasses.is_dataclass(base)
            for field in dataclasses.fields(base)
        }
        own = [field.name for field in dataclasses.fields(found) if field.name not in inherited]
        return f"dataclass {found.__mro__[1].__name__}(" + ", ".join(own) + ")"
    return _like(found)


def _like(value: Any) -> str:
    """Say what a value is like: the parameters of what can be called, else its kind."""
    if inspect.isclass(value) and issubclass(value, Enum):
        return f"enum({', '.join(value.__members__)})"
    if inspect.ismodule(value):
        return "module"
    kind = "class" if inspect.isclass(value) else "async def" if inspect.iscoroutinefunction(value) else "def"
    if isinstance(value, property) or not callable(value):
        return type(value).__name__
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return kind
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    bare = signature.replace(parameters=plain, return_annotation=inspect.Signature.empty)
    return f"{kind}{_steady(str(bare))}"


def _type(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else _written(annotation)
    return _steady(text)


def _written(annotation: Any) -> str:
    return annotation.__name__ if inspect.isclass(annotation) else str(annotation)


def _steady(text: str) -> str:
    """Drop addresses, the names of modules and the wrappings of types, which say nothing to us."""
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    text = re.sub(r"""ForwardRef\((?:'([^']*)'|"([^"]*)")[^)]*\)""", r"\1\2", text)
    text = re.sub(r", PropertyInfo\([^)]*\)", "", text)
    text = re.sub(r"('[^']*'|\"[^\"]*\")|\b(?:[a-z_]\w*\.)+(?=[A-Za-z_])", r"\1", text)
    return " ".join(text.split())
