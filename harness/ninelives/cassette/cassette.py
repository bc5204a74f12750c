"""A cassette: a file of recorded traffic as a list of exchanges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import ninelives.cassette.reader as reader
from ninelives.cassette.assemble import assemble
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.lines import AnyLine, Header


@dataclass(frozen=True)
class Cassette:
    """Recorded traffic, read from a file or from memory."""

    path: Path
    """The file, or a name if it was read from memory."""
    header: Header
    """When, where and with what it was recorded."""
    lines: list[AnyLine]
    """Everything that happened, in order."""
    numbers: range | list[int]
    """The line number of each line in the file."""
    data: bytes
    """The file's bytes."""

    @classmethod
    def load(cls, path: Path | str) -> Cassette:
        """Read a file. Raises CassetteError: one line with file, line, what was found, what was expected,
        what to do.
        """
        read = reader.read(path)
        return cls(Path(path), read.header, read.lines, read.numbers, read.data)

    @classmethod
    def parse(cls, data: bytes, name: str = "<memory>") -> Cassette:
        """Read a cassette from memory; raises CassetteError like `load`."""
        read = reader.parse(data, name)
        return cls(Path(name), read.header, read.lines, read.numbers, read.data)

    @cached_property
    def exchanges(self) -> list[Exchange]:
        """The exchanges in the order in which they began."""
        return assemble(self.lines, self.numbers)

    def __len__(self) -> int:
        return len(self.exchanges)


def stack(cassettes: Iterable[Cassette]) -> list[Exchange]:
    """Return the exchanges of several cassettes in one list, in the order of the cassettes."""
    return [exchange for cassette in cassettes for exchange in cassette.exchanges]
