"""Pipecat's scenario files and suites, read by Pipecat; what it refuses is one line with the file and the place."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pipecat.evals.scenario import (
    EvalScenarioFile,
    EvalScriptScenario,
    EvalSimulationScenario,
    is_scenario_file,
)
from pipecat.evals.suite import SCENARIO_SUFFIXES, EvalManifest

from ninelives.complaint import Complaint

Loaded = EvalScriptScenario | EvalSimulationScenario


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario for one bot."""

    name: str
    """As Pipecat names it: `weather/paris`."""
    path: Path
    """The file."""
    scenario: Loaded
    bot: str
    """The bot, as the user names it: `bot.py:run_bot`."""
    label: str = ""
    """The bot's name in a suite of several."""
    body: Any = None
    """What the suite passes to the bot (`runner_args.body`)."""

    @property
    def simulated(self) -> bool:
        """Whether a model plays the caller."""
        return isinstance(self.scenario, EvalSimulationScenario)

    @property
    def speaks(self) -> bool:
        """Whether the scenario needs sound."""
        return self.scenario.user_audio or self.scenario.bot_audio

    @property
    def title(self) -> str:
        """What reports call it."""
        return f"{self.label}: {self.name}" if self.label else self.name

    def line(self) -> int:
        """The line of the file in which the scenario's name stands, from 1."""
        return _line_of(self.path, re.escape(self.name.rpartition("/")[2]))


def cases(places: Sequence[Path], bot: str | None) -> list[Case]:
    """The scenarios of files, of folders of files, and of suites, in order. Raises Complaint."""
    found: list[Case] = []
    for place in places:
        for path in _files(place):
            found += _suite(path) if _is_suite(path) else list(_scenarios(path, bot))
    if not found:
        raise Complaint(f"{', '.join(map(str, places))}: no scenario in it; expected files of Pipecat's evals")
    return found


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        if not place.is_file():
            raise Complaint(f"{place} cannot be read (no such file); expected a scenario file, a suite or a folder")
        return [place]
    files = sorted(
        path
        for path in place.iterdir()
        if path.suffix in SCENARIO_SUFFIXES and path.is_file() and not _is_suite(path) and is_scenario_file(path)
    )
    if not files:
        raise Complaint(f"{place}: no .yaml or .yml scenario file in this folder")
    return files


def _is_suite(path: Path) -> bool:
    try:
        return re.search(r"^suite\s*:", path.read_text(encoding="utf-8"), re.MULTILINE) is not None
    except (OSError, UnicodeDecodeError):
        return False


def _scenarios(path: Path, bot: str | None) -> Iterator[Case]:
    if bot is None:
        raise Complaint(f"{path} names no bot; add --bot bot.py, or give a suite that names its bots")
    for scenario in load(path):
        yield Case(scenario.name, path, scenario, bot)


def load(path: Path) -> list[Loaded]:
    """The scenarios of a file. Raises Complaint with Pipecat's own words, the file and the line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return list(EvalScenarioFile.load(path))
        except yaml.YAMLError as error:
            raise Complaint(_yaml(path, error)) from None
        except UnicodeDecodeError:
            raise Complaint(f"{path} is not text in UTF-8; expected a scenario file of Pipecat's evals") from None
        except FileNotFoundError as error:
            raise Complaint(f"{path}: {error.filename} cannot be read (no such file), which it includes") from None
        except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
            raise Complaint(_refused(path, error)) from None


def _yaml(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    where = f"{mark.name if mark.name.endswith(SCENARIO_SUFFIXES) else path}:{mark.line + 1}" if mark else str(path)
    return f"{where}: this is not YAML ({problem}); mend it and try again"


def _refused(path: Path, error: Exception) -> str:
    said = str(error).replace("\n", " ")
    for start in (f"{path}: ", f"{path.resolve()}: "):
        said = said.removeprefix(start)
    if not isinstance(error, ValueError):
        said = f"{type(error).__name__}: {said}"
    return f"{path}:{_place(path, said)}: Pipecat refuses this file: {said}"


def _place(path: Path, said: str) -> int:
    """The line that a message is about, as far as its words and numbers tell; else the first."""
    text = path.read_text(encoding="utf-8")
    numbers = [int(each) for each in re.findall(r"#(\d+)", said)]
    start = 0
    if numbers and (node := yaml.compose(text, Loader=_Any)) is not None:
        start = _deep(node, said, numbers)
    words = re.findall(r"'([\w.]+):?'", said) + re.findall(r"\bgot '([^']+)'", said)
    for word in reversed(words):
        for name in (word.rpartition(".")[2], word):
            if found := _line_of(path, re.escape(name), start):
                return found
    return start + 1


class _Any(yaml.SafeLoader):
    """Reads any tag, for its place only."""


_Any.add_multi_constructor("!", lambda *_: None)


def _deep(node: Any, said: str, numbers: Sequence[int]) -> int:
    """The line (from 0) of `scenario #1`, `turn #0`, `expect #2`, as deep as it is there."""
    line = 0
    for kind, number in re.findall(r"(scenario|turn|expect\w*|metric\w*) #(\d+)", said):
        key = {"scenario": "scenarios", "turn": "turns", "expe": "expect", "metr": "metrics"}[
            kind if kind in ("scenario", "turn") else kind[:4]
        ]
        below = _child(node, key)
        if below is None or int(number) >= len(below.value):
            break
        node = below.value[int(number)]
        line = node.start_mark.line
    return line


def _child(node: Any, key: str) -> Any:
    """The list under a key of a mapping; for turns, also that of a file's first scenario."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key and isinstance(value, yaml.SequenceNode):
                return value
        for _, value in node.value:
            if isinstance(value, yaml.SequenceNode) and key == "turns":
                for each in value.value:
                    if (found := _child(each, key)) is not None:
                        return found
    return None


def _line_of(path: Path, word: str, start: int = 0) -> int:
    """The first line from `start` (from 0) on with a word, from 1. 0: there is none."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if number > start and re.search(rf"(?<![\w.]){word}(?![\w])", line.partition(" #")[0]):
            return number
    return 0


def _suite(path: Path) -> list[Case]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            manifest = EvalManifest.load(path, repeat=1)
    except yaml.YAMLError as error:
        raise Complaint(_yaml(path, error)) from None
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        raise Complaint(_refused(path, error)) from None
    found = []
    for run in manifest.runs:
        loaded = run.loaded
        if loaded is None:  # Pipecat keeps it for later what is wrong with it
            loaded = next(iter(load(run.scenario_path)))
        body = run.runner_body
        if run.runner_body_path is not None:
            body = yaml.safe_load(run.runner_body_path.read_text(encoding="utf-8"))
        assert run.bot_path is not None
        if not run.bot_path.is_file():
            raise Complaint(f"{path}: the bot {run.bot} cannot be read (no such file: {run.bot_path})")
        found.append(Case(run.scenario, run.scenario_path, loaded, str(run.bot_path), run.label, body))
    return found
