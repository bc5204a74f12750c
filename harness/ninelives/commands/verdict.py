"""`ninelives verdict` and `ninelives scenarios`: any service, tried by all that can befall a connection."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ninelives.commands.files import write_text
from ninelives.commands.printing import notes, output
from ninelives.complaint import Complaint
from ninelives.lab.scenarios import matching, scenarios
from ninelives.report.terminal import heading_of_marks, marks

if TYPE_CHECKING:
    from ninelives.lab.run import Outcome
    from ninelives.lab.scenario import Scenario


FEW = 3
"""Scenarios up to which a broken one is told turn by turn."""


def table_of_contents(pattern: str) -> int:
    """List the scenarios."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    for scenario in _chosen(pattern):
        table.add_row(scenario.name, scenario.sentence)
    output().print(table)
    return 0


def _chosen(pattern: str) -> list[Scenario]:
    chosen = matching(pattern)
    if not chosen:
        raise Complaint(
            f"no scenario is called {pattern!r}; expected one of the {len(scenarios())} that "
            "`ninelives scenarios` lists, or a pattern such as reset_*"
        )
    return chosen


def run(
    name: str,
    pattern: str | None,
    html: Path | None,
    json_out: Path | None,
    seed: int,
    files: Sequence[Path] = (),
) -> int:
    """Judge a service in scenarios of a pattern, of files, or in all. 1 when a promise was broken."""
    chosen = _chosen(pattern or "*") if pattern is not None or not files else []
    if files:
        from ninelives.lab.story_file import load_all

        chosen += [scenario for file in files for scenario in load_all(file)]
    from ninelives.commands.quiet import quiet

    quiet()
    from ninelives.lab.run import run_scenario
    from ninelives.lab.services import find_factory

    factory = find_factory(name)
    console = output()
    outcomes: list[Outcome] = []
    with notes().status("starting") as status:
        for number, scenario in enumerate(chosen, 1):
            status.update(f"{number}/{len(chosen)} {scenario.name.replace('_', ' ')}")
            outcomes.append(run_scenario(scenario, factory, seed=seed))
    console.print(_table(outcomes))
    _tell_broken(console, outcomes)
    console.print(_summary(name, outcomes))
    if html is not None:
        from ninelives.report.html import page

        write_text(
            html, page([each.chapter() for each in outcomes if each.told], f"ninelives verdict: {name}")
        )
        console.print(f"timelines: {html}", soft_wrap=True)
    if json_out is not None:
        write_text(json_out, json.dumps([as_json(each) for each in outcomes], indent=1) + "\n")
        console.print(f"findings: {json_out}", soft_wrap=True)
    return 0 if all(each.held for each in outcomes if each.told) else 1


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("scenario", no_wrap=True)
    table.add_column(heading_of_marks(), no_wrap=True)
    table.add_column("dead air", justify="right", no_wrap=True)
    for outcome in outcomes:
        name = outcome.scenario.name.replace("_", " ")
        if not outcome.told:
            table.add_row(Text(name, style="dim"), Text("not on this transport", style="dim"), "")
            continue
        longest = max((air for air in outcome.dead_air if air is not None), default=None)
        air = f"{longest:.2f} s" if longest is not None else ""
        result = Text("crashed", style="bold red") if outcome.crash else marks(outcome.findings)
        table.add_row(Text(name, style="" if outcome.held else "bold"), result, air)
    return table


def _tell_broken(console: Console, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.held or not outcome.told:
            continue
        console.print()
        console.print(
            Text.assemble((outcome.scenario.name, "bold"), (f"  {outcome.scenario.sentence}", "dim"))
        )
        if len(outcomes) <= FEW:
            from ninelives.lab.telling import turns

            console.print(Text("\n".join(["", *turns(outcome), ""])), soft_wrap=True)
        if outcome.crash:
            console.print(Text(f"  crashed  {outcome.crash}", style="red"))
        for finding in outcome.broken:
            console.print(Text.assemble(("  ✗ ", "bold red"), (f"{finding.promise}  ", "bold"), finding.why))


def _summary(name: str, outcomes: Sequence[Outcome]) -> Text:
    tried = [each for each in outcomes if each.told]
    broken = [each for each in tried if not each.held]
    many = f"{len(tried)} scenario{'' if len(tried) == 1 else 's'}"
    if not broken:
        return Text(f"\n{name}: every promise was kept in {many}.", style="bold green")
    return Text(f"\n{name}: promises were broken in {len(broken)} of {many}.", style="bold red")


def as_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain data."""
    return {
        "scenario": outcome.scenario.name,
        "sentence": outcome.scenario.sentence,
        "applies": outcome.told,
        "held": outcome.held,
        "crash": outcome.crash,
        "heard": outcome.heard,
        "said": outcome.said,
        "dead_air": outcome.dead_air,
        "findings": [
            {"promise": each.promise, "held": each.held, "why": each.why} for each in outcome.findings
        ],
    }
