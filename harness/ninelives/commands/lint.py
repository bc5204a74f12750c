"""`ninelives lint` and `ninelives scrub`: check and clean cassettes before they are committed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from mock_openai.visible import one_line

from ninelives.cassette.lint import Problem, lint, usage
from ninelives.cassette.lint_other_formats import is_recording
from ninelives.cassette.scrub import scrub
from ninelives.commands.files import Several
from ninelives.commands.printing import output
from ninelives.commands.secrets import Secrets
from ninelives.plural import counted
from ninelives.usage_error import UsageError


def run(
    paths: Sequence[Path], report: Path | None, older_than: float | None, as_json: bool, secrets: Secrets
) -> int:
    """Print a line for each problem; return 1 if one is more than a warning."""
    files = _files(paths, _recordings)
    usages = usage(report) if report is not None else None
    console = output()
    problems: list[Problem] = []
    for path in files:
        used = None if usages is None else usages.get(path.resolve(), ())
        problems += lint(path, redactor=secrets.redactor(), used=used, older_than=older_than)
    wrong = [problem for problem in problems if not problem.warning]
    if as_json:
        print(json.dumps({"files": len(files), "problems": [each.as_json() for each in problems]}, indent=1))
        return 1 if wrong else 0
    for problem in problems:
        console.print(str(problem), markup=False, highlight=False)
    if not wrong:
        console.print(f"no problems in {counted(len(files), 'cassette')}")
    return 1 if wrong else 0


def fix(paths: Sequence[Path], secrets: Secrets) -> int:
    """Replace the secrets in each file, each in one step. Raises UsageError after the last if one failed."""
    console = output()
    files = _files(paths, _cassettes)
    several = Several(len(files))
    for path in files:
        with several.each(path):
            changed = scrub(path, redactor=secrets.redactor())
            result = f"{counted(changed, 'line')} changed" if changed else "nothing to scrub"
            console.print(f"{one_line(path)}: {result}", markup=False, highlight=False)
    for path in (each for folder in paths for each in _others(folder)):
        console.print(f"{one_line(path)}: left as it is, because it is no cassette; lint says what it holds")
    several.end()
    return 0


def _files(paths: Sequence[Path], inside: Callable[[Path], list[Path]]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: found no such file; expected a cassette, or a folder of them")
        found = inside(path) if path.is_dir() else [path]
        if not found:
            raise UsageError(f"{path}: found no cassette; expected a file, or a folder with .jsonl files")
        files += found
    return files


def _cassettes(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.jsonl"))


def _recordings(folder: Path) -> list[Path]:
    """Return the files of a folder that `lint` reads; a folder of tests has other YAML too."""
    return sorted([*_cassettes(folder), *_others(folder)])


def _others(folder: Path) -> list[Path]:
    """Return the recordings of other formats in a folder."""
    return sorted(path for path in folder.rglob("*") if is_recording(path))
