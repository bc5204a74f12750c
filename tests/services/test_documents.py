"""The pages about the services name every argument, setting and file, and only tests that exist."""

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pipecat_responses as ours

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "reference" / "services.md").read_text(encoding="utf-8")


def named(name: str) -> bool:
    return re.search(rf"`[^`]*\b{name}\b[^`]*`", PAGE) is not None


def test_every_argument_and_setting_is_named() -> None:
    arguments = {
        name
        for service in (ours.OpenAIResponsesLLMService, ours.OpenAIResponsesHttpLLMService)
        for kind in service.__mro__
        if kind.__module__.startswith("pipecat_responses") and "__init__" in vars(kind)
        for name, parameter in inspect.signature(kind.__init__).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    known = {
        field.name for kind in (ours.OpenAIResponsesLLMSettings, ours.Timeouts) for field in fields(kind)
    }
    assert len(arguments) > 15
    assert [name for name in sorted(arguments | known) if not named(name)] == []


def test_every_test_and_file_it_names_exists() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    page = (DOCS / "understand" / "pipecat-defects.md").read_text(encoding="utf-8")
    told = re.findall(r"`(test_\w+)`", page)
    assert len(told) > 40
    assert [name for name in told if f"def {name}(" not in tests] == []
    files = {path.name for path in Path(ours.__file__).parent.glob("*.py")} - {"__init__.py"}
    design = (DOCS / "understand" / "design.md").read_text(encoding="utf-8")
    chapter = re.split(r"^## ", design, flags=re.M)
    told = next(text for text in chapter if text.startswith("pipecat_responses"))
    assert files == set(re.findall(r"\b(\w+\.py)\b", told))


def test_the_timeouts_and_the_heartbeat_are_what_it_says() -> None:
    limits = ours.Timeouts()
    told = vars_of(limits) | {"silence": limits.longest_silence}
    for name, seconds in told.items():
        assert f"| `{name}` | {seconds:g} |" in PAGE, name
    heartbeat = ours.Heartbeat()
    assert f"ping after {heartbeat.idle:g} s of quiet, after {heartbeat.busy:g} s while" in PAGE


def vars_of(timeouts: ours.Timeouts) -> dict[str, float]:
    return {field.name: getattr(timeouts, field.name) for field in fields(timeouts)}
