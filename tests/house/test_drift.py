"""`make drift` names what changed in other packages, and only that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.drift import __main__ as drift
from tests.drift.compare import differences, from_text, in_both, to_text

BEFORE = {
    "Names that we import": {
        "pipecat.frames.LLMTextFrame": "dataclass TextFrame(skip_tts, text)",
        "pipecat.services.LLMService": "class(settings=None, **kwargs)",
        "websockets.connect": "def(uri, *, max_size=None)",
    },
    "OpenAI's events of a stream": {"response.created": "response: Response, sequence_number: int"},
}


def report(now: dict[str, dict[str, str]]) -> list[str]:
    return list(differences(BEFORE, now))


def test_a_baseline_reads_as_it_was_written() -> None:
    assert from_text(to_text(BEFORE)) == BEFORE


@pytest.mark.parametrize("text", ["name = told", "[A]\nno description"])
def test_a_line_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"line \d: expected"):
        from_text(text)


def test_what_is_the_same_is_not_mentioned() -> None:
    assert report(BEFORE) == []


def test_gone_new_and_changed_are_told_apart() -> None:
    now = {
        "Names that we import": {
            "pipecat.frames.LLMTextFrame": "dataclass TextFrame(text, append_to_context)",
            "pipecat.services.LLMService": "gone",
            "websockets.connect": "property",
        },
        "OpenAI's events of a stream": {
            **BEFORE["OpenAI's events of a stream"],
            "response.sung": "note: Union[A, B], sequence_number: int",
        },
    }
    assert report(now) == [
        "Names that we import:",
        "  ~ pipecat.frames.LLMTextFrame: without skip_tts; with append_to_context",
        "  - pipecat.services.LLMService is gone (was: class(settings=None, **kwargs))",
        "  ~ websockets.connect: was def(uri, *, max_size=None), is property",
        "",
        "OpenAI's events of a stream:",
        "  + response.sung is new: note: Union[A, B], sequence_number: int",
        "",
    ]


def test_arguments_in_another_order_are_a_change() -> None:
    now = {**BEFORE, "Names that we import": {**BEFORE["Names that we import"]}}
    now["Names that we import"]["websockets.connect"] = "def(*, max_size=None, uri)"
    (_, line, _) = report(now)
    assert "another order" in line


def test_a_name_that_only_our_own_code_began_or_ceased_to_use_is_no_drift() -> None:
    names = {"pipecat.frames.NewFrame": "class()", **BEFORE["Names that we import"]}
    del names["websockets.connect"]
    names["pipecat.services.LLMService"] = "gone"
    old, new, unknown = in_both(BEFORE, {**BEFORE, "Names that we import": names}, ["Names that we import"])
    assert unknown == 1
    assert [line for line in differences(old, new) if line.startswith("  ")] == [
        "  - pipecat.services.LLMService is gone (was: class(settings=None, **kwargs))"
    ]


@pytest.mark.thorough
def test_the_command_finds_nothing_here_and_what_was_planted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = drift.main([])
    told = capsys.readouterr().out
    built = dict(re.findall(r"^(\S+): built against (\S+), installed \S+$", told, re.M))
    installed = dict(re.findall(r"^(\S+): built against \S+, installed (\S+)$", told, re.M))
    if built != installed:
        pytest.skip(f"other versions than the baseline's: {installed}; see `make drift`")
    assert (code, told.count("\n  ")) == (0, 0)

    text = drift.BASELINE.read_text("utf-8")
    planted = text.replace("response.created = ", "response.sung = ").replace("service_tier = ", "tier = ")
    baseline = tmp_path / "baseline.txt"
    baseline.write_text(planted, "utf-8")
    monkeypatch.setattr(drift, "BASELINE", baseline)
    assert drift.main([]) == 1
    told = capsys.readouterr().out
    assert "  - response.sung is gone" in told
    assert "  + response.created is new: response: Response" in told
    assert "  - tier is gone" in told
    assert "renew the baseline: make drift-baseline" in told

    baseline.unlink()
    assert drift.main([]) == 2
    assert "make it: make drift-baseline" in capsys.readouterr().err
