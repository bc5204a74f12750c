"""Rules for values that may be of several kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mock_openai.protocol import errors
from mock_openai.protocol.schema.containers import OBJECTS, Object
from mock_openai.protocol.schema.rule import Rule
from mock_openai.protocol.schema.wording import alternatives, bare, describe


@dataclass(frozen=True, slots=True)
class Tagged:
    """An object whose `tag` says which of several shapes it has.

    Tags in `listed` are known by name only, and their objects are not checked. `default` is the shape of an
    object without the tag. The error for a wrong tag gives the path of the object (reported for content
    parts), or of the tag if `blame_tag` is set. It lists the `shown` tags, or by default all tags in
    alphabetical order. For a tag that is not in `all_tags`, it lists those and gives the tag's path
    (reported).
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
        """Return whether the value is an object."""
        return isinstance(value, OBJECTS)

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
            unheard_of = bool(self.all_tags) and tag not in self.all_tags
            if unheard_of:
                supported = self.all_tags
            raise errors.invalid_value(
                f"{path}.{self.tag}" if self.blame_tag or unheard_of else path, tag, tuple(supported)
            )


@dataclass(frozen=True, slots=True)
class Either:
    """One of several kinds; the first that accepts the value checks it."""

    rules: tuple[Rule, ...]

    @property
    def noun(self) -> str:
        """Return the nouns of all kinds."""
        first, *others = (rule.noun for rule in self.rules)
        return f"one of {alternatives([first, *map(bare, others)])}"

    def accepts(self, value: object) -> bool:
        """Return whether any of the kinds accepts the value."""
        for rule in self.rules:  # noqa: SIM110 (a generator costs more than all the rest; every request is here)
            if rule.accepts(value):
                return True
        return False

    def check(self, value: Any, path: str) -> None:
        """Let the kind that accepts the value check it."""
        for rule in self.rules:
            if rule.accepts(value):
                rule.check(value, path)
                return


def either(*rules: Rule) -> Either:
    """Return a rule for any of these kinds."""
    return Either(rules)
