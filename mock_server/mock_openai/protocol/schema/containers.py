"""Rules for values that hold others: arrays, free maps and objects with known fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_openai.protocol import errors
from mock_openai.protocol.schema.rule import Anything, Rule, validate
from mock_openai.protocol.schema.wording import describe, plural

OBJECTS = (dict, Mapping)  # the first test settles nearly all cases, at a tenth of the cost of the second


@dataclass(frozen=True, slots=True)
class Array:
    """A list; `of` is what each element must be."""

    of: Rule = field(default_factory=Anything)
    minimum: int = 0
    maximum: int | None = None

    @property
    def noun(self) -> str:
        """Return the noun, with that of the elements."""
        return f"an array of {plural(self.of.noun)}"

    def accepts(self, value: object) -> bool:
        """Return whether the value is a list."""
        return isinstance(value, list | tuple)

    def check(self, value: Any, path: str) -> None:
        """Check the number of elements and each of them."""
        if len(value) < self.minimum:
            raise errors.array_too_short(path, self.minimum)
        if self.maximum is not None and len(value) > self.maximum:
            raise errors.array_too_long(path, self.maximum, len(value))
        of = self.of
        for index, element in enumerate(value):
            validate(of, element, f"{path}[{index}]")


@dataclass(frozen=True, slots=True)
class Map:
    """An object with free keys."""

    values: Rule
    maximum: int
    key_length: int
    noun: str = "an object"

    def accepts(self, value: object) -> bool:
        """Return whether the value is an object."""
        return isinstance(value, OBJECTS)

    def check(self, value: Any, path: str) -> None:
        """Check the number of keys, their lengths and the values."""
        if len(value) > self.maximum:
            raise errors.too_many_properties(path, self.maximum, len(value))
        for key, element in value.items():
            if len(key) > self.key_length:
                raise errors.property_name_too_long(path, key, self.key_length)
            validate(self.values, element, f"{path}.{key}")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object. If `null` is given, it is the wording for a null that is not allowed: what was
    expected, and what was found.
    """

    rule: Rule
    required: bool = False
    nullable: bool = True
    null: tuple[str, str] | None = None


def need(rule: Rule) -> Field:
    """Return a field that is required and must not be null."""
    return Field(rule, required=True, nullable=False)


def never_null(rule: Rule) -> Field:
    """Return a field that may be absent but must not be null."""
    return Field(rule, nullable=False)


@dataclass(frozen=True, slots=True)
class Object:
    """An object with known fields; a bare rule is an optional field.

    `open` accepts other fields unchecked; `unknown` makes the error for one, from its path and the fields
    beside it. Exactly one of the fields in `exactly_one` must be present.
    """

    fields: Mapping[str, Field | Rule] = field(default_factory=dict)
    open: bool = False
    exactly_one: tuple[str, ...] = ()
    unknown: Callable[[str, Mapping[str, Any]], errors.ApiError] | None = None
    noun: str = "an object"
    _known: Mapping[str, Field] = field(init=False, repr=False, compare=False)
    _ranks: Mapping[str, int] = field(init=False, repr=False, compare=False)
    _required: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = {
            name: entry if isinstance(entry, Field) else Field(entry) for name, entry in self.fields.items()
        }
        object.__setattr__(self, "_known", known)
        object.__setattr__(self, "_ranks", {name: rank for rank, name in enumerate(known)})
        object.__setattr__(self, "_required", tuple(name for name in known if known[name].required))

    def accepts(self, value: object) -> bool:
        """Return whether the value is an object."""
        return isinstance(value, OBJECTS)

    def check(self, value: Any, path: str) -> None:
        """Check required fields, then unknown ones, then each known field in the order of the rule (reported,
        for the request as a whole).
        """
        prefix = f"{path}." if path else ""
        for name in self._required:
            if name not in value:
                raise errors.missing_parameter(f"{prefix}{name}")
        ranks = self._ranks
        try:
            names = sorted(value, key=ranks.__getitem__)
        except KeyError:
            names = self._known_names(value, prefix)
        for name in names:
            entry, element = self._known[name], value[name]
            if element is None:
                if entry.nullable:
                    continue
                if entry.null is not None:
                    raise errors.invalid_type(prefix + name, *entry.null)
            rule = entry.rule
            if not rule.accepts(element):
                raise errors.invalid_type(prefix + name, rule.noun, describe(element))
            rule.check(element, prefix + name)
        if self.exactly_one:
            self._check_one(value, path)

    def _known_names(self, value: Mapping[str, Any], prefix: str) -> list[str]:
        if not self.open:
            name = next(name for name in value if name not in self._known)
            make = self.unknown
            raise errors.unknown_parameter(f"{prefix}{name}") if make is None else make(name, value)
        return sorted((name for name in value if name in self._known), key=self._ranks.__getitem__)

    def _check_one(self, value: Mapping[str, Any], path: str) -> None:
        given = [name for name in self.exactly_one if value.get(name) is not None]
        if not given:
            raise errors.missing_exclusive(path, self.exactly_one)
        if len(given) > 1:
            raise errors.mutually_exclusive(given[0], given[1], where=path)
