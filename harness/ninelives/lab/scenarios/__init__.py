"""Everything that can happen to a bot's connection: fourteen chapters, one file each, one definition per
scenario.

The files of this folder are found automatically. Each has a `CHAPTER`, its title, and `SCENARIOS`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module

from ninelives.lab.scenario import CHAPTERS, Scenario
from ninelives.usage_error import UsageError

__all__ = ["matching", "scenarios"]


@cache
def scenarios() -> Mapping[str, Scenario]:
    """Return every scenario by name, in alphabetical order."""
    found: dict[str, Scenario] = {}
    for module in pkgutil.iter_modules(__path__):
        chapter = import_module(f"{__name__}.{module.name}")
        if chapter.CHAPTER not in CHAPTERS:
            raise ValueError(f"{module.name}.py: no chapter is called {chapter.CHAPTER!r}, only {CHAPTERS}")
        for scenario in chapter.SCENARIOS:
            if scenario.name in found:
                raise ValueError(f"{module.name}.py: {scenario.name!r} is there already; rename one of them")
            found[scenario.name] = replace(scenario, chapter=chapter.CHAPTER)
    return dict(sorted(found.items()))


def chosen(pattern: str) -> list[Scenario]:
    """Return the scenarios that a user's pattern matches. Raises UsageError if there is none."""
    found = matching(pattern)
    if not found:
        raise UsageError(
            f"no scenario is called {pattern!r}; expected one of the {len(scenarios())} that "
            "`ninelives scenarios` lists, or a pattern such as reset_*"
        )
    return found


def matching(pattern: str) -> list[Scenario]:
    """Return the scenarios whose name matches a shell pattern such as `reset_*`; a plain word matches
    anywhere in the name.
    """
    wanted = pattern if any(c in pattern for c in "*?[") else f"*{pattern}*"
    exact = scenarios().get(pattern)
    return [exact] if exact else [each for each in scenarios().values() if fnmatchcase(each.name, wanted)]
