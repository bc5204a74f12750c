"""Old names that still work for a while, with a DeprecationWarning that gives the new name.

This is the one way to rename something public. CONTRIBUTING.md says when and for how long.
"""

from __future__ import annotations

import functools
import importlib
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any


class RenamedWarning(DeprecationWarning):
    """An old name was used. A command line shows it to its user."""


def warn_renamed(old: str, new: str, *, gone: str, stacklevel: int = 1) -> None:
    """Warn the caller of the calling function that something has a new name.

    Args:
        old: What the user wrote, e.g. `MockServer(speed=...)` or `--speed`.
        new: What to write instead.
        gone: The version in which the old name stops working.
        stacklevel: 1 for the caller of the function that calls this; one more for each function between.
    """
    text = f"{old} is now called {new}; the old name stops working in ninelives {gone}"
    warnings.warn(text, RenamedWarning, stacklevel=stacklevel + 2)


def moved(module: str, to: str, *, gone: str) -> Callable[[str], Any]:
    """Return a `__getattr__` for a module that was renamed: it looks names up in the new module.

    Args:
        module: The old module's own `__name__`.
        to: The new name of the module.
        gone: The version in which the old name stops working.
    """

    def __getattr__(name: str) -> Any:
        target = importlib.import_module(to)
        if name.startswith("__") or not hasattr(target, name):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn_renamed(f"{module}.{name}", f"{to}.{name}", gone=gone)
        return getattr(target, name)

    return __getattr__


def renamed_arguments(
    function: Callable[..., Any], names: Mapping[str, str], *, gone: str
) -> Callable[..., Any]:
    """Return the function with its renamed arguments also accepted under their old names.

    Args:
        function: Has the new names.
        names: The new name of each old one.
        gone: The version in which the old names stop working.
    """
    called = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def accept(*args: Any, **given: Any) -> Any:
        for old in names.keys() & given.keys():
            warn_renamed(f"{called}({old}=...)", f"{called}({names[old]}=...)", gone=gone)
            given[names[old]] = given.pop(old)
        return function(*args, **given)

    return accept


def renamed(module: str, names: Mapping[str, str], *, gone: str) -> Callable[[str], Any]:
    """Return a `__getattr__` for a module: it looks renamed names up under their new names.

    Args:
        module: The module's own `__name__`.
        names: The new name of each old one. Both belong to the module.
        gone: The version in which the old names stop working.
    """

    def __getattr__(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn_renamed(f"{module}.{name}", f"{module}.{names[name]}", gone=gone)
        return getattr(sys.modules[module], names[name])

    return __getattr__
