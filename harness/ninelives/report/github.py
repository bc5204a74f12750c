"""Annotations and a step summary for GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ninelives.report.checked import Checked
from ninelives.report.secrets import printable

MOST_ROWS = 200
"""The largest number of problems in a summary; GitHub accepts no more than 1 MiB."""

WIDEST = 300
"""Characters of a cell."""


def commands(checked: Sequence[Checked]) -> Iterator[str]:
    """Return workflow commands, one line per problem. GitHub shows the first ten of a step."""
    for each in checked:
        if each.good:
            continue
        place = {"file": each.file, "line": str(each.line)} if each.file is not None else {}
        given = {**place, "title": f"{each.suite}: {each.name}"}
        properties = ",".join(f"{name}={_property(value or '')}" for name, value in given.items())
        yield f"::error {properties}::{_message(chr(10).join(each.problems))}"


def summary(checked: Sequence[Checked], title: str) -> str:
    """Return a step summary in Markdown: how many passed, and the problems of the others."""
    bad = [each for each in checked if not each.good]
    skipped = sum(each.skipped is not None for each in checked)
    tried = len(checked) - skipped
    summary = f"{tried - len(bad)} of {tried} passed" + (f", {skipped} skipped" if skipped else "")
    lines = [f"### {_cell(title)}", "", f"{'❌' if bad else '✅'} {summary}", ""]
    if bad:
        lines += ["| bot | check | what is wrong |", "| --- | --- | --- |"]
        for each in bad[:MOST_ROWS]:
            problems = "<br>".join(_cell(problem) for problem in each.problems)
            lines.append(f"| {_cell(each.suite)} | {_cell(each.name)} | {problems} |")
        if len(bad) > MOST_ROWS:
            lines += ["", f"and {len(bad) - MOST_ROWS} more"]
        lines.append("")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    text = printable(" ".join(text.split()))
    text = text if len(text) <= WIDEST else f"{text[:WIDEST]}…"
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|"), ("`", "\\`")):
        text = text.replace(sign, written)
    return text


def _message(text: str) -> str:
    shown = printable(text)
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
