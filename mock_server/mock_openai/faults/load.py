"""Fault plans in YAML.

    faults:
      - at: {turn: 2, event: response.output_text.delta, nth: 3}
        do: reset
      - at: {connection: 2}
        do: {handshake_status: {status: 503, retry_after: 1}}
        times: 2

The keys are those of `faults.at(...)`. What does not fit is a PlanError that names the file, the line, what
was expected and how to fix it.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from mock_openai.faults.planned import Planned
from mock_openai.faults.registry import create
from mock_openai.faults.trigger import Trigger
from mock_openai.files import read_text
from mock_openai.source import ScriptError, SourceValue, from_yaml

_TRIGGER_KEYS = tuple(field.name for field in fields(Trigger))
_EXAMPLE = "for example - {at: {turn: 1}, do: reset}"
_SEE = "`mock-openai faults` lists them"


class PlanError(ValueError):
    """A fault plan that cannot be read: one line, with file and line number."""


def load(path: str | Path) -> list[Planned]:
    """Read a fault plan from a YAML file."""
    source = Path(path)
    try:
        text = read_text(source)
    except OSError as error:
        raise PlanError(f"{source}: cannot read the fault plan: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise PlanError(f"{source}: the fault plan is not UTF-8 text; save it as UTF-8") from None
    return loads(text, name=str(source))


def loads(text: str, *, name: str = "<faults>") -> list[Planned]:
    """Read a fault plan from YAML (or JSON) text; `name` is what errors call it."""
    try:
        return _plan(from_yaml(text, file=name))
    except ScriptError as error:
        raise PlanError(str(error)) from None


def read_faults(source: SourceValue) -> list[Planned]:
    """Read a list of faults. Raises ScriptError, which says where it is wrong and how to fix it."""
    if not isinstance(source.value, list):
        raise source.wrong("a list of faults", f"write {_EXAMPLE}")
    return [_planned(one) for one in source.value]


def _plan(source: SourceValue) -> list[Planned]:
    if source.value is None:
        return []
    if not isinstance(source.value, dict):
        return read_faults(source)
    sections = source.mapping(("faults",), "a fault plan")
    return read_faults(sections.get("faults", source))


def _planned(source: SourceValue) -> Planned:
    given = source.mapping(("at", "do", "times"), "a fault")
    if "do" not in given:
        raise source.wrong("a fault with the key `do`", f"write {_EXAMPLE}")
    where = given["at"].mapping(_TRIGGER_KEYS, "a trigger").items() if "at" in given else ()
    try:
        trigger = Trigger(**{key: value.plain() for key, value in where})
    except ValueError as error:
        raise given["at"].error(
            f"found an invalid trigger ({error})", "a trigger", "write for example at: {turn: 1}"
        ) from None
    name, parameters = _fault(given["do"])
    try:
        fault = create(name, **parameters)
        times = given["times"].plain() if "times" in given else 1
        return Planned(trigger.with_defaults(fault.where), fault, times)
    except ValueError as error:
        raise given["do"].error(f"found an invalid fault ({error})", "a fault", _SEE) from None


def _fault(source: SourceValue) -> tuple[str, dict[str, Any]]:
    match source.value:
        case str():
            return source.value, {}
        case dict() if len(source.value) == 1:
            ((name, parameters),) = source.value.items()
            if parameters.value is None:
                return str(name), {}
            if isinstance(parameters.value, dict):
                return str(name), {str(key): value.plain() for key, value in parameters.value.items()}
    raise source.wrong("one fault", "write for example do: reset, or do: {close: {code: 1011}}")
