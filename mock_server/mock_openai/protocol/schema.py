"""A small language for saying what a request may look like, and the API's words for what is wrong with it.

Strategy: rules are values. Each knows the phrase that names it ("a string", "an array of objects"), whether
a JSON value is of its kind at all, and what must hold inside. `check` raises the first thing that is wrong,
depth first and in the order in which the rules are written; the path it names is written as the API writes
paths, `input[0].content[1].text`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from mock_openai.protocol import errors

_OBJECTS = (dict, Mapping)  # the first settles nearly all, and costs a tenth of the second


class Rule(Protocol):
    """What a value must be."""

    @property
    def noun(self) -> str:
        """Name the kind with its article, as error messages do."""
        ...

    def accepts(self, value: object) -> bool:
        """Tell whether the value is of this kind, whatever is inside."""
        ...

    def check(self, value: Any, path: str) -> None:
        """Raise ApiError for the first thing that is wrong inside a value of this kind."""
        ...


def validate(rule: Rule, value: object, path: str) -> None:
    """Check kind and inside of a value."""
    if not rule.accepts(value):
        raise errors.invalid_type(path, rule.noun, describe(value))
    rule.check(value, path)


def describe(value: object) -> str:
    """Name the kind of a JSON value as error messages do."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case str():
            return "a string"
        case list() | tuple():
            return "an array"
        case _:
            return "an object"


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value."""

    noun: str = "a value"

    def accepts(self, value: object) -> bool:
        """Take everything."""
        return True

    def check(self, value: Any, path: str) -> None:
        """Find nothing wrong."""


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    noun: str = "a boolean"

    def accepts(self, value: object) -> bool:
        """Take booleans."""
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
        """Take whole numbers, not booleans."""
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
        """Take numbers, not booleans."""
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
    """Text; `prefix` is what an id must begin with."""

    filled: bool = False
    maximum: int | None = None
    pattern: str | None = None
    prefix: str | None = None
    noun: str = "a string"

    def accepts(self, value: object) -> bool:
        """Take strings."""
        return isinstance(value, str)

    def check(self, value: Any, path: str) -> None:
        """Check length, pattern and prefix."""
        if self.filled and not value:
            raise errors.empty_string(path)
        if self.maximum is not None and len(value) > self.maximum:
            raise errors.string_too_long(path, self.maximum, len(value))
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise errors.pattern_mismatch(path, f"^{self.pattern}$")
        if self.prefix is not None and not value.startswith(self.prefix):
            raise errors.wrong_prefix(path, value, self.prefix)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words. `refusal` is what other words get, where that is not the usual error."""

    words: tuple[str, ...]
    refusal: Callable[[], errors.ApiError] | None = None

    @property
    def noun(self) -> str:
        """Name all the words."""
        quoted = [f"'{word}'" for word in self.words]
        return f"one of {_or(quoted)}"

    def accepts(self, value: object) -> bool:
        """Take strings."""
        return isinstance(value, str)

    def check(self, value: Any, path: str) -> None:
        """Check that the word is a known one."""
        if value not in self.words:
            if self.refusal is not None:
                raise self.refusal()
            raise errors.invalid_value(path, value, self.words)


def words(*choices: str) -> OneOf:
    """Allow one of these words."""
    return OneOf(choices)


@dataclass(frozen=True, slots=True)
class Array:
    """A list; `of` is what each element must be."""

    of: Rule = field(default_factory=Anything)
    minimum: int = 0
    maximum: int | None = None

    @property
    def noun(self) -> str:
        """Name the elements too."""
        return f"an array of {_plural(self.of.noun)}"

    def accepts(self, value: object) -> bool:
        """Take lists."""
        return isinstance(value, list | tuple)

    def check(self, value: Any, path: str) -> None:
        """Check the number of elements and each of them."""
        if len(value) < self.minimum:
            raise errors.array_too_short(path, self.minimum)
        if self.maximum is not None and len(value) > self.maximum:
            raise errors.array_too_long(path, self.maximum, len(value))
        for index, element in enumerate(value):
            validate(self.of, element, f"{path}[{index}]")


@dataclass(frozen=True, slots=True)
class Map:
    """An object with free keys."""

    values: Rule
    maximum: int
    key_length: int
    noun: str = "an object"

    def accepts(self, value: object) -> bool:
        """Take objects."""
        return isinstance(value, _OBJECTS)

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
    """A field of an object."""

    rule: Rule
    required: bool = False
    nullable: bool = True


def need(rule: Rule) -> Field:
    """Make a field that must be there and must not be null."""
    return Field(rule, required=True, nullable=False)


def never_null(rule: Rule) -> Field:
    """Make a field that may be absent but must not be null."""
    return Field(rule, nullable=False)


@dataclass(frozen=True, slots=True)
class Object:
    """An object with known fields; a bare rule is an optional field. `open` lets other fields pass unseen."""

    fields: Mapping[str, Field | Rule] = field(default_factory=dict)
    open: bool = False
    noun: str = "an object"
    _known: Mapping[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = {
            name: entry if isinstance(entry, Field) else Field(entry) for name, entry in self.fields.items()
        }
        object.__setattr__(self, "_known", known)

    def accepts(self, value: object) -> bool:
        """Take objects."""
        return isinstance(value, _OBJECTS)

    def check(self, value: Any, path: str) -> None:
        """Check for unknown fields, then each known one."""
        prefix = f"{path}." if path else ""
        if not self.open:
            for name in value:
                if name not in self._known:
                    raise errors.unknown_parameter(f"{prefix}{name}")
        for name, known in self._known.items():
            if name not in value:
                if known.required:
                    raise errors.missing_parameter(f"{prefix}{name}")
                continue
            if value[name] is None and known.nullable:
                continue
            validate(known.rule, value[name], f"{prefix}{name}")


@dataclass(frozen=True, slots=True)
class Tagged:
    """An object whose `tag` says which of several shapes it has.

    Tags in `listed` are known by name only and pass unseen. `default` is the shape of an object without the
    tag. A wrong tag is blamed on the object itself (reported for content parts), or on the tag's own path
    when `blame_tag` is set. An error names the `shown` tags, without those all in alphabetical order; a tag
    that is not among `all_tags` is told those instead.
    """

    shapes: Mapping[str, Object]
    listed: frozenset[str] = frozenset()
    default: str | None = None
    tag: str = "type"
    blame_tag: bool = False
    shown: tuple[str, ...] = ()
    all_tags: tuple[str, ...] = ()
    noun: str = "an object"

    def accepts(self, value: object) -> bool:
        """Take objects."""
        return isinstance(value, _OBJECTS)

    def check(self, value: Any, path: str) -> None:
        """Check the tag, then the shape that it names."""
        tag = value.get(self.tag)
        if tag is None and self.default is not None:
            tag = self.default
        elif self.tag not in value:
            raise errors.missing_parameter(f"{path}.{self.tag}")
        elif not isinstance(tag, str):
            raise errors.invalid_type(f"{path}.{self.tag}", "a string", describe(tag))
        if tag in self.shapes:
            self.shapes[tag].check(value, path)
        elif tag not in self.listed:
            supported: Iterable[str] = self.shown or sorted({*self.shapes, *self.listed})
            if self.all_tags and tag not in self.all_tags:
                supported = self.all_tags
            raise errors.invalid_value(
                f"{path}.{self.tag}" if self.blame_tag else path, tag, tuple(supported)
            )


@dataclass(frozen=True, slots=True)
class Either:
    """One of several kinds; the first that accepts the value checks it."""

    rules: tuple[Rule, ...]

    @property
    def noun(self) -> str:
        """Name all kinds."""
        first, *others = (rule.noun.removeprefix("one of ") for rule in self.rules)
        return f"one of {_or([first, *(_without_article(noun) for noun in others)])}"

    def accepts(self, value: object) -> bool:
        """Take what any of the kinds takes."""
        return any(rule.accepts(value) for rule in self.rules)

    def check(self, value: Any, path: str) -> None:
        """Let the kind that accepts the value check it."""
        next(rule for rule in self.rules if rule.accepts(value)).check(value, path)


def either(*rules: Rule) -> Either:
    """Allow any of these kinds."""
    return Either(rules)


def _or(phrases: Iterable[str]) -> str:
    series = list(phrases)
    if len(series) < 3:
        return " or ".join(series)
    return f"{', '.join(series[:-1])}, or {series[-1]}"


def _without_article(noun: str) -> str:
    return re.sub(r"^an? ", "", noun)


def _plural(noun: str) -> str:
    return "values" if noun.startswith("one of") else f"{_without_article(noun)}s"
