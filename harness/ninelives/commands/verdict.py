"""`ninelives verdict` and `ninelives scenarios`: tests any service in every scenario."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ninelives.commands.files import require_places, write_text
from ninelives.commands.printing import WIDEST, notes, output
from ninelives.commands.quiet import quiet
from ninelives.commands.reports import Reports, of_outcome, write_each
from ninelives.lab.conditions import USUAL, Conditions
from ninelives.lab.figures import together
from ninelives.lab.scenario import CHAPTERS
from ninelives.lab.scenarios import chosen as chosen_by
from ninelives.plural import counted
from ninelives.report.terminal import heading_of_marks, marks

if TYPE_CHECKING:
    from ninelives.lab.run import Outcome
    from ninelives.lab.undisturbed import First
    from ninelives.report.timeline import Chapter

LATE, LATE_STYLE = "late", "yellow"
"""The word of a row whose only problem is latency, and its color."""

ROOMY = 80
"""Columns from which the table of scenarios shows everything."""

FEW = 3
"""Up to this many scenarios, a broken one is printed turn by turn."""


def table_of_contents(pattern: str) -> int:
    """List the scenarios."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    roomy = output().width >= ROOMY
    table.add_column(no_wrap=roomy, overflow="fold")
    table.add_column(no_wrap=roomy, style="dim")
    table.add_column(style="dim", overflow="fold")
    chapter = None
    for scenario in sorted(chosen_by(pattern), key=lambda each: CHAPTERS.index(each.chapter)):
        if scenario.chapter != chapter:
            table.add_row(
                Text(f"{'' if chapter is None else chr(10)}{scenario.chapter}", style="bold"), "", ""
            )
            chapter = scenario.chapter
        table.add_row(scenario.name, " ".join(scenario.about), scenario.sentence)
    output().print(table)
    return 0


def run(
    names: Sequence[str],
    patterns: Sequence[str],
    reports: Reports,
    markdown: Path | None,
    seed: int,
    files: Sequence[Path] = (),
    conditions: Conditions = USUAL,
) -> int:
    """Judge services in scenarios of some patterns, of files, or in all. Return 1 if a promise was broken."""
    wanted = patterns or ([] if files else ["*"])
    chosen = list({each.name: each for pattern in wanted for each in chosen_by(pattern)}.values())
    if files:
        from ninelives.lab.scenario_file import load_all

        chosen += [scenario for file in files for scenario in load_all(file)]

    reports.require_places()
    require_places(markdown)
    quiet()
    from ninelives.bot.overheard import overheard
    from ninelives.lab.run import run_scenario
    from ninelives.lab.services import find_factory
    from ninelives.lab.undisturbed import play_first

    console = output(secrets=False)
    results: dict[str, list[Outcome]] = {name: [] for name in names}
    with notes().status("starting") as status:
        factories = {}
        suited: dict[str, Conditions] = {}
        for name in results:
            status.update(f"{name}: first a conversation without faults")
            factories[name] = find_factory(name)
            first = play_first(factories[name], seed=seed, voice=conditions.voice)
            if not first.held:
                status.stop()
                print_disturbed(console, first)
                _write(console, {name: [first.outcome]}, reports)
                return 1
            suited[name] = replace(conditions, voice=first.voice)
        for name, factory in factories.items():
            for number, scenario in enumerate(chosen, 1):
                status.update(f"{name} {number}/{len(chosen)} {scenario.name.replace('_', ' ')}")
                with overheard():
                    results[name].append(run_scenario(scenario, factory, seed=seed, conditions=suited[name]))
    for name, outcomes in results.items():
        console.print(table(outcomes))
        _print_broken(console, outcomes)
        console.print(_summary(name, outcomes))
    write_each(
        lambda: _write(console, results, reports),
        lambda: _write_comparison(console, results, markdown, patterns),
    )
    return 0 if all(each.held for outcomes in results.values() for each in outcomes if each.applies) else 1


def print_disturbed(console: Console, first: First) -> None:
    """Print why a bot was not tested: its calm conversation, turn by turn, and the exceptions of its own
    code.
    """
    console.print(Text("\n".join(["", *(f"  {line}" for line in first.lines()), ""])))
    console.print(Text(first.summary, style="bold red"))


def _write(console: Console, results: dict[str, list[Outcome]], reports: Reports) -> None:
    title = f"ninelives verdict: {', '.join(results)}"
    note = "; ".join(f"{name}: {_latency(outcomes)}" for name, outcomes in results.items())

    def chapters() -> list[Chapter]:
        return [
            each.chapter(bot=name)
            for name, outcomes in results.items()
            for each in sorted(outcomes, key=_chapter_position)
            if each.applies
        ]

    def found() -> Any:
        found = {name: [as_json(each) for each in outcomes] for name, outcomes in results.items()}
        return found if len(found) > 1 else next(iter(found.values()))

    checked = [of_outcome(name, each) for name, outcomes in results.items() for each in outcomes]
    write_each(
        lambda: reports.page(console, chapters, title, note),
        lambda: reports.findings(console, found),
        lambda: reports.write(checked, title),
    )


def _write_comparison(
    console: Console, results: dict[str, list[Outcome]], markdown: Path | None, patterns: Sequence[str]
) -> None:
    if markdown is None:
        return
    from importlib.metadata import version

    from ninelives.lab import comparison

    names = list(results)
    side_by_side = [dict(zip(names, row, strict=True)) for row in zip(*results.values(), strict=True)]
    only = "".join(f" --scenario {shlex.quote(pattern)}" for pattern in patterns)
    command = f"ninelives verdict {' '.join(names)}{only} --markdown {markdown}"
    write_text(markdown, comparison.page(side_by_side, names, command, f"Pipecat {version('pipecat-ai')}"))
    console.print(f"comparison: {markdown}")


def _chapter_position(outcome: Outcome) -> int:
    """Return the position of a scenario's chapter; a user's own scenario comes last."""
    chapter = outcome.scenario.chapter
    return CHAPTERS.index(chapter) if chapter in CHAPTERS else len(CHAPTERS)


def table(outcomes: Sequence[Outcome]) -> Table:
    """Return a row for each scenario: the promises, and the caller's waiting times. Fits into 100 columns.

    In fewer than `ROOMY` columns the waiting times are left out, and long names are wrapped.
    """
    roomy = output().width >= ROOMY
    voice = any(each.figures.talk_over is not None for each in outcomes)
    rows = Table(box=None, pad_edge=False, padding=(0, 1 if voice else 2, 0, 0), header_style="dim")
    rows.add_column("scenario", no_wrap=output().width >= WIDEST)
    rows.add_column(heading_of_marks(), no_wrap=True)
    headings = ("word p50", "p95", "dead air", *(["talk-over"] if voice else []))
    for heading in headings if roomy else ():
        rows.add_column(heading, justify="right", no_wrap=True)
    for outcome in outcomes:
        name = outcome.scenario.name.replace("_", " ")
        if not outcome.applies:
            rows.add_row(Text(name, style="dim"), Text("not possible on this transport", style="dim"))
            continue
        result = Text("crashed", style="bold red") if outcome.crash else marks(outcome.findings)
        if outcome.only_late:
            result.append(f" {LATE}", style=LATE_STYLE)
        style = LATE_STYLE if outcome.only_late else "" if outcome.held else "bold"
        seen = outcome.figures
        waits = (
            seen.first_word(50),
            seen.first_word(95),
            seen.dead_air,
            *([seen.talk_over] if voice else []),
        )
        shown = (f"{wait:.2f}" if wait is not None else "" for wait in (waits if roomy else ()))
        rows.add_row(Text(name, style=style), result, *shown)
    return rows


def _latency(outcomes: Sequence[Outcome]) -> str:
    return str(together(each.figures for each in outcomes if each.applies))


def _print_broken(console: Console, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.held or not outcome.applies:
            continue
        console.print()
        console.print(
            Text.assemble((outcome.scenario.name, "bold"), (f"  {outcome.scenario.sentence}", "dim"))
        )
        if len(outcomes) <= FEW:
            from ninelives.lab.failure_text import turns

            console.print(Text("\n".join(["", *turns(outcome), ""])))
        if outcome.crash:
            console.print(Text(f"  crashed  {outcome.crash}", style="red"))
        if outcome.mishaps:
            from ninelives.bot import mishaps

            raised = "\n".join(f"  {line}" for line in mishaps.lines(outcome.mishaps))
            console.print(Text(raised, style="red"))
        for finding in outcome.broken:
            style = LATE_STYLE if outcome.only_late else "bold red"
            console.print(Text.assemble(("  ✗ ", style), (f"{finding.promise}  ", "bold"), finding.why))


def _summary(name: str, outcomes: Sequence[Outcome]) -> Text:
    tried = [each for each in outcomes if each.applies]
    broken = [each for each in tried if not each.held]
    late = sum(each.only_late for each in broken)
    many = counted(len(tried), "scenario")
    if any(each.voice for each in outcomes):
        many += ", called with a voice"
    waits = Text(f"\n{_latency(outcomes)}\n", style="dim")
    if not broken:
        return waits + Text(f"{name}: every promise was kept in {many}.", style="bold green")
    only = f", {'in all' if late == len(broken) else f'in {late}'} of these only by latency" if late else ""
    style = LATE_STYLE if late == len(broken) else "bold red"
    return waits + Text(f"{name}: promises were broken in {len(broken)} of {many}{only}.", style=style)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain data."""
    return {
        "scenario": outcome.scenario.name,
        "sentence": outcome.scenario.sentence,
        "applies": outcome.applies,
        "voice": outcome.voice,
        "held": outcome.held,
        "crash": outcome.crash,
        "raised": [str(each) for each in outcome.mishaps],
        "heard": outcome.heard,
        "said": outcome.said,
        "dead_air": outcome.dead_air,
        "latency": outcome.figures.as_json(),
        "only_late": outcome.only_late,
        "findings": [
            {"promise": each.promise, "held": each.held, "why": each.why} for each in outcome.findings
        ],
    }
