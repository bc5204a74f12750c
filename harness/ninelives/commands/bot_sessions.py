"""The commands for one bot in a conversation or a project: `talk`, `eval`, `init`, `reproduce` and `doctor`.

Each is a few lines here and a file beside this one, imported when it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ninelives.commands.options import Bot, GitHub, Html, Json, Junit, Only, Seed

app = typer.Typer()


@app.command()
def talk(
    bot: Bot,
    script: Annotated[
        Path | None,
        typer.Option(
            "--script",
            metavar="FILE",
            help="YAML script: what the model says. Without it the model improvises.",
        ),
    ] = None,
    cassette: Annotated[
        Path | None,
        typer.Option("--cassette", metavar="FILE", help="Recorded traffic to answer from first."),
    ] = None,
    faults: Annotated[
        Path | None,
        typer.Option(
            "--faults", metavar="FILE", help="YAML fault plan: what goes wrong without a key press."
        ),
    ] = None,
    pace: Annotated[
        str | None,
        typer.Option(
            "--pace",
            metavar="PACE",
            help="How fast the model's events are sent: realistic (default), instant, fixed:SECONDS, "
            "recorded, or a file from `ninelives pace`.",
        ),
    ] = None,
    seed: Seed = 0,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port of the mock server; 0 picks a free one.")
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--browser", help="Also open the mock server's live page in a browser.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="OUT", help="Write a timeline page at the end.")
    ] = None,
    events: Annotated[bool, typer.Option("--events", help="Show every event on the wire.")] = False,
) -> None:
    """Talk to a bot by keyboard, and break its connection.

    It runs in real time. What you type is what the user says; a key or a command breaks the connection then
    (/help lists them). Words, requests and faults are shown as they happen. Ctrl-D hangs up; then the broken
    promises are listed. Lines may also come from a pipe or a file: each is said when the previous turn has
    ended, /wait SECONDS waits, and a line that cannot be parsed gives exit code 2.

    \b
    ninelives talk bot.py
    ninelives talk my_bot:run_bot --script replies.yaml --browser
    printf 'Tell me a story.\\n/wait 1\\n/reset\\nThank you.\\n' | ninelives talk bot.py --html talk.html
    """
    from ninelives.commands.talk import Options, run

    raise typer.Exit(run(Options(bot, script, cassette, faults, pace, seed, port, browser, html, events)))


@app.command(name="eval")
def evaluate(
    places: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Pipecat's scenario files, folders of them, or suites that name their bots.",
        ),
    ],
    bot: Annotated[
        str | None, typer.Option("--bot", metavar="BOT", help="The bot: bot.py, bot.py:run_bot, or a module.")
    ] = None,
    only: Only = None,
    script: Annotated[
        Path | None,
        typer.Option(
            "--script", metavar="FILE", help="YAML script: what the model, the judge and the caller say."
        ),
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(
            "--recordings",
            metavar="DIR",
            help="Folder of recordings. [default: `recordings` beside each file]",
        ),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Play once against the API and record it.")
    ] = False,
    upstream: Annotated[
        str | None, typer.Option("--upstream", metavar="URL", help="The API to record from.")
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option("--faults", metavar="GLOB", help="Also play each eval under each of these scenarios."),
    ] = None,
    repeat: Annotated[
        int | None,
        typer.Option(
            "--repeat", min=1, help="Number of times to play everything. [default: what the files say, or 1]"
        ),
    ] = None,
    pace: Annotated[
        str | None,
        typer.Option("--pace", metavar="PACE", help="instant, realistic, recorded, or fixed:SECONDS."),
    ] = None,
    timeout: Annotated[
        int | None,
        typer.Option(
            "--timeout-ms", min=1, help="Limit for expectations without within_ms (Pipecat's: 60000)."
        ),
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", help="Play scenarios that need sound as text, where possible.")
    ] = False,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="Use the real clock instead of virtual time.")
    ] = False,
    skip_judge: Annotated[
        bool,
        typer.Option(
            "--skip-judge", help="Let expectations that cannot be judged offline pass, with a note."
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show Pipecat's trace of each run.")
    ] = False,
    html: Html = None,
    json: Json = None,
    junit: Junit = None,
    github: GitHub = False,
    seed: Seed = 0,
) -> None:
    """Play Pipecat's eval files offline, also under faults.

    The bot runs in this process, in virtual time: `within_ms` holds to the millisecond on any machine.
    Answers come from a recording (--record makes one), a script, or the mock server. Exit code 1 if an eval
    fails or a promise is broken.

    \b
    ninelives eval evals/ --bot bot.py --record --upstream https://api.openai.com/v1
    ninelives eval evals/ --bot bot.py
    ninelives eval evals/ --bot bot.py --faults 'reset_*' --junit report.xml
    """
    from ninelives.commands.eval import run
    from ninelives.commands.eval_options import Options
    from ninelives.commands.reports import Reports

    options = Options(
        places=places,
        bot=bot,
        only=only or (),
        script=script,
        recordings=recordings,
        record=record,
        upstream=upstream,
        faults=faults,
        repeat=repeat,
        seed=seed,
        pace=pace,
        timeout_ms=timeout,
        text=text,
        real_time=real_time,
        skip_judge=skip_judge,
        verbose=verbose,
        reports=Reports(junit, github, html, json),
    )
    raise typer.Exit(run(options))


@app.command("init")
def begin(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of your project.")] = Path(),
    bot: Annotated[
        str | None,
        typer.Option("--bot", metavar="FILE:FUNCTION", help="The bot, if the project has several."),
    ] = None,
    ci: Annotated[
        str | None,
        typer.Option(
            "--ci",
            metavar="KIND",
            help="The CI file to write: github, gitlab, or none. [default: the CI that the project uses]",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
) -> None:
    """Write a first test, a conftest and a CI file into your project.

    Everything is shown before it is written; existing files are not changed.

    \b
    ninelives init
    ninelives init --bot src/bot.py:run_bot --ci gitlab
    """
    from ninelives.commands.init import run

    raise typer.Exit(run(folder, bot, ci, yes=yes))


@app.command()
def reproduce(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An incident that BlackBox wrote.")],
    bot: Annotated[
        str, typer.Option("--bot", metavar="BOT", help="The bot: bot.py, bot.py:run_bot, or a module.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the scenario file.")] = Path(
        "scenarios"
    ),
    report: Annotated[
        Path, typer.Option("--report", metavar="FILE", help="File for the text of an issue report.")
    ] = Path("incident.md"),
    tries: Annotated[
        int, typer.Option("--tries", min=1, help="Maximum number of scenarios played to shorten the breach.")
    ] = 200,
    wire: Annotated[
        Path | None,
        typer.Option(
            "--wire",
            metavar="CASSETTE",
            help="The recording that `ninelives record` made at the time. [default: wire.jsonl beside FILE]",
        ),
    ] = None,
    replace: Annotated[
        list[str] | None,
        typer.Option(
            "--replace", metavar="NAME=OTHER", help="Replace words in everything that was said; repeatable."
        ),
    ] = None,
) -> None:
    """Replay an incident, and keep the shortest scenario of it.

    It runs offline, in virtual time. Exit code 1: the same promise was broken, or the same error reported; 0:
    neither; 2: the command is wrong.

    \b
    ninelives reproduce incidents/2026-11-29T14-03-22-i4.jsonl --bot bot.py
    ninelives reproduce incidents/2026-11-29T14-03-22-i9.jsonl --bot bot.py --wire talk.jsonl
    ninelives reproduce incidents/2026-11-29T14-03-22-i9.jsonl --bot bot.py --replace 'Jane Roe=Caller'
    """
    from ninelives.commands.reproduce import Options, run

    raise typer.Exit(run(Options(file, bot, out, report, tries, wire, replace or ())))


@app.command()
def doctor() -> None:
    """Check this installation.

    It checks versions, extras, the pytest plugin, a mock server, virtual time and proxy settings. Exit
    code 1 if something does not work; each problem says how to fix it.

    \b
    ninelives doctor
    """
    from ninelives.commands.doctor import run

    raise typer.Exit(run())
