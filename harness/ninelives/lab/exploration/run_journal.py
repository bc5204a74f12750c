"""The finished runs of an exploration as a file: one JSON line per run, written as runs end.

The first line says what is explored. If a run is killed, only the pending runs are lost; a continuation reads
the lines, skips one that was cut off, and plays what is missing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mock_openai.files import RECORDING_SIZE, read_bytes, read_text
from mock_openai.interruption import uninterrupted
from mock_openai.journal import redact
from mock_openai.protocol.json import object_in

from ninelives.lab.conditions import USUAL, Conditions
from ninelives.lab.exploration.drawing import draw_scenario
from ninelives.lab.exploration.trial import Trial
from ninelives.usage_error import UsageError

VERSION = 1

_BEGINNING = b'{"ninelives_explore":'


@dataclass(frozen=True, slots=True)
class Task:
    """The subject of an exploration: the service, the runs and the seed."""

    subject: str
    seed: int
    runs: int
    first: int = 0
    conditions: Conditions = USUAL

    @property
    def numbers(self) -> range:
        """The runs, by number."""
        return range(self.first, self.first + self.runs)


class RunJournal:
    """The file of one exploration, read and written."""

    def __init__(self, path: Path, task: Task) -> None:
        """Continue a file, or begin it. Raises UsageError if it is another exploration's."""
        self.path = path
        self.trials: dict[int, Trial] = {}
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is not a file that can be continued; choose another file")
        try:
            lines = read_bytes(path, RECORDING_SIZE).splitlines(keepends=True) if path.exists() else []
            whole = [line for line in lines if line.endswith(b"\n")]
            if whole:
                self._read(whole, task)
            elif not _BEGINNING.startswith(b"".join(lines)[: len(_BEGINNING)]):
                raise UsageError(f"{path} is not a journal of `ninelives explore`; give one, or a new file")
            path.parent.mkdir(parents=True, exist_ok=True)
            heading = {"ninelives_explore": VERSION, **_heading(task)}
            with uninterrupted():
                if len(whole) != len(lines):
                    os.truncate(path, sum(map(len, whole)))  # the last line was cut off
                self._file = path.open("ab", buffering=0)
                if not whole:
                    self._write(heading)
        except OSError as error:
            raise UsageError(f"{path} cannot be used ({error.strerror}); choose another file") from None

    def _read(self, lines: list[bytes], task: Task) -> None:
        heading, *rest = (self._parsed(line, number) for number, line in enumerate(lines, 1))
        if heading.get("ninelives_explore") != VERSION:
            raise UsageError(f"{self.path} is not a journal of `ninelives explore`; give one, or a new file")
        wanted = _heading(task)
        if (heading.get("subject"), heading.get("seed")) != (task.subject, task.seed):
            raise UsageError(
                f"{self.path} explores {heading.get('subject')} with seed {heading.get('seed')}, not "
                f"{task.subject} with seed {task.seed}; give the same service and seed, or another file"
            )
        if heading.get("conditions") != wanted.get("conditions"):
            raise UsageError(
                f"{self.path} was made with another pace, other budgets or another voice setting; "
                "give the same --pace, --max-first-word, --max-dead-air and --voice, or another file"
            )
        if heading.get("scenarios") != wanted["scenarios"]:
            raise UsageError(
                f"{self.path} was made by a version that draws other scenarios; start with a new file"
            )
        for line in rest:
            trial = Trial(line["run"], line["transport"], tuple((p, why) for p, why in line["broken"]))
            self.trials[trial.run] = trial

    def _parsed(self, line: bytes, number: int) -> dict[str, Any]:
        value = object_in(line)
        if value is not None and (number == 1 or {"run", "transport", "broken"} <= value.keys()):
            return value
        raise UsageError(
            f"{self.path}:{number} is not a line of an exploration's journal; remove it, or start again"
        )

    def note(self, trials: Iterable[Trial]) -> None:
        """Write runs that have ended."""
        with uninterrupted():
            for trial in trials:
                self.trials[trial.run] = trial
                broken = [(promise, redact.text(why)) for promise, why in trial.broken]
                self._write({"run": trial.run, "transport": trial.transport, "broken": broken})

    def _write(self, line: dict[str, Any]) -> None:
        left = memoryview((json.dumps(line, ensure_ascii=False) + "\n").encode())
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise UsageError(
                f"{self.path} cannot be written ({error.strerror}); free some space, "
                "then continue with the same --out"
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Played:
    """The content of a journal: the runs of a subject, and those of them that broke a promise."""

    subject: str
    runs: frozenset[int]
    broken: frozenset[int]


def played_in(path: Path) -> Played:
    """Read a journal's runs and their subject. Raises UsageError if it is not a journal."""
    try:
        first, *rest = read_text(path, RECORDING_SIZE).splitlines() or [""]
        heading = json.loads(first)
        lines = [json.loads(line) for line in rest if line[-1:] == "}"]
        return Played(
            str(heading["subject"]),
            frozenset(line["run"] for line in lines),
            frozenset(line["run"] for line in lines if line["broken"]),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(
            f"{path} is not a journal of `ninelives explore`; choose another --out, or remove it"
        ) from None


def _heading(task: Task) -> dict[str, Any]:
    drawn = "".join(repr(draw_scenario(task.seed, run)) for run in range(64))
    heading: dict[str, Any] = {"subject": task.subject, "seed": task.seed, "scenarios": _digest(drawn)}
    if task.conditions != USUAL:
        heading["conditions"] = _digest(repr(task.conditions))
    return heading


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
