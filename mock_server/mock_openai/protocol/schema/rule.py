"""What all rules have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from mock_openai.protocol import errors
from mock_openai.protocol.schema.wording import describe


class Rule(Protocol):
    """What a value must be."""

    @property
    def noun(self) -> str:
        """Name the kind with its article, as error messages do."""
        ...

    def accepts(self, value: object) -> bool:
        """Return whether the value is of this kind, whatever is inside."""
        ...

    def check(self, value: Any, path: str) -> None:
        """Raise ApiError for the first thing that is wrong inside a value of this kind."""
        ...


def validate(rule: Rule, value: object, path: str) -> None:
    """Check kind and inside of a value."""
    if not rule.accepts(value):
        raise errors.invalid_type(path, rule.noun, describe(value))
    rule.check(value, path)


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value."""

    noun: str = "a value"

    def accepts(self, value: object) -> bool:
        """Take everything."""
        return True

    def check(self, value: Any, path: str) -> None:
        """Find nothing wrong."""
