"""Everything that can happen to a bot's connection, one story a file. The list of files is the table of
contents.

A scenario is found by looking into this folder: a new one is one new file with a `SCENARIO`, and nothing
else.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module

from ninelives.lab.scenario import Scenario

__all__ = ["matching", "scenarios"]


@cache
def scenarios() -> Mapping[str, Scenario]:
    """Every scenario by name, in alphabetical order."""
    found = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        scenario: Scenario = import_module(f"{__name__}.{module.name}").SCENARIO
        if scenario.name != module.name:
            raise ValueError(
                f"the scenario in {module.name}.py is called {scenario.name!r}; name it {module.name!r}"
            )
        found[scenario.name] = scenario
    return found


def matching(pattern: str) -> list[Scenario]:
    """The scenarios whose name matches a shell pattern such as `reset_*`; a plain word matches anywhere in
    the name.
    """
    wanted = pattern if any(c in pattern for c in "*?[") else f"*{pattern}*"
    exact = scenarios().get(pattern)
    return [exact] if exact else [each for each in scenarios().values() if fnmatchcase(each.name, wanted)]
