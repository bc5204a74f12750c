"""Scenario files: YAML to keep beside the tests and to play again with `verdict`, `as_tests` and others.

Answers are written as in a script, faults as in a fault plan. A file that cannot be read gives one line:
file, line, what was found, what was expected, what to do. A Python file with a `SCENARIO` is read too.
"""

from __future__ import annotations

import runpy
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import yaml
from mock_openai.deprecation import warn_renamed
from mock_openai.faults import Planned
from mock_openai.faults.load import read_faults
from mock_openai.files import read_text
from mock_openai.responders.reply_grammar import read_items
from mock_openai.schema_address import first_line
from mock_openai.source import ScriptError, SourceValue, from_yaml

from ninelives.lab.scenario import BOTH, Scenario
from ninelives.lab.scenario_spec import TOOL, Ask, Continuation, CutIn, OnCancel, Output, Pause, ScenarioSpec
from ninelives.usage_error import UsageError

ENDINGS = (".yaml", ".yml", ".py")

SPEC = (
    "scenario", "sentence", "broke", "steps", "pace", "tool_seconds", "on_cancel", "continuation",
    "transports", "seed",
)  # fmt: skip
ASK = ("user", "answer", "takes", "continuation", "faults", "cut_in", "answerable")
PAUSE = ("pause", "faults")

_OLD_KEYS = {"story": "scenario", "acts": "steps"}


# Writing ----------------------------------------------------------------------------------------------------


def to_data(spec: ScenarioSpec) -> dict[str, Any]:
    """Return the scenario as plain data; usual values are left out."""
    usual = ScenarioSpec(())
    data: dict[str, Any] = {"scenario": spec.name, "sentence": spec.sentence}
    if spec.broke:
        data["broke"] = list(spec.broke)
    for name in ("pace", "tool_seconds", "on_cancel", "continuation", "transports", "seed"):
        value = getattr(spec, name)
        if value != getattr(usual, name):
            data[name] = list(value) if isinstance(value, tuple) else value
    return {**data, "steps": [_step_data(step) for step in spec.steps]}


def to_yaml(spec: ScenarioSpec, remarks: Sequence[str] = ()) -> str:
    """Return the scenario as a file: the address of its schema for editors, and `remarks` as comments above
    it.
    """
    head = first_line("scenario") + "".join(f"# {line}\n" for line in remarks)
    body = yaml.dump(to_data(spec), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return head + str(body)


def _step_data(step: Ask | Pause) -> dict[str, Any]:
    data: dict[str, Any]
    if isinstance(step, Pause):
        data = {"pause": step.seconds}
    else:
        data = {"user": step.user, "answer": [[dict(item) for item in output] for output in step.answer]}
        if step.takes:
            data["takes"] = list(step.takes)
        if step.continuation is not None:
            data["continuation"] = step.continuation
        if step.cut_in is not None:
            cut = step.cut_in
            data["cut_in"] = {"words": cut.words} if cut.words is not None else {"seconds": cut.seconds}
        if not step.answerable:
            data["answerable"] = False
    if step.faults:
        data["faults"] = [_fault_data(one) for one in step.faults]
    return data


def _fault_data(planned: Planned) -> dict[str, Any]:
    described = planned.describe()
    (name, given), *_ = described["do"].items()  # type: ignore[attr-defined]
    usual = {each.name: each.default for each in fields(type(planned.fault))}  # type: ignore[arg-type]
    parameters = {key: value for key, value in given.items() if value != usual[key]}
    at = {key: value for key, value in described["at"].items() if (key, value) != ("phase", "event")}  # type: ignore[attr-defined]
    data: dict[str, Any] = {"at": at, "do": {name: parameters} if parameters else name}
    return data if planned.times == 1 else {**data, "times": planned.times}


class _Dumper(yaml.SafeDumper):
    """Write short mappings and lists on one line, as a person would."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _flow(dumper: yaml.SafeDumper, data: Any) -> yaml.Node:
    node: yaml.CollectionNode
    node = dumper.represent_dict(data) if isinstance(data, Mapping) else dumper.represent_list(data)
    node.flow_style = _is_small(data)
    return node


def _is_small(data: Any) -> bool:
    if isinstance(data, Mapping):
        return "steps" not in data and "user" not in data and "pause" not in data
    return all(not isinstance(each, Mapping | list) for each in data)


_Dumper.add_representer(dict, _flow)
_Dumper.add_representer(list, _flow)


# Reading ----------------------------------------------------------------------------------------------------


def from_text(text: str, file: str = "<scenario>") -> ScenarioSpec:
    """Read a scenario from YAML (JSON is YAML too). Raises UsageError."""
    try:
        return _spec(from_yaml(text, file=file))
    except ScriptError as error:
        raise UsageError(str(error)) from None


def from_data(data: Mapping[str, Any]) -> ScenarioSpec:
    """Read a scenario from plain data, as `to_data` gives it. Raises UsageError."""
    return from_text(yaml.dump(data, Dumper=yaml.SafeDumper, sort_keys=False))


def load(path: Path | str) -> Scenario:
    """Return the scenario in a file: YAML, or a Python file with a `SCENARIO`. Raises
    UsageError.
    """
    path = Path(path)
    if path.suffix == ".py":
        return _from_python(path)
    if path.suffix not in ENDINGS:
        raise UsageError(f"{path} is not a scenario file; expected a file that ends in {', '.join(ENDINGS)}")
    try:
        text = read_text(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8; expected a scenario in YAML") from None
    return from_text(text, str(path)).scenario()


def load_all(place: Path | str) -> list[Scenario]:
    """Return the scenarios of a file, or of every scenario file in a folder by name. Raises UsageError."""
    place = Path(place)
    if not place.is_dir():
        return [load(place)]
    found = [load(path) for path in sorted(place.iterdir()) if _is_ours(path)]
    if not found:
        raise UsageError(f"{place} has no scenario file; expected files that end in {', '.join(ENDINGS)}")
    return found


def _is_ours(path: Path) -> bool:
    return (
        path.is_file()
        and path.suffix in ENDINGS
        and not path.name.startswith(("_", ".", "test_", "conftest"))
    )


def _from_python(path: Path) -> Scenario:
    if not path.is_file():
        raise UsageError(f"{path} cannot be read (no such file); check the path")
    try:
        scenario = runpy.run_path(str(path)).get("SCENARIO")
    except Exception as error:
        raise UsageError(
            f"{path} cannot be run ({type(error).__name__}: {error}); expected a SCENARIO"
        ) from None
    if not isinstance(scenario, Scenario):
        raise UsageError(f"{path} has no SCENARIO; expected SCENARIO = Scenario(...)")
    return scenario


def _spec(source: SourceValue) -> ScenarioSpec:
    given = _with_new_names(source).mapping(SPEC, "a scenario")
    steps = given.get("steps")
    if steps is None or not isinstance(steps.value, list) or not steps.value:
        raise (steps or source).wrong("steps: followed by a list", "write - user: ... or - pause: ...")
    more: dict[str, Any] = {}
    for key, name in (("scenario", "name"), ("sentence", "sentence")):
        if key in given:
            more[name] = given[key].text(key)
    for key in ("pace", "tool_seconds"):
        if key in given:
            more[key] = _seconds(given[key], key)
    if "on_cancel" in given:
        more["on_cancel"] = _one_of(given["on_cancel"], get_args(OnCancel), "on_cancel")
    if (how := _continuation(given)) is not None:
        more["continuation"] = how
    if "seed" in given:
        more["seed"] = given["seed"].whole("seed")
    if "transports" in given:
        more["transports"] = tuple(
            _one_of(each, BOTH, "a transport") for each in _list(given["transports"], "transports")
        )
    if "broke" in given:
        more["broke"] = tuple(each.text("a promise") for each in _list(given["broke"], "broke"))
    return ScenarioSpec(tuple(_read_step(each) for each in steps.value), **more)


def _with_new_names(source: SourceValue) -> SourceValue:
    """Return the scenario with the keys that were renamed; each old key warns."""
    if not isinstance(source.value, dict):
        return source
    given = dict(source.value)
    for old, new in _OLD_KEYS.items():
        if old not in given:
            continue
        if new in given:
            raise given[old].error(f"found both '{old}' and '{new}'", f"only '{new}'", f"remove '{old}'")
        warn_renamed(f"{source.file}:{given[old].line}: '{old}'", f"'{new}'", gone="0.3")
        given[new] = given.pop(old)
    return replace(source, value=given)


def _read_step(source: SourceValue) -> Ask | Pause:
    if isinstance(source.value, dict) and "pause" in source.value:
        given = source.mapping(PAUSE, "a pause")
        return Pause(_seconds(given["pause"], "pause"), tuple(_faults(given)))
    given = source.mapping(ASK, "a step")
    if "user" not in given or "answer" not in given:
        raise source.wrong(
            "a step with user and answer, or with pause",
            "write what the user says and what the model answers",
        )
    return Ask(
        given["user"].text("user"),
        _answer(given["answer"]),
        tuple(_faults(given)),
        _cut_in(given["cut_in"]) if "cut_in" in given else None,
        given["answerable"].flag("answerable") if "answerable" in given else True,
        tuple(_seconds(each, "takes") for each in _list(given["takes"], "takes")) if "takes" in given else (),
        _continuation(given),
    )


def _continuation(given: Mapping[str, SourceValue]) -> Continuation | None:
    if "continuation" not in given:
        return None
    how: Continuation = _one_of(given["continuation"], get_args(Continuation), "continuation")
    return how


def _answer(source: SourceValue) -> tuple[Output, ...]:
    if isinstance(source.value, str):
        return (({"text": source.value},),)
    outputs = _list(source, "answer")
    if outputs and all(isinstance(each.value, dict) for each in outputs):
        outputs = [source]  # the items of one response
    answer = []
    for output in outputs:
        read_items(output)  # it raises an error that says what is wrong, and where
        answer.append(tuple({"text": i} if isinstance(i, str) else i for i in output.plain()))
    for number, said in enumerate(answer, 1):
        calls = [item for item in said if "call" in item]
        if wrong := [item["call"] for item in calls if item["call"] != TOOL]:
            raise source.error(
                f"found a call of '{wrong[0]}'", f"calls of {TOOL}", f"call {TOOL} with a topic"
            )
        if bool(calls) != (number < len(answer)):
            raise source.error(
                "found "
                + ("a call in the last response" if calls else "a response without a call before the last"),
                f"a call of {TOOL} in every response but the last",
                "only a call leads to another response",
            )
    if not answer:
        raise source.wrong("an answer", "write what the model says")
    return tuple(answer)


def _faults(given: Mapping[str, SourceValue]) -> list[Planned]:
    return read_faults(given["faults"]) if "faults" in given else []


def _cut_in(source: SourceValue) -> CutIn:
    given = source.mapping(("words", "seconds"), "cut_in")
    if len(given) != 1:
        raise source.wrong("words or seconds", "write for example cut_in: {words: 3}")
    if "words" in given:
        return CutIn(words=given["words"].whole("words"))
    return CutIn(seconds=_seconds(given["seconds"], "seconds"))


def _list(source: SourceValue, what: str) -> list[SourceValue]:
    if not isinstance(source.value, list):
        raise source.wrong(f"{what} as a list", "write it in [ ]")
    return source.value


def _one_of(source: SourceValue, known: Sequence[str], what: str) -> Any:
    if source.value not in known:
        raise source.wrong(f"{what} as one of {', '.join(known)}", "choose one of these")
    return source.value


def _seconds(source: SourceValue, what: str) -> float:
    value = source.value
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise source.wrong(f"{what} in seconds, from 0", "write for example 0.5")
    return float(value)
