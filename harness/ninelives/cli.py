"""The command line, `ninelives`. Each command is a few lines here and a file in `commands/`, imported when it
runs.

Bad input is one line on standard error and exit code 2, never a traceback. Exit code 1 means that something
which was judged did not pass; 0 that all is well.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="ninelives",
    help="Test voice bots on OpenAI's Responses API offline: record, replay, break the connection, judge.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

BAD_INPUT = 2
"""Exit code for what the user must mend."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

_OPTIONAL = frozenset({"pipecat", "pipecat_responses", "openai", "websockets", "loguru"})
"""What only the extra `pipecat` brings."""


Emails = Annotated[bool, typer.Option("--emails", help="E-mail addresses are secrets too.")]
Phones = Annotated[bool, typer.Option("--phones", help="Phone numbers are secrets too.")]
Redact = Annotated[
    list[str] | None,
    typer.Option("--redact", metavar="REGEX", help="What matches is a secret too; may be repeated."),
]


class RecordMode(StrEnum):
    """What `record` does with its cassette; the words are vcrpy's."""

    none = "none"
    once = "once"
    new_episodes = "new_episodes"
    rewrite = "rewrite"
    all = "all"
    off = "off"


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"ninelives {version('ninelives')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the cassette, the snapshot and the timeline.")
    ] = Path("ninelives-demo"),
) -> None:
    """See what this is about: a bot, a recording, four disasters."""
    from ninelives.demo import tell

    raise typer.Exit(tell(out))


@app.command()
def record(
    upstream: Annotated[
        str | None, typer.Option("--upstream", help="The API to record; https://api.openai.com if not given.")
    ] = None,
    cassette: Annotated[Path | None, typer.Option("--cassette", help="The file to write.")] = None,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="What to run; it finds the proxy in its environment."),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 0,
    extend: Annotated[
        bool, typer.Option("--extend", help="Add to the cassette instead of replacing it.")
    ] = False,
    mode: Annotated[
        RecordMode,
        typer.Option(
            "--mode",
            help="rewrite: record anew; all: and keep it even if COMMAND fails; once: replay if there is a "
            "cassette; new_episodes: replay what is there, add the rest; none: replay only; off: neither.",
        ),
    ] = RecordMode.rewrite,
    emails: Emails = False,
    phones: Phones = False,
    redact: Redact = None,
    refresh: Annotated[
        Path | None,
        typer.Option(
            "--refresh", metavar="DIR", help="Ask what is recorded there again: has the API changed?"
        ),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="With --refresh: exit with 1 when the API has changed.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="With --refresh: put the new recordings in the place of the old.")
    ] = False,
) -> None:
    """Record a client's traffic with the API into a cassette.

    COMMAND is run with OPENAI_BASE_URL and OPENAI_WS_URL set; the recording ends with it, and is kept if its
    exit code is 0. Without COMMAND the proxy stays up: Enter (or SIGTERM) ends and keeps the recording,
    Ctrl-C breaks it off. A recording that was broken off leaves the old cassette as it was and the new one in
    FILE.partial.

    With --refresh nothing is run: the requests of the cassettes in DIR are asked again, of the upstream, or
    of the real API if OPENAI_API_KEY is set, or else of the mock server.
    """
    from ninelives.commands.secrets import Secrets
    from ninelives.complaint import Complaint

    secrets = Secrets(emails, phones, redact or ())
    if refresh is not None:
        from ninelives.commands.refresh import run as ask_again

        raise typer.Exit(ask_again(refresh, upstream, exit_code, write, secrets))
    if cassette is None:
        raise Complaint("record needs --cassette FILE to write, or --refresh DIR to ask again")
    from ninelives.commands.record import run

    upstream = upstream or "https://api.openai.com"
    raise typer.Exit(run(upstream, cassette, command or [], host, port, extend, mode.value, secrets))


@app.command()
def replay(
    cassettes: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Cassettes; vcrpy's YAML and HAR files will do.")
    ],
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8080,
    timing: Annotated[
        str, typer.Option("--timing", help="recorded, none, or a factor such as 0.1 (ten times as fast).")
    ] = "recorded",
    repeat: Annotated[
        bool, typer.Option("--repeat", help="Give every answer as often as it is asked for.")
    ] = False,
    fresh_ids: Annotated[
        bool, typer.Option("--fresh-ids", help="Give every answer new ids, the same in all its events.")
    ] = False,
) -> None:
    """Serve cassettes as if they were the API.

    Over HTTP and WebSocket, until Ctrl-C.
    """
    from ninelives.commands.replay import run

    raise typer.Exit(run(cassettes, host, port, timing, repeat, fresh_ids))


@app.command()
def show(
    cassette: Annotated[Path, typer.Argument(metavar="FILE", help="The cassette.")],
    raw: Annotated[bool, typer.Option("--raw", help="Every event, one a line.")] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="OUT", help="Write a timeline page.")] = None,
) -> None:
    """Show a cassette as a conversation.

    Who said what, which tools were called, what it took and cost, where it broke off.
    """
    from ninelives.commands.show import run

    raise typer.Exit(run(cassette, raw, html))


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="What to convert.")],
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="What to write; its ending says the format.")
    ],
) -> None:
    """Convert between cassettes and other formats.

    Cassettes (.jsonl), vcrpy's YAML, HAR files, and single exchanges in JSON.
    """
    from ninelives.commands.convert import run

    raise typer.Exit(run(source, target))


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="A cassette.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="A later one of the same conversation.")],
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when there is a difference.")
    ] = False,
) -> None:
    """Say what changed between two recordings.

    Requests, wording, structure and timing, each apart; ids and headers do not count.
    """
    from ninelives.commands.diff import run

    raise typer.Exit(run(before, after, exit_code))


@app.command()
def lint(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Cassettes, or folders of them.")],
    usage: Annotated[
        Path | None,
        typer.Option("--usage", metavar="FILE", help="What `pytest --cassette-report FILE` wrote."),
    ] = None,
    older_than: Annotated[
        float | None, typer.Option("--older-than", metavar="DAYS", min=0, help="Older ones are stale.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
    emails: Emails = False,
    phones: Phones = False,
    redact: Redact = None,
) -> None:
    """Look cassettes over before they are committed.

    Secrets, headers, broken lines, events that are none, exchanges that never ended, models that are not
    known; with --usage recordings that no test used, with --older-than those that are stale. Exit code 1 when
    there is something to mend.
    """
    from ninelives.commands.lint import run
    from ninelives.commands.secrets import Secrets

    raise typer.Exit(run(paths, usage, older_than, json, Secrets(emails, phones, redact or ())))


@app.command()
def scrub(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Cassettes, or folders of them.")],
    emails: Emails = False,
    phones: Phones = False,
    redact: Redact = None,
) -> None:
    """Replace the secrets that lint found, and nothing else."""
    from ninelives.commands.lint import mend
    from ninelives.commands.secrets import Secrets

    raise typer.Exit(mend(paths, Secrets(emails, phones, redact or ())))


@app.command()
def scenarios(
    pattern: Annotated[str, typer.Argument(metavar="GLOB", help="Only names like this.")] = "*",
) -> None:
    """List all that can happen to a bot's connection."""
    from ninelives.commands.verdict import table_of_contents

    raise typer.Exit(table_of_contents(pattern))


@app.command()
def verdict(
    factories: Annotated[
        list[str],
        typer.Argument(
            metavar="MODULE:FACTORY...",
            help="A service class, a function of (base_url, ws_url), or one that runs a bot.",
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
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything that is drawn.")] = 0,
) -> None:
    """Try a service, or a whole bot, in every scenario and judge it.

    Virtual time, nine promises; exit code 1 when one is broken.
    """
    from ninelives.commands.verdict import Pages, run

    raise typer.Exit(run(factories, scenario, Pages(html, json, markdown), seed, scenario_file or ()))


@app.command()
def explore(
    factory: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:FACTORY", help="A service class, or a function of (base_url, ws_url)."
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
) -> None:
    """Try a service in random stories, and shrink what breaks.

    Conversations, faults, interruptions and timings are drawn; each run is judged by the nine promises. Every
    breach is told once, by the shortest story that shows it, and kept as a file. Run 17 of seed 3 is the same
    story always and everywhere. Exit code 1 when a promise is broken.

    \b
    ninelives explore my_bot:make_service --runs 10000 --seed 7
    ninelives explore my_bot:make_service --runs 10000 --seed 7 --resume ninelives-explore/runs-7.jsonl
    ninelives explore my_bot:make_service --seed 7 --from 4711 --runs 1
    ninelives verdict my_bot:make_service --scenario-file ninelives-explore/i1_reset.yaml
    """
    from ninelives.commands.explore import Wish, run

    raise typer.Exit(
        run(Wish(factory, runs, seed, first, jobs, executor, until_broken, tries, resume, out, html))
    )


@app.command()
def doctor() -> None:
    """Look whether everything works here.

    Versions, extras, the pytest plugin, a mock server on loopback, virtual time, proxies in the way. Exit
    code 1 when something does not work, with what to do about it.
    """
    from ninelives.commands.doctor import run

    raise typer.Exit(run())


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    raise SystemExit(_run(sys.argv[1:] if arguments is None else arguments))


def _run(arguments: list[str]) -> int:
    command: Any = typer.main.get_command(app)
    try:
        code = command.main(arguments or ["--help"], prog_name="ninelives", standalone_mode=False)
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.Abort:
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_has_left()
    except Exception as error:
        line = _one_line(error)
        if line is None:
            raise
        print(f"ninelives: {line}", file=sys.stderr)
        return BAD_INPUT
    return code if isinstance(code, int) else 0


def _one_line(error: Exception) -> str | None:
    """The line for an error that is the user's to mend; None for one that is ours."""
    if hasattr(error, "format_message"):  # the command line itself is wrong
        context = getattr(error, "ctx", None)
        where = context.command_path if context is not None else "ninelives"
        return f"{error.format_message()} See `{where} --help`.".replace("\n", " ")
    if isinstance(error, ModuleNotFoundError):
        missing = (error.name or "").partition(".")[0]
        if missing in _OPTIONAL:
            return f"this command needs {missing}, which is not installed: pip install 'ninelives[pipecat]'"
        return None
    from ninelives.cassette import CassetteError
    from ninelives.complaint import Complaint

    return str(error).replace("\n", " ") if isinstance(error, CassetteError | Complaint) else None


def _reader_has_left() -> int:
    # `ninelives show FILE | head` is not an error; Python would complain again when it flushes at exit.
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    main()
