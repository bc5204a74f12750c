"""`ninelives explore`: random scenarios against any service, and the shortest of each kind that broke."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from mock_openai.interruption import last_words
from mock_openai.visible import one_line
from rich.console import Console
from rich.text import Text

from ninelives.commands.files import (
    deferred,
    raise_first,
    require_appendable,
    require_places,
    write_text,
)
from ninelives.commands.options import Asked
from ninelives.commands.printing import notes, output
from ninelives.commands.progress_bar import progress_bar
from ninelives.commands.quiet import quiet
from ninelives.commands.reports import Reports, of_exploration
from ninelives.commands.verdict import print_disturbed
from ninelives.plural import counted
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from ninelives.lab.exploration import Breach, Exploration
    from ninelives.lab.exploration.explore import Progress as Done
    from ninelives.lab.scenario_spec import ScenarioSpec

PAGE = "timelines.html"
"""The page of the broken runs, in the folder of an exploration."""

SHOWN_RUNS = 5
"""The most runs that are listed for one breach."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command."""

    factory: str
    runs: int
    seed: int
    first: int
    jobs: int | None
    executor: str
    until_broken: bool
    tries: int
    resume: Path | None
    out: Path
    html: bool
    asked: Asked = Asked()  # noqa: RUF009  # frozen
    reports: Reports = Reports()  # noqa: RUF009  # frozen

    @property
    def journal(self) -> Path:
        """Return the file for the results of runs. Runs that are played again alone have a file of their
        own.
        """
        first = f"-from-{self.first}" if self.first or self.runs == 1 else ""
        return self.resume or self.out / f"runs-{self.seed}{first}.jsonl"

    def command(self, *more: str) -> str:
        """Return the command that repeats this."""
        from ninelives.lab.exploration.shrinking import TRIES

        words = ["ninelives", "explore", self.factory, "--runs", str(self.runs), "--seed", str(self.seed)]
        words += ["--from", str(self.first)] if self.first else []
        words += ["--executor", self.executor] if self.executor != "processes" else []
        words += ["--jobs", str(self.jobs)] if self.jobs is not None else []
        words += ["--until-broken"] if self.until_broken else []
        words += ["--tries", str(self.tries)] if self.tries != TRIES else []
        words += ["--out", str(self.out)] if self.out != Path("ninelives-explore") else []
        words += ["--html"] if self.html else []
        return shlex.join([*words, *self.asked.words, *more])


def run(options: Options) -> int:
    """Explore, and report what broke. Return 1 if a promise was broken. Raises KeyboardInterrupt after
    printing how to continue.
    """
    quiet()  # before Pipecat is imported, by the next two lines
    from ninelives.lab.exploration.trial import factory_of
    from ninelives.lab.undisturbed import play_first

    conditions = options.asked.conditions
    options.reports.require_places()
    require = require_places if options.resume is None else require_appendable
    require(options.journal)
    require_places(options.out / PAGE)
    if not options.executor.startswith("dask://"):  # a cluster has the bot, this machine need not
        with last_words(lambda: "ninelives: interrupted; no run is finished yet"):
            first = play_first(factory_of(options.factory), voice=bool(conditions.voice))
        if not first.held:
            print_disturbed(output(secrets=False), first)
            return 1
    _prepare(options)
    with last_words(lambda: _interrupted(options)):
        return _explore(options)


def _explore(options: Options) -> int:
    from ninelives.lab.exploration import explore
    from ninelives.lab.exploration.executors import open_executor

    with progress_bar(notes()) as show, open_executor(options.executor, options.jobs) as (executor, jobs):

        def progress(now: Done) -> None:
            show("shrinking" if now.shrinking else "playing", now.done, now.of, now.broken)

        result = explore(
            options.factory,
            runs=options.runs,
            seed=options.seed,
            first=options.first,
            executor=executor,
            jobs=jobs,
            until_broken=options.until_broken,
            journal=options.journal,
            tries=options.tries,
            progress=progress,
            conditions=options.asked.conditions,
        )
    console = output(secrets=False)
    errors: list[UsageError] = []
    kept = [_keep(console, options, breach, errors) for breach in result.breaches]
    _print_unshrunk(console, result)
    with deferred(errors):
        if options.html and result.breaches:
            _write_page(console, options, result)
    with deferred(errors):
        options.reports.write(
            of_exploration(options.factory, result, kept), f"ninelives explore: {options.factory}"
        )
    console.print(_summary(options, result))
    raise_first(errors)
    return 1 if result.broken else 0


def _prepare(options: Options) -> None:
    """Continue an earlier journal only on request; put a complete one aside."""
    if options.resume is not None:
        if not options.resume.is_file():
            raise UsageError(
                f"{options.resume} cannot be read (no such file); give the journal to continue from"
            )
        return
    if not options.journal.exists():
        return
    from ninelives.lab.exploration.run_journal import played_in

    there = played_in(options.journal)
    if there.subject == options.factory and len(there.runs) < options.runs and not options.until_broken:
        raise UsageError(
            f"{options.journal} holds {len(there.runs)} runs of an earlier exploration; continue it with "
            f"--resume {options.journal}, or remove it"
        )
    options.journal.replace(options.journal.with_suffix(".before.jsonl"))


def _keep(console: Console, options: Options, breach: Breach, errors: list[UsageError]) -> Path:
    from ninelives.lab.exploration.trial import CRASH
    from ninelives.lab.promises import PROMISES
    from ninelives.lab.scenario_file import to_yaml

    spec, path = file_for(options.out, breach.spec)
    again = shlex.join(
        ["ninelives", "verdict", options.factory, "--scenario-file", str(path), *options.asked.words]
    )
    origin = replace(
        options, runs=1, first=breach.run, jobs=None, executor="processes", until_broken=False, resume=None,
        html=False,
    )  # fmt: skip
    steps, trouble, _ = breach.spec.size
    was_steps, was_trouble, _ = breach.size
    console.print()
    for promise in breach.promises:
        law = PROMISES.get(promise, "The run ended with an exception.")
        mark = promise if promise != CRASH else "crashed"
        console.print(Text.assemble(("✗ ", "bold red"), (f"{mark}  ", "bold"), law))
    shown = ", ".join(map(str, breach.runs[:SHOWN_RUNS])) + (", …" if len(breach.runs) > SHOWN_RUNS else "")
    console.print(
        Text(
            f"  in {counted(len(breach.runs), 'run')} ({shown}); run {breach.run} "
            f"was shortened from {was_steps} steps and {was_trouble} faults or cut-ins to {steps} and "
            f"{trouble} in {counted(breach.tries, 'try', 'tries')}",
            style="dim",
        )
    )
    if not breach.repeats:
        console.print(
            Text(
                "  It did not break when it was repeated: the result depends on more than the seed.",
                style="red",
            )
        )
    if breach.late:
        console.print(
            Text("  Shortening ran out of time: a faster machine may find a shorter scenario.", style="dim")
        )
    console.print()
    console.print(Text("\n".join(f"  {line}" for line in breach.evidence.splitlines())))
    console.print()
    remarks = [
        f"Found by: {origin.command()}",
        f"Repeat with: {again}",
        *(f"{promise}: {why}" for promise, why in breach.broken),
    ]
    lines = [("found by", origin.command())]
    with deferred(errors):
        write_text(path, to_yaml(spec, [remark.replace("\n", " ") for remark in remarks]))
        lines = [("kept", str(path)), ("again", again), *lines]
    for label, text in lines:
        console.print(Text.assemble((f"  {label:<9}", "dim"), text))
    return path


def file_for(out: Path, spec: ScenarioSpec) -> tuple[ScenarioSpec, Path]:
    """Return the file for a scenario: its old file if that exists, and never another scenario's."""
    bare = re.sub(r"_\d+$", "", spec.name)
    for name in chain([spec.name], (f"{bare}_{number}" for number in count(2))):
        renamed, path = replace(spec, name=name), out / f"{name}.yaml"
        if not path.is_file() or _has(path, renamed):
            return renamed, path
    raise AssertionError("numbers do not end")


def _has(path: Path, spec: ScenarioSpec) -> bool:
    """Return whether a file has this scenario, perhaps under the keys that files had before."""
    from ninelives.lab.scenario_file import from_text, to_yaml

    try:
        found = from_text(path.read_text(encoding="utf-8"), str(path))
    except (UsageError, UnicodeDecodeError):
        return False
    return to_yaml(found) == to_yaml(spec)


def _print_unshrunk(console: Console, result: Exploration) -> None:
    if not result.unshrunk:
        return
    console.print(
        Text("\nalso broken, but not shortened because there are already enough above:", style="dim")
    )
    for (promise, shape), runs in result.unshrunk.items():
        console.print(Text.assemble(("  ✗ ", "red"), (f"{promise}  ", "bold"), f"{shape} (run {runs[0]})"))


def _write_page(console: Console, options: Options, result: Exploration) -> None:
    from ninelives.lab.exploration.trial import factory_of, play
    from ninelives.report.html import page

    factory = factory_of(options.factory)
    chapters = [play(breach.spec, factory, options.asked.conditions).chapter() for breach in result.breaches]
    path = options.out / PAGE
    write_text(path, page(chapters, f"ninelives explore: {options.factory}"))
    console.print(f"\ntimelines: {one_line(path)}")


def _interrupted(options: Options) -> str:
    """Return the message after a signal: the runs in the journal, and how to continue."""
    from ninelives.lab.exploration.run_journal import played_in

    if not options.journal.exists():
        return "ninelives: interrupted; no run is finished yet"
    there = played_in(options.journal)
    numbers = range(options.first, options.first + options.runs)
    done, broken = (sum(number in numbers for number in which) for which in (there.runs, there.broken))
    broke = f", {broken} of them broke a promise" if broken else ""
    return (
        f"ninelives: interrupted; {done} of {options.runs} runs are finished{broke}\n"
        f"continue with: {options.command('--resume', str(options.journal))}"
    )


def _summary(options: Options, result: Exploration) -> Text:
    runs = f"{counted(len(result.trials), 'random scenario')} of seed {options.seed}"
    if not result.broken:
        return Text(f"\n{options.factory}: every promise was kept in {runs}.", style="bold green")
    kinds = len(result.breaches) + len(result.unshrunk)
    ways = counted(kinds, "distinct breach", "distinct breaches")
    return Text(
        f"\n{options.factory}: promises were broken in {len(result.broken):,} of {runs}: {ways}.",
        style="bold red",
    )
