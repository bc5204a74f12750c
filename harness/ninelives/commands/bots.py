"""The commands for bots as the command line has them: what can happen to one, how it stands that, and whether
all that is needed works here. Each is a few lines here and a file beside this one, imported when it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ninelives.lab.conditions import Conditions

Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="OUT", help="Write a JUnit report, a test case for each check."),
]
GitHub = Annotated[
    bool, typer.Option("--github", help="Print annotations for GitHub Actions, and add to the step summary.")
]

app = typer.Typer()

Pace = Annotated[
    str | None,
    typer.Option(
        "--pace",
        metavar="PACE",
        help="When the model's events leave: a file that `ninelives pace` made, realistic, instant or "
        "fixed:SECONDS.",
    ),
]
MaxFirstWord = Annotated[
    str | None,
    typer.Option(
        "--max-first-word",
        metavar="TIME",
        help="Longest time from the end of the caller's words to the first sound: 2s, 500ms.",
    ),
]
MaxDeadAir = Annotated[
    str | None,
    typer.Option(
        "--max-dead-air",
        metavar="TIME",
        help="Longest silence in a turn, before the first word or inside the answer; 10s if not given, 30s "
        "where the model thinks.",
    ),
]

Voiced = Annotated[
    bool | None,
    typer.Option(
        "--voice/--no-voice",
        help="Call the bot with a voice, on a line, or play text. If not given, a bot with text to speech or "
        "a transport is called with a voice.",
    ),
]


@app.command()
def scenarios(
    pattern: Annotated[str, typer.Argument(metavar="GLOB", help="Only names like this.")] = "*",
) -> None:
    """List all that can happen to a bot's connection.

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
            help="A file (bot.py), a module, or a folder with a bot.py; :NAME is a function or class there.",
        ),
    ],
    scenario: Annotated[
        str | None, typer.Option("--scenario", metavar="GLOB", help="Only scenarios like this.")
    ] = None,
    scenario_file: Annotated[
        list[Path] | None,
        typer.Option(
            "--scenario-file", metavar="FILE", help="Stories that explore kept: a file, or a folder of them."
        ),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="OUT", help="Write a timeline page.")] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the findings as JSON.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="OUT", help="Write a comparison as Markdown.")
    ] = None,
    junit: Junit = None,
    github: GitHub = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything that is drawn.")] = 0,
    pace: Pace = None,
    max_first_word: MaxFirstWord = None,
    max_dead_air: MaxDeadAir = None,
    voice: Voiced = None,
    calls: Annotated[
        int | None,
        typer.Option(
            "--calls",
            min=1,
            help="Instead of scenarios, so many random calls in which nothing is broken, each with another "
            "seed.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, help="With --calls: calls played at once; one a core if not given."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="With --calls: folder of the worst call."),
    ] = None,
) -> None:
    """Test a service, or a whole bot, in every scenario.

    Virtual time, ten promises; exit code 1 if one is broken. A calm conversation is played first: a bot that
    fails in it is not tested further, and the verdict says why.

    A bot with text-to-speech or a transport is called with a voice: only what was played counts as heard.

    With --calls there are no faults: the callers' waiting times are shown as percentiles, and the worst call
    is kept as a story, as short as possible.

    \b
    ninelives verdict bot.py
    ninelives verdict bot.py:run_bot --scenario 'reset_*' --html verdict.html
    ninelives verdict pipecat_responses:OpenAIResponsesLLMService
    ninelives verdict bot.py --calls 1000 --pace pace.json --max-dead-air 2s
    """
    from ninelives.commands.reports import Reports
    from ninelives.commands.verdict import Pages, run
    from ninelives.complaint import Complaint

    if calls is not None:
        for option, given in (
            ("--scenario", scenario), ("--scenario-file", scenario_file), ("--markdown", markdown)
        ):  # fmt: skip
            if given:
                raise Complaint(f"{option} does not go with --calls, which draws its own; leave one out")
        from ninelives.commands.calls import Wish
        from ninelives.commands.calls import run as call

        wish = Wish(
            factories, calls, seed, jobs, out or Path("ninelives-calls"), html, json, pace, max_first_word,
            max_dead_air, Reports(junit, github), voice,
        )  # fmt: skip
        raise typer.Exit(call(wish))
    if jobs is not None or out is not None:
        option = "--jobs" if jobs is not None else "--out"
        raise Complaint(f"{option} says how --calls are played; add --calls N, or leave it out")
    conditions = _conditions(pace, max_first_word, max_dead_air, voice)
    pages = Pages(html, json, markdown, Reports(junit, github))
    raise typer.Exit(run(factories, scenario, pages, seed, scenario_file or (), conditions))


def _conditions(
    pace: str | None, max_first_word: str | None, max_dead_air: str | None, voice: bool | None
) -> Conditions:
    from ninelives.lab.conditions import as_option, read_conditions

    return read_conditions(
        pace=pace, max_first_word=max_first_word, max_dead_air=max_dead_air, voice=voice, spelled=as_option
    )


@app.command()
def talk(
    bot: Annotated[
        str,
        typer.Argument(
            metavar="BOT",
            help="A file (bot.py), a module, or a folder with a bot.py; :NAME is a function or class there.",
        ),
    ],
    script: Annotated[
        Path | None,
        typer.Option("--script", metavar="FILE", help="What the model says (YAML); else it improvises."),
    ] = None,
    cassette: Annotated[
        Path | None,
        typer.Option("--cassette", metavar="FILE", help="Recorded traffic that answers first."),
    ] = None,
    faults: Annotated[
        Path | None, typer.Option("--faults", metavar="FILE", help="What goes wrong by itself (YAML).")
    ] = None,
    pace: Annotated[
        str | None,
        typer.Option(
            "--pace",
            metavar="PACE",
            help="When the model's events leave: realistic if not given, instant, fixed:SECONDS, recorded, "
            "or a file that `ninelives pace` made.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything that is drawn.")] = 0,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port of the mock server; 0 takes a free one.")
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--browser", help="Open the mock server's live page in a browser, too.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="OUT", help="Write a timeline page at the end.")
    ] = None,
    events: Annotated[bool, typer.Option("--events", help="Show every event of the wire.")] = False,
) -> None:
    """Talk to a bot by keyboard, on the mock server, and break its connection while it speaks.

    In real time. What you type is what the user says; a key or a command breaks the connection at that moment
    (/help lists them). Words, requests and faults are shown as they happen. Ctrl-D hangs up; then the broken
    promises are listed. Lines may also come from a pipe or a file: each is said when the turn before it is
    over, /wait SECONDS waits, and a line that cannot be parsed gives exit code 2.

    \b
    ninelives talk bot.py
    ninelives talk my_bot:run_bot --script replies.yaml --browser
    printf 'Tell me a story.\\n/wait 1\\n/reset\\nThank you.\\n' | ninelives talk bot.py --html talk.html
    """
    from ninelives.commands.talk import Wish, run

    raise typer.Exit(run(Wish(bot, script, cassette, faults, pace, seed, port, browser, html, events)))


@app.command()
def explore(
    factory: Annotated[
        str,
        typer.Argument(
            metavar="BOT",
            help="A file (bot.py), a module, or a folder with a bot.py; :NAME is a function or class there.",
        ),
    ],
    runs: Annotated[int, typer.Option("--runs", min=1, help="How many random stories to play.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Which stories: the same seed, the same ones.")] = 0,
    first: Annotated[int, typer.Option("--from", min=0, help="Number of the first run.")] = 0,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Stories played at once; one a core if not given.")
    ] = None,
    executor: Annotated[
        str, typer.Option("--executor", help="processes, threads, or dask://HOST:PORT.")
    ] = "processes",
    until_broken: Annotated[
        bool, typer.Option("--until-broken", help="Stop at the first run that breaks a promise.")
    ] = False,
    tries: Annotated[
        int, typer.Option("--tries", min=0, help="Stories played at most to shorten one breach.")
    ] = 200,
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="FILE", help="Go on from this journal.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the journal and the stories found.")
    ] = Path("ninelives-explore"),
    html: Annotated[bool, typer.Option("--html", help="Write a timeline page of what broke, too.")] = False,
    junit: Junit = None,
    github: GitHub = False,
    pace: Pace = None,
    max_first_word: MaxFirstWord = None,
    max_dead_air: MaxDeadAir = None,
    voice: Annotated[
        bool, typer.Option("--voice", help="Call the bot with a voice, on a line. It takes longer.")
    ] = False,
) -> None:
    """Test a service in random stories, and shrink what breaks.

    Conversations, faults, interruptions and times are random; each run is judged by the ten promises. Every
    breach is reported once, with the shortest story that shows it, and kept as a file. Run 17 of seed 3 is
    the same story always and everywhere. Exit code 1 if a promise is broken.

    \b
    ninelives explore my_bot:make_service --runs 10000 --seed 7
    ninelives explore my_bot:make_service --runs 10000 --seed 7 --resume ninelives-explore/runs-7.jsonl
    ninelives explore my_bot:make_service --seed 7 --from 4711 --runs 1
    ninelives verdict my_bot:make_service --scenario-file ninelives-explore/i1_reset.yaml
    """
    from ninelives.commands.explore import Wish, run
    from ninelives.commands.reports import Reports

    wish = Wish(
        factory, runs, seed, first, jobs, executor, until_broken, tries, resume, out, html, pace,
        max_first_word, max_dead_air, Reports(junit, github), voice,
    )  # fmt: skip
    raise typer.Exit(run(wish))


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
        str | None, typer.Option("--bot", metavar="BOT", help="The bot: bot.py, bot.py:run_bot, a module.")
    ] = None,
    only: Annotated[
        str | None, typer.Option("--scenario", metavar="GLOB", help="Only scenarios like this.")
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option("--script", metavar="FILE", help="What the model, the judge and the caller say (YAML)."),
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(
            "--recordings", metavar="DIR", help="Folder of recordings; `recordings` beside each file."
        ),
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="Play once, live, and record it.")] = False,
    upstream: Annotated[
        str | None, typer.Option("--upstream", metavar="URL", help="The API to record from.")
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option(
            "--faults", metavar="GLOB", help="Play each scenario under each of these disasters too."
        ),
    ] = None,
    repeat: Annotated[int, typer.Option("--repeat", min=1, help="How often to play everything.")] = 1,
    pace: Annotated[
        str | None,
        typer.Option("--pace", metavar="PACE", help="instant, realistic, recorded, fixed:SECONDS."),
    ] = None,
    timeout: Annotated[
        int | None,
        typer.Option("--timeout-ms", min=1, help="For expectations without within_ms (Pipecat's: 60000)."),
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", help="Play scenarios that need sound as text, where they can be.")
    ] = False,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="Play on the real clock instead of the virtual one.")
    ] = False,
    skip_judge: Annotated[
        bool, typer.Option("--skip-judge", help="Let what cannot be judged offline pass, and say so.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show Pipecat's trace of each run.")
    ] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="OUT", help="Write a timeline page.")] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the findings as JSON.")
    ] = None,
    junit: Junit = None,
    github: GitHub = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything that is drawn.")] = 0,
) -> None:
    """Play Pipecat's own eval files against a bot, offline and under every disaster.

    The bot runs in this process, in virtual time: `within_ms` holds to the millisecond on any machine.
    Answers come from a recording (--record makes one), a script, or the mock server. Exit code 1 if an eval
    fails or a promise is broken.

    \b
    ninelives eval evals/ --bot bot.py --record --upstream https://api.openai.com/v1
    ninelives eval evals/ --bot bot.py
    ninelives eval evals/ --bot bot.py --faults 'reset_*' --junit report.xml
    """
    from ninelives.commands.eval import Wish, run
    from ninelives.commands.reports import Reports

    wish = Wish(
        places=places,
        bot=bot,
        only=only,
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
        html=html,
        json=json,
        reports=Reports(junit, github),
    )
    raise typer.Exit(run(wish))


@app.command("init")
def begin(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Your project.")] = Path(),
    bot: Annotated[
        str | None,
        typer.Option("--bot", metavar="FILE:FUNCTION", help="The bot, where there is more than one."),
    ] = None,
    ci: Annotated[
        str | None,
        typer.Option(
            "--ci", metavar="KIND", help="A file for github, gitlab, or none. [default: what is there]"
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
        str, typer.Option("--bot", metavar="BOT", help="The bot: bot.py, bot.py:run_bot, a module.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the story.")] = Path("stories"),
    report: Annotated[
        Path, typer.Option("--report", metavar="FILE", help="Where the issue text is written.")
    ] = Path("incident.md"),
    tries: Annotated[
        int, typer.Option("--tries", min=1, help="Stories played at most to shorten the breach.")
    ] = 200,
    wire: Annotated[
        Path | None,
        typer.Option(
            "--wire",
            metavar="CASSETTE",
            help="What `ninelives record` wrote meanwhile; by default wire.jsonl beside FILE.",
        ),
    ] = None,
    replace: Annotated[
        list[str] | None,
        typer.Option(
            "--replace", metavar="NAME=OTHER", help="Replace words in all that is said; may be repeated."
        ),
    ] = None,
) -> None:
    """Play an incident against a bot, and keep the shortest story that shows the same breach.

    Virtual time, offline. Exit code 1: the same promise was broken, or the same error reported; 0: it was
    not; 2: the command is wrong.

    \b
    ninelives reproduce incidents/2026-11-29T14-03-22-i4.jsonl --bot bot.py
    ninelives reproduce incidents/2026-11-29T14-03-22-i9.jsonl --bot bot.py --wire talk.jsonl
    ninelives reproduce incidents/2026-11-29T14-03-22-i9.jsonl --bot bot.py --replace 'Jane Roe=Caller'
    """
    from ninelives.commands.reproduce import Wish, run

    raise typer.Exit(run(Wish(file, bot, out, report, tries, wire, replace or ())))


@app.command()
def doctor() -> None:
    """Check whether everything works here.

    Versions, extras, the pytest plugin, a mock server on loopback, virtual time, proxies in the way. Exit
    code 1 if something does not work, with what to do about it.

    \b
    ninelives doctor
    """
    from ninelives.commands.doctor import run

    raise typer.Exit(run())
