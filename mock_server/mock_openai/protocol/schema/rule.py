"""The base class of all rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from mock_openai.protocol import errors
from mock_openai.protocol.schema.wording import describe


class Rule(Protocol):
    """A rule for a value."""

    @property
    def noun(self) -> str:
        """Return the kind with its article, as error messages name it."""
        ...

    def accepts(self, value: object) -> bool:
        """Return whether the value is of this kind, whatever it contains."""
        ...

    def check(self, value: Any, path: str) -> None:
        """Raise ApiError for the first thing that is wrong inside a value of this kind."""
        ...


def validate(rule: Rule, value: object, path: str) -> None:
    """Check a value's kind and content. Raises ApiError."""
    if not rule.accepts(value):
        raise errors.invalid_type(path, rule.noun, describe(value))
    rule.check(value, path)


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value."""

    noun: str = "a value"

    def accepts(self, value: object) -> bool:
        """Return True."""
        return True

    def check(self, value: Any, path: str) -> None:
        """Find nothing wrong."""
