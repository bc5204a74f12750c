"""The commands for cassettes as the command line has them: options, help, examples. Each is a few lines here
and a file beside this one, imported when it runs.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ninelives.commands.options import Cassettes, Host, Html, Port

app = typer.Typer()

Emails = Annotated[bool, typer.Option("--emails", help="Treat e-mail addresses as secrets.")]
Phones = Annotated[bool, typer.Option("--phones", help="Treat phone numbers as secrets.")]
Redact = Annotated[
    list[str] | None,
    typer.Option("--redact", metavar="REGEX", help="Treat text that matches as a secret; repeatable."),
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
        str | None, typer.Option("--upstream", help="The API to record. [default: https://api.openai.com]")
    ] = None,
    cassette: Annotated[Path | None, typer.Option("--cassette", help="The file to write.")] = None,
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND", help="The command to run, with the proxy's URLs in its environment."
        ),
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = 0,
    extend: Annotated[
        bool, typer.Option("--extend", help="Add to the cassette instead of replacing it.")
    ] = False,
    mode: Annotated[
        RecordMode,
        typer.Option(
            "--mode",
            help="rewrite: record again; all: the same, but keep it if COMMAND fails; once: replay if there "
            "is a cassette, else record; new_episodes: replay what is there, record the rest; none: only "
            "replay; off: neither.",
        ),
    ] = RecordMode.rewrite,
    emails: Emails = False,
    phones: Phones = False,
    redact: Redact = None,
    refresh: Annotated[
        Path | None,
        typer.Option(
            "--refresh",
            metavar="DIR",
            help="Repeat the requests of these cassettes, and report what changed.",
        ),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="With --refresh: exit with 1 if the API has changed.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="With --refresh: replace the cassettes with the new recordings.")
    ] = False,
) -> None:
    """Record a client's traffic with the API into a cassette.

    COMMAND runs with OPENAI_BASE_URL and OPENAI_WS_URL set; the recording ends with it, and is kept if its
    exit code is 0. Without COMMAND the proxy keeps running: Enter (or SIGTERM) ends and keeps the recording,
    Ctrl-C aborts it. After an abort, the old cassette is unchanged and the new one is in
    FILE.partial.

    With --refresh, no command runs. The requests of the cassettes in DIR are repeated against --upstream, or
    the real API if OPENAI_API_KEY is set, or the mock server.

    \b
    ninelives record --cassette talk.jsonl -- python my_bot.py
    ninelives record --upstream http://127.0.0.1:8080 --cassette talk.jsonl
    ninelives record --cassette talk.jsonl --mode new_episodes -- pytest tests/
    ninelives record --refresh cassettes/ --exit-code
    """
    from ninelives.commands.secrets import Secrets
    from ninelives.usage_error import UsageError

    secrets = Secrets(emails, phones, redact or ())
    if refresh is not None and (cassette is not None or command):
        raise UsageError("--refresh repeats recorded requests; leave out --cassette and COMMAND")
    if refresh is None and (exit_code or write):
        option = "--exit-code" if exit_code else "--write"
        raise UsageError(f"{option} needs --refresh DIR; add it, or leave {option} out")
    if extend and mode not in (RecordMode.rewrite, RecordMode.new_episodes):
        raise UsageError(f"--extend adds to the cassette, so it cannot be combined with --mode {mode.value}")
    if refresh is not None:
        from ninelives.commands.refresh import run as ask_again

        raise typer.Exit(ask_again(refresh, upstream, exit_code, write, secrets))
    if cassette is None:
        raise UsageError("record needs --cassette FILE to write, or --refresh DIR to repeat")
    from ninelives.commands.record import run

    upstream = "https://api.openai.com" if upstream is None else upstream
    raise typer.Exit(run(upstream, cassette, command or [], host, port, extend, mode.value, secrets))


@app.command()
def replay(
    cassettes: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Cassettes, vcrpy's YAML files or HAR files.")
    ],
    host: Host = "127.0.0.1",
    port: Port = 8080,
    timing: Annotated[
        str, typer.Option("--timing", help="recorded, none, or a factor such as 0.1 (ten times as fast).")
    ] = "recorded",
    repeat: Annotated[
        bool, typer.Option("--repeat", help="Replay every answer as often as it is requested.")
    ] = False,
    fresh_ids: Annotated[
        bool, typer.Option("--fresh-ids", help="Give every answer new ids, consistent across its events.")
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
    raw: Annotated[bool, typer.Option("--raw", help="Print every event, one per line.")] = False,
    html: Html = None,
) -> None:
    """Show a cassette as a conversation.

    It shows who said what, which tools were called, times and tokens, and where the stream broke off.
    Secrets that the file still holds are not shown, also with --raw.

    \b
    ninelives show talk.jsonl
    ninelives show talk.jsonl --html talk.html
    """
    from ninelives.commands.show import run

    raise typer.Exit(run(cassette, raw, html))


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="The file or folder to convert.")],
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="The file to write; its suffix selects the format.")
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
    after: Annotated[
        Path, typer.Argument(metavar="AFTER", help="A later cassette of the same conversation.")
    ],
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if there is a difference.")
    ] = False,
) -> None:
    """Show the differences between two recordings.

    It lists differences of requests, wording, structure and timing; ids and headers are ignored.

    \b
    ninelives diff talk.jsonl later.jsonl --exit-code
    """
    from ninelives.commands.diff import run

    raise typer.Exit(run(before, after, exit_code))


@app.command()
def pace(
    recordings: Annotated[
        list[Path],
        typer.Argument(metavar="CASSETTE...", help="Recordings with event times, or folders of them."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The pace file to write.")] = Path(
        "pace.json"
    ),
) -> None:
    """Measure the model's timing in recordings, as a pace file.

    It measures the time to the first event, tokens per burst, pauses between bursts, and stalls. Use the
    file with --pace FILE in `mock-openai serve`, verdict and explore; the same seed gives the same times.

    \b
    ninelives pace cassettes/ -o pace.json
    ninelives verdict my_bot.py --calls 1000 --pace pace.json --max-dead-air 2s
    """
    from ninelives.commands.pace import run

    raise typer.Exit(run(recordings, out))


@app.command()
def lint(
    paths: Cassettes,
    usage: Annotated[
        Path | None,
        typer.Option(
            "--usage", metavar="FILE", help="A usage report, written by `pytest --cassette-report FILE`."
        ),
    ] = None,
    older_than: Annotated[
        float | None,
        typer.Option("--older-than", metavar="DAYS", min=0, help="Report cassettes older than this."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
    emails: Emails = False,
    phones: Phones = False,
    redact: Redact = None,
) -> None:
    """Check cassettes before you commit them.

    It finds secrets, headers off the allow-list, broken lines, invalid events, incomplete exchanges, unknown
    models; with --usage also unused recordings. Exit code 1 if there is a problem to fix.

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
    paths: Cassettes,
    emails: Emails = False,
    phones: Phones = False,
    redact: Redact = None,
) -> None:
    """Replace the secrets that lint finds, and nothing else.

    \b
    ninelives scrub cassettes/ --emails
    """
    from ninelives.commands.lint import fix
    from ninelives.commands.secrets import Secrets

    raise typer.Exit(fix(paths, Secrets(emails, phones, redact or ())))
