"""Rules for single values: booleans, numbers, strings and words of a list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mock_openai.protocol import errors
from mock_openai.protocol.schema.wording import alternatives, shortened

_PLAIN = re.compile(r"[A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    noun: str = "a boolean"

    def accepts(self, value: object) -> bool:
        """Return whether the value is a boolean."""
        return isinstance(value, bool)

    def check(self, value: Any, path: str) -> None:
        """Find nothing wrong."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number within bounds."""

    minimum: int | None = None
    maximum: int | None = None
    noun: str = "an integer"

    def accepts(self, value: object) -> bool:
        """Return whether the value is a whole number, not a boolean."""
        return isinstance(value, int) and not isinstance(value, bool)

    def check(self, value: Any, path: str) -> None:
        """Check the bounds."""
        _check_bounds(value, self.minimum, self.maximum, path, integer=True)


@dataclass(frozen=True, slots=True)
class Decimal:
    """A number within bounds."""

    minimum: float | None = None
    maximum: float | None = None
    noun: str = "a decimal"

    def accepts(self, value: object) -> bool:
        """Return whether the value is a number, not a boolean."""
        return isinstance(value, int | float) and not isinstance(value, bool)

    def check(self, value: Any, path: str) -> None:
        """Check the bounds."""
        _check_bounds(value, self.minimum, self.maximum, path, integer=False)


def _check_bounds(
    value: float, minimum: float | None, maximum: float | None, path: str, *, integer: bool
) -> None:
    if minimum is not None and value < minimum:
        raise errors.below_minimum(path, minimum, value, integer=integer)
    if maximum is not None and value > maximum:
        raise errors.above_maximum(path, maximum, value, integer=integer)


@dataclass(frozen=True, slots=True)
class String:
    """Text. An id begins with `prefix`; a `plain` text has only letters, digits, underscores and dashes."""

    filled: bool = False
    maximum: int | None = None
    pattern: str | None = None
    prefix: str | None = None
    plain: bool = False
    noun: str = "a string"

    def accepts(self, value: object) -> bool:
        """Return whether the value is a string."""
        return isinstance(value, str)

    def check(self, value: Any, path: str) -> None:
        """Check length, pattern, prefix and characters."""
        if self.filled and not value:
            raise errors.empty_string(path)
        if self.maximum is not None and len(value) > self.maximum:
            raise errors.string_too_long(path, self.maximum, len(value))
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise errors.pattern_mismatch(path, f"^{self.pattern}$")
        if self.prefix is not None and not value.startswith(self.prefix):
            raise errors.wrong_prefix(path, value, self.prefix)
        if self.plain and not _PLAIN.fullmatch(value):
            raise errors.wrong_characters(path, value)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words. `untold` words are accepted too, but error messages do not list them."""

    words: tuple[str, ...]
    untold: tuple[str, ...] = ()

    @property
    def noun(self) -> str:
        """Return all the words."""
        quoted = [f"'{shortened(word)}'" for word in self.words]
        return f"one of {alternatives(quoted)}"

    def accepts(self, value: object) -> bool:
        """Return whether the value is a string."""
        return isinstance(value, str)

    def check(self, value: Any, path: str) -> None:
        """Check that the word is a known one."""
        if value not in self.words and value not in self.untold:
            raise errors.invalid_value(path, value, self.words)


def words(*choices: str) -> OneOf:
    """Return a rule for one of these words."""
    return OneOf(choices)
