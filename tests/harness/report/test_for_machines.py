"""JUnit's XML and GitHub's workflow commands, whatever stands in the texts."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ninelives.commands.reports import SUMMARY, Reports
from ninelives.report.checked import Checked
from ninelives.report.github import commands, summary
from ninelives.report.junit import junit
from ninelives.usage_error import UsageError

GOOD = Checked(
    "bot.py", "weather", "weather/paris", 4.45, file="evals/weather.yaml", line=4, talk="Hi → Hello."
)
BAD = Checked(
    "bot.py", "weather", "weather/paris x reset", problems=['I1: heard "It isIt is"', "eval: <b>&50%"]
)
SKIPPED = Checked("bot.py", "weather", "weather/spoken", skipped="it needs sound")
CRASHED = Checked("other.py", "weather", "weather/paris", problems=["crashed: KeyError"], crashed=True)


def test_a_test_case_for_each_check_with_its_place() -> None:
    root = ElementTree.fromstring(junit([GOOD, BAD, SKIPPED, CRASHED], "ninelives eval"))
    assert root.tag == "testsuites"
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    assert [suite.get("name") for suite in root] == ["bot.py", "other.py"]
    good, bad, skipped = root[0]
    assert (good.get("name"), good.get("classname"), good.get("time")) == ("weather/paris", "weather", "4.45")
    assert (good.get("file"), good.get("line")) == ("evals/weather.yaml", "4")
    assert good.findtext("system-out") == "Hi → Hello."
    failure = bad.find("failure")
    assert failure is not None
    assert failure.get("message") == 'I1: heard "It isIt is"'
    assert failure.text == 'I1: heard "It isIt is"\neval: <b>&50%'
    assert skipped.find("skipped") is not None
    assert root[1][0].find("error") is not None


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_any_text_makes_a_file_that_can_be_read(name: str, talk: str, problems: list[str]) -> None:
    checked = Checked("bot.py", name, name, problems=problems, talk=talk)
    root = ElementTree.fromstring(junit([checked], name))
    assert len(root[0]) == 1
    lines = list(commands([checked]))
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert len(lines) == bool(problems)


def test_an_annotation_escapes_what_would_end_it() -> None:
    checked = Checked("a,b", "g", "c:d", problems=["50% off", "more"], file="x,y.yaml", line=7)
    assert list(commands([checked])) == [
        "::error file=x%2Cy.yaml,line=7,title=a%2Cb%3A c%3Ad::50%25 off%0Amore"
    ]
    assert list(commands([GOOD, SKIPPED])) == []


def test_a_summary_counts_and_shows_what_is_wrong() -> None:
    text = summary([GOOD, BAD, SKIPPED], "ninelives eval")
    assert "❌ 1 of 2 passed, 1 skipped" in text
    assert "| bot.py | weather/paris x reset |" in text
    assert "&lt;b&gt;&amp;50%" in text
    assert "✅ 1 of 1 passed" in summary([GOOD], "x")


def test_the_summary_is_added_to_what_github_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    monkeypatch.setenv(SUMMARY, str(path))
    Reports(junit=tmp_path / "deep" / "r.xml", github=True).write([GOOD, BAD], "ninelives eval")
    assert path.read_text().startswith("before\n### ninelives eval")
    assert (tmp_path / "deep" / "r.xml").read_text().startswith("<")
    assert capsys.readouterr().out.startswith("::error ")
    monkeypatch.setenv(SUMMARY, str(tmp_path))
    with pytest.raises(UsageError, match=SUMMARY):
        Reports(github=True).write([GOOD], "x")
