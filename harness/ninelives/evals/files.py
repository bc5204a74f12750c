"""Loads Pipecat's scenario files and suites through Pipecat, and reports what Pipecat refuses in one line,
with file and line.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from mock_openai.files import read_text
from mock_openai.yaml_reader import compose
from pipecat.evals.scenario import (
    EvalExpectation,
    EvalScenarioFile,
    EvalScriptScenario,
    EvalSimulationScenario,
    is_scenario_file,
)
from pipecat.evals.suite import SCENARIO_SUFFIXES, EvalManifest

from ninelives.usage_error import UsageError

LARGEST = 2**20
"""Bytes of the largest scenario file or suite."""

OF_SOUND = ("user_", "vad_", "bot_started", "bot_stopped", "bot_backchannel")
"""Beginnings of the events that only a bot with ears and a voice reports."""

SPOKEN = ("response", "tts_response")
"""Events that tell what the bot said aloud."""

Loaded = EvalScriptScenario | EvalSimulationScenario


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario for one bot."""

    name: str
    """The name that Pipecat gives it: `weather/paris`."""
    path: Path
    """The file."""
    scenario: Loaded
    bot: str
    """The bot, as the user names it: `bot.py:run_bot`."""
    label: str = ""
    """The bot's name in a suite of several."""
    body: Any = None
    """What the suite passes to the bot (`runner_args.body`)."""
    folder: Path | None = None
    """The working directory of the bot. None: that of the command."""
    attempts: int = 1
    """How often the file asks for it to be played: a suite's `repeat`, or a simulation's `runs`."""

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
        """The title of the case in reports."""
        return f"{self.label}: {self.name}" if self.label else self.name

    def in_text(self) -> Case:
        """Return the case without sound: the user's words are sent as text, and the model's words are judged.

        A case that expects events of sound is not changed.
        """
        scenario: Any = self.scenario
        silent: dict[str, Any] = {
            "user_audio": False,
            "user_speech": None,
            "bot_audio": False,
            "transcriber": None,
        }
        if isinstance(scenario, EvalScriptScenario):
            asked: list[str | None] = [each.event for turn in scenario.turns for each in turn.expect]
            asked += [turn.send_after.event for turn in scenario.turns if turn.send_after is not None]
            if any(event is not None and event.startswith(OF_SOUND) for event in asked):
                return self
            silent["turns"] = [
                replace(turn, audio=None, expect=list(map(_read, turn.expect))) for turn in scenario.turns
            ]
        return replace(self, scenario=replace(scenario, **silent))

    def turn_of_file(self, number: int) -> int:
        """Return the turn of the file in which the user speaks for the n-th time, both from 1.

        The turns of a file that only listen count; in a simulation there are none.
        """
        if isinstance(self.scenario, EvalSimulationScenario):
            return number
        spoken = [
            place
            for place, turn in enumerate(self.scenario.turns, 1)
            if turn.user is not None or turn.dtmf is not None
        ]
        return spoken[number - 1] if 0 < number <= len(spoken) else number

    def line(self) -> int:
        """Return the line of the file in which the scenario's name stands, from 1."""
        return _line_of(self.path, re.escape(self.name.rpartition("/")[2]))


def _read(expectation: EvalExpectation) -> EvalExpectation:
    return replace(expectation, event="llm_response") if expectation.event in SPOKEN else expectation


def cases(places: Sequence[Path], bot: str | None) -> list[Case]:
    """Return the scenarios of files, of folders of files, and of suites, in order. Raises UsageError."""
    found: list[Case] = []
    for place in places:
        for path in files_of(place):
            found += _suite(path) if is_suite(path) else list(_scenarios(path, bot))
    if not found:
        raise UsageError(
            f"{', '.join(map(str, places))}: there is no scenario in it; expected Pipecat's eval files"
        )
    return found


def files_of(place: Path) -> list[Path]:
    """Return the scenario files of a place, or the suite that it is. Raises UsageError."""
    if not place.is_dir():
        if not place.is_file():
            raise UsageError(
                f"{place} cannot be read (no such file); expected a scenario file, a suite or a folder"
            )
        return [place]
    files = sorted(
        path
        for path in place.iterdir()
        if path.suffix in SCENARIO_SUFFIXES
        and path.is_file()
        and not is_suite(path)
        and is_scenario_file(path)
    )
    if not files:
        raise UsageError(f"{place}: no .yaml or .yml scenario file in this folder")
    return files


def is_suite(path: Path) -> bool:
    """Whether a file lists bots and their scenarios."""
    try:
        return re.search(r"^suite\s*:", read_text(path, LARGEST), re.MULTILINE) is not None
    except (OSError, UnicodeDecodeError):
        return False


def _scenarios(path: Path, bot: str | None) -> Iterator[Case]:
    if bot is None:
        raise UsageError(f"{path} does not name a bot; add --bot bot.py, or give a suite that names its bots")
    for scenario in load(path):
        runs = scenario.runs if isinstance(scenario, EvalSimulationScenario) else 1
        yield Case(scenario.name, path, scenario, bot, attempts=runs)


def load(path: Path) -> list[Loaded]:
    """Return the scenarios of a file. Raises UsageError with Pipecat's own words, the file and the line."""
    _bounded(path)
    # Pipecat tells of deprecated files whatever the filters say.
    with warnings.catch_warnings(record=True), _readable(path):
        try:
            return list(EvalScenarioFile.load(path))
        except (yaml.YAMLError, UnicodeDecodeError):
            raise
        except FileNotFoundError as error:
            raise UsageError(
                f"{path}: {error.filename} cannot be read (no such file), which it includes"
            ) from None
        except (ValueError, TypeError, KeyError, AttributeError, OSError, RecursionError) as error:
            raise UsageError(_refused(path, error)) from None


def _bounded(path: Path) -> str:
    """Return the text of a YAML file. Raises UsageError, also for a file that Pipecat, which has no limits,
    would read for ever or not at all.
    """
    with _readable(path):
        try:
            text = read_text(path, LARGEST)
            compose(text)
        except OSError as error:
            raise UsageError(
                f"{path} cannot be read ({error.strerror}); expected a file of Pipecat's evals"
            ) from None
        return text


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Raise UsageError in place of the errors for a file that is not YAML."""
    try:
        yield
    except yaml.YAMLError as error:
        raise UsageError(_yaml(path, error)) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8; expected a file of Pipecat's evals") from None


def _yaml(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    where = (
        f"{mark.name if mark.name.endswith(SCENARIO_SUFFIXES) else path}:{mark.line + 1}"
        if mark
        else str(path)
    )
    return f"{where}: this is not YAML ({problem}); fix it and try again"


def _refused(path: Path, error: Exception) -> str:
    said = str(error).replace("\n", " ")
    for start in (f"{path}: ", f"{path.resolve()}: "):
        said = said.removeprefix(start)
    if not isinstance(error, ValueError):
        said = f"{type(error).__name__}: {said}"
    return f"{path}:{place_of(path, said)}: Pipecat refuses this file: {said}"


_STEPS = {"scenario": "scenarios", "turn": "turns", "expectation": "expect", "metric": "metrics"}


class _Any(yaml.SafeLoader):
    """Accepts any YAML tag, because only the places in the file are needed."""


_Any.add_multi_constructor("!", lambda *_: None)


def place_of(path: Path, said: str) -> int:
    """Return the line that a message is about, as far as its numbers and words show; otherwise the first
    line.
    """
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    root: Any = yaml.compose(text, Loader=_Any)
    steps = [
        (_STEPS[kind], int(number)) for kind, number in re.findall(rf"({'|'.join(_STEPS)}) #(\d+)", said)
    ]
    if "duplicate" in said:
        words = [re.escape(each.strip().rpartition("/")[2]) for each in said.rpartition(":")[2].split(",")]
        return max(number for number, row in enumerate(lines, 1) if _says(row, words[0]))
    named = re.findall(r"'([\w.]+)(:?)", said)
    words = [
        re.escape(each.rpartition(".")[2]) for each, colon in sorted(named, key=lambda each: not each[1])
    ]
    if "missing" in said or "needs" in said:
        words = []
    places = [each for each in _reached(root, steps) if each is not None] if steps else [root]
    for word in words:
        for node in places:
            for number in range(node.start_mark.line, min(node.end_mark.line + 1, len(lines))):
                if _says(lines[number], word):
                    return number + 1
    return (places[0].start_mark.line if places and steps else 0) + 1


def _reached(node: Any, steps: Sequence[tuple[str, int]]) -> Iterator[Any]:
    """Return the nodes to which steps such as turn 0, expectation 1 lead, in any scenario of the file."""
    if not steps:
        yield node
        return
    (key, number), *rest = steps
    below = _child(node, key)
    if below is not None and number < len(below.value):
        yield from _reached(below.value[number], rest)
    elif key != "scenarios" and (scenarios := _child(node, "scenarios")) is not None:
        for each in scenarios.value:
            yield from _reached(each, steps)


def _child(node: Any, key: str) -> Any:
    """Return the list under a key of a mapping."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key and isinstance(value, yaml.SequenceNode):
                return value
    return None


def _says(line: str, word: str) -> bool:
    return re.search(rf"(?<![\w.]){word}(?!\w)", line.partition(" #")[0]) is not None


def _line_of(path: Path, word: str) -> int:
    """Return the first line with a word, from 1. 0: there is none."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if _says(line, word)), 0)


def _suite(path: Path) -> list[Case]:
    _bounded(path)
    try:
        with warnings.catch_warnings(record=True), _readable(path):
            manifest = EvalManifest.load(path)
    except (ValueError, TypeError, KeyError, AttributeError, OSError, RecursionError) as error:
        raise UsageError(_refused(path, error)) from None
    found = []
    for run in (each for each in manifest.runs if each.attempt == 1):
        loaded = run.loaded
        if loaded is None:  # Pipecat reports the problem later
            loaded = next(iter(load(run.scenario_path)))
        body, folder = run.runner_body, None
        if run.runner_body_path is not None:
            folder = run.runner_body_path.parent
            with _readable(run.runner_body_path):
                body = yaml.safe_load(_bounded(run.runner_body_path))
        assert run.bot_path is not None
        if not run.bot_path.is_file():
            raise UsageError(f"{path}: the bot {run.bot} cannot be read (no such file: {run.bot_path})")
        found.append(
            Case(
                run.scenario,
                run.scenario_path,
                loaded,
                str(run.bot_path),
                run.label,
                body,
                folder,
                run.attempts,
            )
        )
    return found
