"""Attributes of other people's classes, replaced for as long as somebody needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_INHERITED = object()


@dataclass(frozen=True, slots=True)
class Around:
    """Makes the new value of an attribute from the one that it replaces, which others may have replaced."""

    make: Callable[[Any], Any]


class Patch:
    """Replaces attributes while anybody is inside. It may be entered several times, nested or overlapping."""

    def __init__(self, *replaced: tuple[Any, str, Any]) -> None:
        """`replaced`: owner, name and new value of each attribute, or an `Around`."""
        self._replaced = replaced
        self._before: list[tuple[Any, str, Any]] = []
        self._inside = 0

    def __enter__(self) -> None:
        self._inside += 1
        if self._inside == 1:
            self._before = [
                (owner, name, vars(owner).get(name, _INHERITED)) for owner, name, _ in self._replaced
            ]
            for owner, name, new in self._replaced:
                setattr(owner, name, new.make(getattr(owner, name)) if isinstance(new, Around) else new)

    def __exit__(self, *_: object) -> None:
        self._inside -= 1
        if self._inside:
            return
        for owner, name, old in self._before:
            if old is _INHERITED:
                delattr(owner, name)
            else:
                setattr(owner, name, old)
