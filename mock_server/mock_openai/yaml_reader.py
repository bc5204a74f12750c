"""Reading YAML from users within bounds.

With anchors and aliases (`&name`, `*name`), a YAML file of 600 bytes can expand to billions of values, and a
value can even contain itself. So the values are counted while the text is read, each alias as often as it is
used. Exceeding a bound is an error with its line, like a syntax error.

Strategy: libyaml, if available, splits the text into events, ten times faster than Python. The nodes are
composed in Python, which lets other threads run between its steps, so a server can read in a thread and go on
serving.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

if yaml.__with_libyaml__:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

DEEPEST = 100
"""Levels of nesting."""

VALUES = 200_000
"""Keys and values that a script, a fault plan or a scenario file may contain, with aliases counted in full; a
long text counts once for every 100 characters.
"""

_LONG = 100

DIRECTIVES = 100
"""Lines that begin with a percent sign. libyaml compares each `%TAG` with all others, and nothing else in the
process runs meanwhile.
"""

LONGEST_NUMBER = 400
"""Characters of a number or date, as many as the largest float takes. Numbers to the base 60 (`1:59:59`) are
read in a time that grows with the square of their length.
"""

_DIRECTIVE = re.compile(r"(?:^|[\n\r\x85\u2028\u2029])%")
_NUMBERS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp"))

_EXPLAINED = 2**20
"""Characters of the longest text that is parsed again to find its error."""


class TooMuch(yaml.MarkedYAMLError):
    """A text that contains more than may be read."""


class _Counting(Composer, SafeConstructor, Resolver):
    """Composes nodes and counts what they contain."""

    def __init__(self, values: int = VALUES) -> None:
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)
        self._left, self._depth = values, 0
        self._values = values
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose the next node. Raises TooMuch."""
        event: Any = self.peek_event()  # type: ignore[attr-defined]
        if isinstance(event, yaml.AliasEvent):
            node = super().compose_node(parent, index)
            size = self._sizes.get(id(node))
            if size is None:
                raise _too_much("a node that contains itself", event)
            self._spend(size, event)
            return node
        before = self._left
        self._spend(1 + (len(event.value) // _LONG if isinstance(event, yaml.ScalarEvent) else 0), event)
        self._depth += 1
        if self._depth > DEEPEST:
            raise _too_much(f"more than {DEEPEST} levels of nesting", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._sizes[id(node)] = before - self._left
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct a value. Raises YAMLError for every error in it, whatever PyYAML raises."""
        if node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
            raise yaml.constructor.ConstructorError(
                problem=f"a number of more than {LONGEST_NUMBER} characters", problem_mark=node.start_mark
            )
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError, TypeError) as error:  # the 31st of February, or 5,000 digits
            raise yaml.constructor.ConstructorError(
                problem=f"a value that cannot be read ({error})", problem_mark=node.start_mark
            ) from None

    def _spend(self, size: int, event: Any) -> None:
        self._left -= size
        if self._left < 0:
            raise _too_much(f"more than {self._values:,} values, aliases counted in full", event)


class _InPython(_Counting, Reader, Scanner, Parser):
    def __init__(self, text: str, values: int = VALUES) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        _Counting.__init__(self, values)


if yaml.__with_libyaml__:

    class _Fast(_Counting, CParser):
        def __init__(self, text: str, values: int = VALUES) -> None:
            CParser.__init__(self, text)
            _Counting.__init__(self, values)

else:
    _Fast = _InPython  # type: ignore[assignment, misc]


def compose(text: str, values: int = VALUES) -> tuple[SafeConstructor, yaml.Node | None]:
    """Return a text's root node, None for an empty text, and the constructor for its values. Raises
    yaml.YAMLError; TooMuch for more than `values` keys and values.
    """
    for place in islice(_DIRECTIVE.finditer(text) if "%" in text else (), DIRECTIVES, None):
        mark = yaml.Mark("", place.end(), text.count("\n", 0, place.end()), 0, None, 0)
        raise TooMuch(problem=f"more than {DIRECTIVES} lines that begin with %", problem_mark=mark)
    try:
        return _composed(_Fast(text, values))
    except TooMuch:
        raise
    except yaml.YAMLError:
        if len(text) > _EXPLAINED:
            raise
        return _composed(_InPython(text, values))  # whose errors are more precise


def _composed(loader: _Counting) -> tuple[SafeConstructor, yaml.Node | None]:
    try:
        return loader, loader.get_single_node()
    finally:
        loader.dispose()  # type: ignore[attr-defined]


def _too_much(what: str, event: Any) -> TooMuch:
    return TooMuch(problem=what, problem_mark=event.start_mark)
