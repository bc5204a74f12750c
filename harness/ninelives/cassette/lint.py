"""Looks a cassette over before it is committed, or every night: what is wrong with it, a line each.

Lines that cannot be read, secrets (also such as are spelled over several deltas), headers that should not be
there, events that the official SDK would not accept, exchanges that never ended, recordings that no test used
and such as have grown old.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ninelives.cassette.foreign as foreign
import ninelives.cassette.reader as reader
from ninelives.cassette.checks import Kind, Wishes, problems
from ninelives.cassette.errors import CassetteError
from ninelives.cassette.redact import Redactor


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that should be mended before the cassette is committed; a `warning` is only to be known."""

    path: Path
    line: int | None
    kind: Kind
    what: str
    """What it is and what to do; never the secret itself."""
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        return f"{place}: {'warning: ' * self.warning}{self.kind}: {self.what}"

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
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
    """Everything that is wrong with a recording, in the order of its lines; an empty list when nothing is.

    A cassette is read line by line, so that its size does not matter. Of vcrpy's YAML and of HAR the problems
    that stand on no line of theirs have none. `used` are the numbers of the exchanges that tests asked for,
    `older_than` is in days.
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
    """Every line that cannot be read, and the secrets in all."""
    problems = [Problem(path, first.line, "unreadable", f"found {first.found}; {first.mend}")]
    if first.line is None:
        return problems
    ours = _is_ours(path)
    for number, line in _numbered(path):
        for kind in sorted({finding.kind for finding in redactor.findings(line)}):
            problems.append(
                Problem(path, number, "secret", f"a secret ({kind}); mend the file, then scrub it")
            )
        if (
            ours  # of another file the first line says it all
            and number > 1
            and number != first.line
            and line.strip()
            and (error := reader.broken(line, path, number))
        ):
            problems.append(Problem(path, number, "unreadable", f"found {error.found}; {error.mend}"))
    return sorted(problems, key=lambda problem: problem.line or 0)


def _is_ours(path: Path) -> bool:
    return any(reader.broken(line, path, number) is None for number, line in _numbered(path))


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            yield number, line.removesuffix(b"\n")


def usage(path: Path) -> dict[Path, list[int]]:
    """What pytest's `--cassette-report` wrote: of each cassette the exchanges that tests used. Raises
    CassetteError.
    """
    try:
        told = json.loads(path.read_bytes())["cassettes"]
        found = {name: [int(number) for number in each["used"]] for name, each in told.items()}
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
