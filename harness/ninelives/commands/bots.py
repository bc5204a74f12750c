"""The commands of the laboratory: `scenarios`, `verdict` and `explore`.

Each is a few lines here and a file beside this one, imported when it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ninelives.commands.options import (
    Asked,
    Bot,
    GitHub,
    Html,
    Json,
    Junit,
    MaxDeadAir,
    MaxFirstWord,
    Only,
    Pace,
    Seed,
    Voiced,
)

app = typer.Typer()


@app.command()
def scenarios(
    pattern: Annotated[str, typer.Argument(metavar="GLOB", help="Only scenarios with matching names.")] = "*",
) -> None:
    """List the scenarios: what can happen to a bot's connection.

    \b
    ninelives scenarios
    ninelives scenarios 'reset_*'
    """
    from ninelives.commands.verdict import table_of_contents

    raise typer.Exit(table_of_contents(pattern))


@app.command()
def verdict(
    factories: Annotated[
        list[str],
        typer.Argument(
            metavar="BOT...",
            help="A file (bot.py), a module, or a folder with a bot.py; :NAME selects a function or class.",
        ),
    ],
    scenario: Only = None,
    scenario_file: Annotated[
        list[Path] | None,
        typer.Option(
            "--scenario-file",
            metavar="FILE",
            help="A scenario file, such as explore writes, or a folder of them.",
        ),
    ] = None,
    html: Html = None,
    json: Json = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="OUT", help="Write a comparison as Markdown.")
    ] = None,
    junit: Junit = None,
    github: GitHub = False,
    seed: Seed = 0,
    pace: Pace = None,
    max_first_word: MaxFirstWord = None,
    max_dead_air: MaxDeadAir = None,
    voice: Voiced = None,
    calls: Annotated[
        int | None,
        typer.Option(
            "--calls",
            min=1,
            help="Play this many random calls without faults instead of scenarios, each with its own seed.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", min=1, help="With --calls: number of calls played in parallel. [default: one per core]"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="With --calls: folder for the worst call."),
    ] = None,
) -> None:
    """Test a service, or a whole bot, in every scenario.

    It runs in virtual time and checks ten promises; exit code 1 if one is broken. A conversation without
    faults is played first: a bot that fails in it is not tested further, and the verdict says why.

    A bot with text-to-speech or a transport is called with a voice: only what was played counts as heard.

    With --calls there are no faults: the callers' waiting times are shown as percentiles, and the worst call
    is shortened as far as possible and kept as a scenario file.

    \b
    ninelives verdict bot.py
    ninelives verdict bot.py:run_bot --scenario 'reset_*' --html verdict.html
    ninelives verdict pipecat_responses:OpenAIResponsesLLMService
    ninelives verdict bot.py --calls 1000 --pace pace.json --max-dead-air 2s
    """
    from ninelives.commands.reports import Reports
    from ninelives.commands.verdict import run
    from ninelives.usage_error import UsageError

    reports = Reports(junit, github, html, json)
    if calls is not None:
        for option, given in (
            ("--scenario", scenario), ("--scenario-file", scenario_file), ("--markdown", markdown)
        ):  # fmt: skip
            if given:
                raise UsageError(f"{option} cannot be combined with --calls; leave one of them out")
        from ninelives.commands.calls import PACE, Options
        from ninelives.commands.calls import run as call

        asked = Asked(pace or PACE, max_first_word, max_dead_air, voice)
        options = Options(factories, calls, seed, jobs, out or Path("ninelives-calls"), asked, reports)
        raise typer.Exit(call(options))
    if jobs is not None or out is not None:
        option = "--jobs" if jobs is not None else "--out"
        raise UsageError(f"{option} needs --calls N; add it, or leave {option} out")
    conditions = Asked(pace, max_first_word, max_dead_air, voice).conditions
    raise typer.Exit(run(factories, scenario or (), reports, markdown, seed, scenario_file or (), conditions))


@app.command()
def explore(
    factory: Bot,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Number of random scenarios to play.")] = 1000,
    seed: Annotated[
        int, typer.Option("--seed", help="Seed of the scenarios: the same seed gives the same scenarios.")
    ] = 0,
    first: Annotated[int, typer.Option("--from", min=0, help="Number of the first run.")] = 0,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, help="Number of scenarios played in parallel. [default: one per core]"),
    ] = None,
    executor: Annotated[
        str, typer.Option("--executor", help="processes, threads, or dask://HOST:PORT.")
    ] = "processes",
    until_broken: Annotated[
        bool, typer.Option("--until-broken", help="Stop at the first run that breaks a promise.")
    ] = False,
    tries: Annotated[
        int, typer.Option("--tries", min=0, help="Maximum number of scenarios played to shorten one breach.")
    ] = 200,
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="FILE", help="Continue from this journal.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the journal and the scenario files.")
    ] = Path("ninelives-explore"),
    html: Annotated[
        bool, typer.Option("--html", help="Also write a timeline page of the broken runs.")
    ] = False,
    junit: Junit = None,
    github: GitHub = False,
    pace: Pace = None,
    max_first_word: MaxFirstWord = None,
    max_dead_air: MaxDeadAir = None,
    voice: Annotated[
        bool, typer.Option("--voice", help="Call the bot with a voice. This takes longer.")
    ] = False,
) -> None:
    """Test a service in random scenarios, and shorten failures.

    Conversations, faults, interruptions and times are random; each run is judged by the ten promises. Every
    breach is reported once, with the shortest scenario that shows it, and kept as a file. Run 17 of seed 3 is
    the same scenario on every machine. Exit code 1 if a promise is broken.

    \b
    ninelives explore my_bot:make_service --runs 10000 --seed 7
    ninelives explore my_bot:make_service --runs 10000 --seed 7 --resume ninelives-explore/runs-7.jsonl
    ninelives explore my_bot:make_service --seed 7 --from 4711 --runs 1
    ninelives verdict my_bot:make_service --scenario-file ninelives-explore/i1_reset.yaml
    """
    from ninelives.commands.explore import Options, run
    from ninelives.commands.reports import Reports

    options = Options(
        factory, runs, seed, first, jobs, executor, until_broken, tries, resume, out, html,
        Asked(pace, max_first_word, max_dead_air, voice or None), Reports(junit, github),
    )  # fmt: skip
    raise typer.Exit(run(options))
