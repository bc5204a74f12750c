"""`ninelives verdict --calls`: many calls to a bot, their callers' waiting times, and the worst call."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ninelives.commands.files import deferred, raise_first, require_places, write_text
from ninelives.commands.options import Asked
from ninelives.commands.printing import notes, output
from ninelives.commands.progress_bar import progress_bar
from ninelives.commands.quiet import quiet
from ninelives.commands.reports import Reports, of_calls, write_each
from ninelives.plural import counted
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from ninelives.lab.exploration.calls import Calls, Worst
    from ninelives.lab.figures import Figures
    from ninelives.report.checked import Checked

PACE = "realistic"
"""The default pace of calls."""

_PERCENTS = (50, 95, 99, 100)
_HEADINGS = ("p50", "p95", "p99", "most")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command."""

    names: Sequence[str]
    calls: int
    seed: int
    jobs: int | None
    out: Path
    asked: Asked
    reports: Reports


def run(options: Options) -> int:
    """Play the calls and report. Return 1 if a promise was broken in any call."""
    asked = options.asked.conditions
    options.reports.require_places()
    require_places(*(_place(options, name) for name in options.names))

    quiet()
    from ninelives.commands.verdict import print_disturbed
    from ninelives.lab.exploration.calls import play_calls, shrunk
    from ninelives.lab.exploration.executors import Crew, open_executor
    from ninelives.lab.exploration.trial import factory_of
    from ninelives.lab.undisturbed import play_first

    console = output(secrets=False)
    results: dict[str, Any] = {}
    chapters = []
    checked: list[Checked] = []
    held = True
    errors: list[UsageError] = []
    for name in options.names:
        first = play_first(factory_of(name), voice=asked.voice)
        if not first.held:
            print_disturbed(console, first)
            return 1
        conditions = replace(asked, voice=first.voice)
        with progress_bar(notes()) as show, open_executor("processes", options.jobs) as (executor, jobs):
            calls = play_calls(
                name, Crew(executor, jobs), calls=options.calls, seed=options.seed, conditions=conditions,
                progress=lambda done, broken: show("calling", done, options.calls, broken),
            )  # fmt: skip
        with notes().status(f"shortening call {calls.worst.number}, the worst"):
            worst = shrunk(name, calls.worst, seed=options.seed, conditions=conditions)
        path = _place(options, name)
        with deferred(errors):
            _keep(options, name, calls, worst, path)
        _print(console, options, name, calls, worst, path)
        checked += of_calls(name, calls, worst, path)
        results[name] = _as_json(calls, worst, path)
        chapters.append(worst.outcome.chapter(f"{name}: the worst of {len(calls.all)} calls"))
        held = held and not calls.broken
    title = f"ninelives verdict --calls: {', '.join(results)}"
    note = "; ".join(f"{name}: {each['calls']} calls, {each['summary']}" for name, each in results.items())
    write_each(
        lambda: raise_first(errors),
        lambda: options.reports.write(checked, title),
        lambda: options.reports.page(console, lambda: chapters, title, note),
        lambda: options.reports.findings(
            console, lambda: results if len(results) > 1 else next(iter(results.values()))
        ),
    )
    return 0 if held else 1


def _place(options: Options, name: str) -> Path:
    """Return the file for the worst call to a bot."""
    label = "".join(letter if letter.isalnum() else "_" for letter in name).strip("_")
    return options.out / (f"worst_{label}.yaml" if len(options.names) > 1 else "worst_call.yaml")


def _keep(options: Options, name: str, calls: Calls, worst: Worst, path: Path) -> None:
    from ninelives.lab.scenario_file import to_yaml

    remarks = [
        f"Call {calls.worst.number} of: {_command(options, name)}",
        f"Repeat with: {_again(options, name, worst, path)}",
        f"The caller waited: {worst.outcome.figures}",
    ]
    write_text(path, to_yaml(worst.spec, remarks))


def _command(options: Options, name: str) -> str:
    words = ["ninelives", "verdict", name, "--calls", str(options.calls), "--seed", str(options.seed)]
    return shlex.join([*words, *options.asked.words])


def _again(options: Options, name: str, worst: Worst, path: Path) -> str:
    asked = options.asked if worst.at_pace else replace(options.asked, pace=None)
    return shlex.join(["ninelives", "verdict", name, "--scenario-file", str(path), *asked.words])


def _print(console: Console, options: Options, name: str, calls: Calls, worst: Worst, path: Path) -> None:
    from ninelives.lab.failure_text import turns

    console.print(_table(calls))
    steps, trouble, _ = worst.spec.size
    was, was_trouble, _ = worst.was
    tries = counted(worst.tries, "try", "tries")
    console.print(
        Text.assemble(
            (f"\nthe worst call, number {calls.worst.number}", "bold"),
            (f"  {calls.worst.figures}", "dim"),
            (
                f"\n  shortened from {was} steps and {was_trouble} interruptions to {steps} and {trouble} ",
                "dim",
            ),
            (f"in {tries}: {worst.outcome.figures}", "dim"),
        )
    )
    console.print(Text("\n".join(["", *(f"  {line}" for line in turns(worst.outcome)), ""])))
    for finding in worst.outcome.broken:
        console.print(Text.assemble(("  ✗ ", "bold red"), (f"{finding.promise}  ", "bold"), finding.why))
    for label, text in (("kept", str(path)), ("again", _again(options, name, worst, path))):
        console.print(Text.assemble((f"  {label:<6}", "dim"), text))
    console.print(_summary(name, calls))


def _table(calls: Calls) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("seconds", no_wrap=True)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for label, values in _rows(calls):
        table.add_row(label, *(f"{value:.2f}" if value is not None else "" for value in values))
    return table


def _rows(calls: Calls) -> Iterator[tuple[str, list[float | None]]]:
    """Print percentiles: of the first words of all turns, and of each call's longest silence."""
    from ninelives.lab.figures import percentile

    seen: Figures = calls.figures
    longest = sorted(each.waited for each in calls.all)
    yield "first word, of all turns", [seen.first_word(each) for each in _PERCENTS]
    yield "longest dead air, of each call", [percentile(longest, each) for each in _PERCENTS]
    over = sorted(each.figures.talk_over for each in calls.all if each.figures.talk_over is not None)
    if over:
        yield "talk-over, of each call", [percentile(over, each) for each in _PERCENTS]


def _summary(name: str, calls: Calls) -> Text:
    many = counted(len(calls.all), "call")
    if not calls.broken:
        return Text(f"\n{name}: every promise was kept in {many}.", style="bold green")
    counts = Counter(promise for each in calls.broken for promise in {promise for promise, _ in each.broken})
    which = ", ".join(f"{promise} in {count:,}" for promise, count in sorted(counts.items()))
    style = "yellow" if set(counts) == {"I10"} else "bold red"
    return Text(f"\n{name}: promises were broken in {len(calls.broken):,} of {many} ({which}).", style=style)


def _as_json(calls: Calls, worst: Worst, path: Path) -> dict[str, Any]:
    return {
        "calls": len(calls.all),
        "summary": str(calls.figures),
        "seconds": {label: dict(zip(_HEADINGS, values, strict=True)) for label, values in _rows(calls)},
        "broken": [
            {
                "call": each.number,
                "promises": [{"promise": promise, "why": why} for promise, why in each.broken],
            }
            for each in calls.broken
        ],
        "worst": {
            "call": calls.worst.number,
            "longest_dead_air": calls.worst.waited,
            "scenario": str(path),
            "scenario_dead_air": worst.outcome.figures.dead_air,
        },
    }
