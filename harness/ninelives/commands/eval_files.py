"""The files that `ninelives eval` writes: a timeline page, findings as JSON, and the reports of a CI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ninelives.commands.eval_output import problems, to_change
from ninelives.commands.reports import Reports, write_each

if TYPE_CHECKING:
    from ninelives.evals.outcome import Played
    from ninelives.report.checked import Checked


def write(console: Console, played: Sequence[Played], reports: Reports) -> None:
    """Write the requested files, and print where they are. Raises UsageError."""
    title = "ninelives eval"
    chapters = [each.chapter for each in played if each.skipped is None]
    write_each(
        lambda: reports.page(console, lambda: chapters, title),
        lambda: reports.findings(console, lambda: list(map(as_json, played))),
        lambda: reports.write([checked(each, number) for number, each in _numbered(played)], title),
    )


def _numbered(played: Sequence[Played]) -> list[tuple[int, Played]]:
    """Number the runs of the same title from 1; 0 if there is only one."""
    titles = [each.title for each in played]
    return [
        (titles[: index + 1].count(each.title) if titles.count(each.title) > 1 else 0, each)
        for index, each in enumerate(played)
    ]


def checked(played: Played, number: int = 0) -> Checked:
    """Return a run for the reports."""
    from ninelives.report.checked import Checked

    turns = played.episode.turns
    return Checked(
        suite=played.case.label or played.case.bot,
        group=played.case.name,
        name=played.title + (f" #{number}" if number else ""),
        seconds=max((turn.ended or turn.began for turn in turns), default=0.0),
        problems=() if played.good else [*problems(played), *to_change(played).splitlines()],
        crashed=played.crash is not None,
        skipped=played.skipped,
        file=str(played.case.path),
        line=played.case.line() or 1,
        talk="\n".join(f"{asked} → {heard}" for asked, heard in played.heard),
    )


def as_json(played: Played) -> dict[str, Any]:
    """Return a run as plain data."""
    return {
        "scenario": played.case.name,
        "file": str(played.case.path),
        "bot": played.case.bot,
        "fault": played.disaster.name if played.disaster is not None else None,
        "turn": played.case.turn_of_file(played.turn) if played.turn else None,
        "eval": played.verdict,
        "good": played.good,
        "answerable": played.answerable,
        "skipped": played.skipped,
        "crash": played.crash,
        "source": played.source,
        "eval_ms": played.result.duration_ms if played.result is not None else None,
        "failures": [
            {"turn": each.turn, "event": each.what, "kind": each.kind, "reason": each.why}
            for each in played.failures
        ],
        "missing": [
            {"who": each.who, "turn": played.case.turn_of_file(each.turn), "why": each.why}
            for each in played.missed
        ],
        "raised": [str(each) for each in played.mishaps],
        "heard": [{"user": asked, "heard": heard} for asked, heard in played.heard],
        "findings": [
            {"promise": each.promise, "held": each.held, "why": each.why} for each in played.findings
        ],
    }
