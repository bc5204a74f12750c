"""The list of all faults, by name.

Each file in `kinds/` holds one fault and registers it with the decorator below; the files are found by
looking into the folder, so a new fault is one new file and nothing else.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache, partial
from typing import Any, TypeVar, dataclass_transform, overload

from mock_openai.deprecation import warn_renamed
from mock_openai.faults.context import Fault
from mock_openai.faults.parameters import check
from mock_openai.faults.trigger import Trigger

F = TypeVar("F", bound=type)

_known: dict[str, type[Fault]] = {}


@overload
def register(kind: F, /) -> F: ...


@overload
@dataclass_transform(frozen_default=True)
def register(kind: str, /, where: Trigger = ...) -> Callable[[F], F]: ...


def register(kind: F | str, /, where: Trigger = Trigger()) -> F | Callable[[F], F]:  # noqa: B008  # frozen
    """Make a fault known (a class decorator).

    `@register("name", Trigger(...))` makes a frozen dataclass of the class. Plain `@register` takes a
    dataclass that has `name` and `where` already.

    Args:
        where: The phase and event of the fault's trigger, unless the user gives them.
    """
    if isinstance(kind, str):
        return partial(_complete, kind, where)
    name: str = kind.name  # type: ignore[attr-defined]
    if _known.get(name, kind).__qualname__ != kind.__qualname__:
        raise ValueError(
            f"two faults are called {name!r}: {_known[name].__qualname__} and {kind.__qualname__}"
        )
    if not hasattr(kind, "inject") and hasattr(kind, "strike"):
        warn_renamed(f"{kind.__qualname__}.strike", f"{kind.__qualname__}.inject", gone="0.3")
        kind.inject = kind.strike  # type: ignore[attr-defined]
    _known[name] = kind
    return kind


def _complete(name: str, where: Trigger, kind: F) -> F:
    kind.name, kind.where = name, where  # type: ignore[attr-defined]
    complete: Any = dataclass(frozen=True, slots=True)(kind)
    known: F = register(complete)
    return known


@cache
def _load_kinds() -> None:
    from mock_openai.faults import kinds

    for module in pkgutil.iter_modules(kinds.__path__):
        importlib.import_module(f"{kinds.__name__}.{module.name}")


def catalogue() -> Mapping[str, type[Fault]]:
    """Return every known fault by name, in alphabetical order."""
    _load_kinds()
    return dict(sorted(_known.items()))


def create(name: str, *args: Any, **parameters: Any) -> Fault:
    """Build a fault by name; an unknown name or parameter is a ValueError that says what there is instead."""
    _load_kinds()
    kind = _known.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, _known, n=1)
        guess = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"no fault is called {name!r}; {guess}there are: {', '.join(sorted(_known))}")
    try:
        fault: Fault = kind(*args, **parameters)
    except TypeError:
        raise ValueError(f"{signature(kind)} cannot be created from {_call(args, parameters)}") from None
    check(fault)
    return fault


def signature(kind: type[Fault]) -> str:
    """Return a fault's name and parameters as one would call it, e.g. `close(code=1011, reason='')`."""
    return f"{kind.name}({', '.join(_parameter(f) for f in _fields(kind))})"


def describe(kind: type[Fault]) -> str:
    """Return the first sentence of a fault's documentation."""
    return inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def parameters(fault: Fault) -> dict[str, Any]:
    """Return a fault's parameters as plain data."""
    return {f.name: getattr(fault, f.name) for f in _fields(type(fault))}


def _fields(kind: type[Fault]) -> tuple[Field[Any], ...]:
    return fields(kind)  # type: ignore[arg-type]


def _parameter(field: Field[Any]) -> str:
    return field.name if field.default is MISSING else f"{field.name}={field.default!r}"


def _call(args: tuple[Any, ...], given: Mapping[str, Any]) -> str:
    return (
        ", ".join([*(repr(arg) for arg in args), *(f"{name}={value!r}" for name, value in given.items())])
        or "nothing"
    )
