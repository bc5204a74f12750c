"""The commands for cassettes as the command line has them: options, help, examples. Each is a few lines here
and a file beside this one, imported when it runs.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

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

    COMMAND runs with OPENAI_BASE_URL and OPENAI_WS_URL set; the recording ends with it, and is kept if its
    exit code is 0. Without COMMAND the proxy keeps running: Enter (or SIGTERM) ends and keeps the recording,
    Ctrl-C breaks it off. If it is broken off, the old cassette is unchanged and the new one is in
    FILE.partial.

    With --refresh no command runs: the requests of the cassettes in DIR are repeated with the upstream, with
    the real API if OPENAI_API_KEY is set, or else with the mock server.

    \b
    ninelives record --cassette talk.jsonl -- python my_bot.py
    ninelives record --upstream http://127.0.0.1:8080 --cassette talk.jsonl
    ninelives record --cassette talk.jsonl --mode new_episodes -- pytest tests/
    ninelives record --refresh cassettes/ --exit-code
    """
    from ninelives.commands.secrets import Secrets
    from ninelives.complaint import Complaint

    secrets = Secrets(emails, phones, redact or ())
    if refresh is not None and (cassette is not None or command):
        raise Complaint("--refresh asks again what is recorded: give it no --cassette and no COMMAND")
    if refresh is None and (exit_code or write):
        option = "--exit-code" if exit_code else "--write"
        raise Complaint(f"{option} says what --refresh DIR shall do; give that, or leave it out")
    if extend and mode not in (RecordMode.rewrite, RecordMode.new_episodes):
        raise Complaint(f"--extend adds to the cassette and does not go with --mode {mode.value}")
    if refresh is not None:
        from ninelives.commands.refresh import run as ask_again

        raise typer.Exit(ask_again(refresh, upstream, exit_code, write, secrets))
    if cassette is None:
        raise Complaint("record needs --cassette FILE to write, or --refresh DIR to ask again")
    from ninelives.commands.record import run

    upstream = "https://api.openai.com" if upstream is None else upstream
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

    \b
    ninelives replay talk.jsonl
    ninelives replay talk.jsonl more.yaml --port 0 --timing none --repeat
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

    Who said what, which tools were called, times and tokens, where it broke off.

    \b
    ninelives show talk.jsonl
    ninelives show talk.jsonl --html talk.html
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

    \b
    ninelives convert test_chat.yaml talk.jsonl
    ninelives convert talk.jsonl talk.har
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
    """Show the differences between two recordings.

    Requests, wording, structure and timing separately; ids and headers are ignored.

    \b
    ninelives diff talk.jsonl later.jsonl --exit-code
    """
    from ninelives.commands.diff import run

    raise typer.Exit(run(before, after, exit_code))


@app.command()
def pace(
    recordings: Annotated[
        list[Path],
        typer.Argument(metavar="CASSETTE...", help="Recordings whose events have times, or folders of them."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The pace file to write.")] = Path(
        "pace.json"
    ),
) -> None:
    """Learn the model's rhythm from recordings.

    How long it takes to begin, how many tokens come in a burst, the pauses between, and its stalls. Use the
    file with --pace FILE in `mock-openai serve`, verdict and explore; a seed makes the times repeatable.

    \b
    ninelives pace cassettes/ -o pace.json
    ninelives verdict my_bot.py --calls 1000 --pace pace.json --max-dead-air 2s
    """
    from ninelives.commands.pace import run

    raise typer.Exit(run(recordings, out))


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
    """Check cassettes before they are committed.

    Secrets, headers, broken lines, invalid events, exchanges that never ended, unknown models; with --usage
    recordings that no test used, with --older-than old ones. Exit code 1 if there is a problem to correct.

    \b
    ninelives lint cassettes/
    ninelives lint cassettes/ --usage used.json --older-than 90
    ninelives lint cassettes/ --emails --redact 'ACME-\\d+'
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
    """Replace the secrets that lint found, and nothing else.

    \b
    ninelives scrub cassettes/ --emails
    """
    from ninelives.commands.lint import mend
    from ninelives.commands.secrets import Secrets

    raise typer.Exit(mend(paths, Secrets(emails, phones, redact or ())))
