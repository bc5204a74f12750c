"""Checks a cassette before it is committed, or every night, and reports its problems, one per line.

It finds lines that cannot be read, secrets (also those spread over several deltas), headers that should not
be there, events that the official SDK would reject, exchanges that never ended, recordings that no test used,
and old ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mock_openai.files import SCRIPT_SIZE, open_file, read_bytes
from mock_openai.visible import one_line

import ninelives.cassette.lint_other_formats as foreign
import ninelives.cassette.reader as reader
from ninelives.cassette.checks import Kind, Wishes, problems
from ninelives.cassette.errors import CassetteError
from ninelives.cassette.redact import Redactor


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem to correct before the cassette is committed; a `warning` is only for information."""

    path: Path
    line: int | None
    kind: Kind
    what: str
    """What is wrong and what to do; never the secret itself."""
    warning: bool = False

    def __str__(self) -> str:
        name = one_line(self.path)
        place = f"{name}:{self.line}" if self.line else name
        return f"{place}: {'warning: ' * self.warning}{self.kind}: {self.what}"

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "path": str(self.path),
            "line": self.line,
            "kind": self.kind,
            "level": "warning" if self.warning else "error",
            "what": self.what,
        }


def lint(
    path: Path | str,
    *,
    redactor: Redactor | None = None,
    used: Iterable[int] | None = None,
    older_than: float | None = None,
) -> list[Problem]:
    """Return all problems of a recording, in the order of its lines.

    A cassette is read line by line, so that its size does not matter. Problems in vcrpy's YAML and in HAR may
    have no line. `used`: the numbers of the exchanges that tests used; `older_than`: in days.
    """
    path, redactor = Path(path), redactor or Redactor()
    wishes = Wishes(redactor, None if used is None else frozenset(used), older_than)
    if foreign.is_foreign(path):
        found = list(foreign.found_in(path, wishes))
    else:
        try:
            found = list(problems(reader.stream(path), wishes))
        except CassetteError as error:
            return _unreadable(path, error, redactor)
    return [Problem(path, *each) for each in sorted(found, key=lambda each: each.line or 0)]


def _unreadable(path: Path, first: CassetteError, redactor: Redactor) -> list[Problem]:
    """Yield each line that cannot be read, and the secrets in all lines."""
    problems = [Problem(path, first.line, "unreadable", f"found {first.found}; {first.fix}")]
    if first.line is None:
        return problems
    ours = _is_ours(path)
    for number, line in _numbered(path):
        for kind in sorted({finding.kind for finding in redactor.findings(line)}):
            problems.append(
                Problem(path, number, "secret", f"a secret ({kind}); fix the file, then scrub it")
            )
        if (
            ours  # the first line shows that it is another kind of file
            and number > 1
            and number != first.line
            and line.strip()
            and (error := reader.broken(line, path, number))
        ):
            problems.append(Problem(path, number, "unreadable", f"found {error.found}; {error.fix}"))
    return sorted(problems, key=lambda problem: problem.line or 0)


def _is_ours(path: Path) -> bool:
    return any(reader.broken(line, path, number) is None for number, line in _numbered(path))


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    with open_file(path) as file:
        for number, line in enumerate(file, 1):
            yield number, line.removesuffix(b"\n")


def usage(path: Path) -> dict[Path, list[int]]:
    """Read what pytest's `--cassette-report` wrote: the exchanges of each cassette that tests used. Raises
    CassetteError.
    """
    try:
        cassettes = json.loads(read_bytes(path, SCRIPT_SIZE))["cassettes"]
        found = {name: [int(number) for number in each["used"]] for name, each in cassettes.items()}
    except OSError as error:
        raise CassetteError(path, None, f"{error.strerror}", "a usage report", "check the path") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CassetteError(
            path,
            None,
            "no usage report",
            "what `pytest --cassette-report FILE` writes",
            "write it again",
        ) from None
    return {
        place.resolve(): used for name, used in found.items() for place in (Path(name), path.parent / name)
    }
