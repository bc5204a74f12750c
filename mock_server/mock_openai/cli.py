"""The command `mock-openai`: serve the mock from a terminal, and list the options and faults it knows."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mock_openai import faults as known
from mock_openai.commands import option_values
from mock_openai.commands.schema import print_schema
from mock_openai.commands.serving import collect_rarely as collect_rarely
from mock_openai.commands.serving import miss_printer, print_injection
from mock_openai.commands.serving import serve as run_server
from mock_openai.commands.usage_error import fail, run
from mock_openai.commands.watching import watched
from mock_openai.interruption import listen, stop_listening
from mock_openai.protocol.behaviour import options
from mock_openai.schemas import SCHEMAS
from mock_openai.server import MockServer
from mock_openai.visible import print_in_any_encoding

JOURNAL_LIMIT = 20_000
"""Entries kept by a server that may run for weeks."""

app = typer.Typer(
    name="mock-openai",
    help="A mock OpenAI server: Responses API over HTTP, SSE and WebSocket, offline, with faults on demand.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"mock-openai {version('ninelives')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


class OnCancelChoice(StrEnum):
    """What `response.cancel` does."""

    honour = "honour"
    ignore = "ignore"
    reject = "reject"


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")
    ] = 8080,
    script: Annotated[
        Path | None, typer.Option(help="YAML script: what the model says. Without one the model improvises.")
    ] = None,
    cassette: Annotated[
        Path | None, typer.Option(help="Cassette of recorded traffic to answer from (needs ninelives).")
    ] = None,
    improvise: Annotated[
        str,
        typer.Option(
            metavar="text|tools",
            help="Answer without a rule if the model may call a tool: text, or the call of the tool that the "
            "prompt names or asks for.",
        ),
    ] = "text",
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="If no rule matches, answer with the error 404 no_rule instead of improvising."
        ),
    ] = False,
    fresh_ids: Annotated[
        bool, typer.Option("--fresh-ids", help="Give every recorded answer new ids.")
    ] = False,
    faults: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|GLOB",
            help="YAML fault plan: what goes wrong, and where. With --rate: names of scenarios, as "
            "`ninelives scenarios` lists them.",
        ),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(help="Share of turns in which one of these faults happens, at random: 1%, 0.01."),
    ] = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Reload script and faults when their files change; a file with an error is ignored.",
        ),
    ] = False,
    pace: Annotated[
        str,
        typer.Option(
            help="How fast events are sent: instant, realistic, fixed:SECONDS, recorded, recorded:FACTOR, or "
            "a pace file (.json) that `ninelives pace` made."
        ),
    ] = "instant",
    seed: Annotated[int, typer.Option(help="The same seed gives the same ids and answers.")] = 0,
    api_key: Annotated[
        str | None,
        typer.Option(help="Accept only this key. [default: accept every key]", envvar="MOCK_OPENAI_API_KEY"),
    ] = None,
    connection_lifetime: Annotated[str, typer.Option(help="Lifetime of a WebSocket: 90s, 60m, 1h.")] = "60m",
    behaviour: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Behavior where that of the real server is unknown; repeatable. See: mock-openai options.",
        ),
    ] = None,
    on_cancel: Annotated[
        OnCancelChoice | None, typer.Option(help="Short for --behaviour on_cancel=...")
    ] = None,
    keepalive: Annotated[
        float | None,
        typer.Option(min=0, help="Short for --behaviour keepalive=...; 0 for never."),
    ] = None,
    background_duration: Annotated[
        float | None,
        typer.Option(min=0, help="Short for --behaviour background_duration=...; 0 for none."),
    ] = None,
    any_model: Annotated[bool, typer.Option("--any-model", help="Accept every model name.")] = False,
    rpm: Annotated[
        int | None, typer.Option(min=1, help="Requests per minute for each key and model; beyond that, 429.")
    ] = None,
    tpm: Annotated[
        int | None,
        typer.Option(min=1, help="Input tokens per minute for each key and model; beyond that, 429."),
    ] = None,
    upstream: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Forward requests that no rule matches to this server, with the client's key, e.g. "
            "https://HOST/v1.",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            max=64,
            help="Server processes; more than 1 needs --store redis://... "
            "Each counts turns, faults and limits on its own.",
        ),
    ] = 1,
    store: Annotated[
        str,
        typer.Option(help="Where responses and conversations are stored: memory, or redis://HOST:PORT/DB."),
    ] = "memory",
    journal_bytes: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="Maximum memory of the journal, such as 64M or 1G. The oldest entries are dropped.",
        ),
    ] = "64M",
    journal_body_bytes: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="Largest body or event that the journal keeps in full; of larger ones it keeps size, hash "
            "and beginning.",
        ),
    ] = "4M",
    tls: Annotated[
        bool, typer.Option("--tls", help="Serve https and wss with a temporary certificate.")
    ] = False,
    control_token: Annotated[
        str | None,
        typer.Option(
            help="Bearer token that lets other machines use the control API.",
            envvar="MOCK_OPENAI_CONTROL_TOKEN",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Another host name of this machine, such as a container's, that may be used for the control "
            "API; repeatable.",
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help="Serve only pages of this origin, such as http://localhost:3000, over HTTP and WebSocket; "
            "repeatable; none for no page. [default: every page]",
        ),
    ] = None,
) -> None:
    """Serve until interrupted.

    \b
    mock-openai serve                                  improvise, on port 8080
    mock-openai serve --port 0 --script replies.yaml   answer by a script, on a free port
    mock-openai serve --script replies.yaml --strict   refuse requests that no rule answers
    mock-openai serve --script replies.yaml --watch    reload the script when it changes
    mock-openai serve --faults plan.yaml --pace realistic
    mock-openai serve --rpm 60 --tpm 40000             429 beyond that
    mock-openai serve --script replies.yaml --upstream https://api.openai.com/v1
    mock-openai serve --upstream https://api.openai.com/v1 --faults 'reset_*' --rate 1%
    mock-openai serve --workers 2 --store redis://127.0.0.1:6379/0
    mock-openai serve --behaviour at_limit=cut --connection-lifetime 90s
    mock-openai serve --tls --api-key sk-only-this

    Clients need OPENAI_BASE_URL=http://127.0.0.1:8080/v1 and any OPENAI_API_KEY; WebSocket clients may need
    OPENAI_WS_URL=ws://127.0.0.1:8080/v1/responses. GET /health and /ready answer probes.
    """
    if workers > 1 and store == "memory":
        fail(f"--workers {workers}: processes do not share memory; add --store redis://HOST:PORT/DB")
    if control_token == "":
        fail("--control-token: the token is empty; leave the option out, or give a token")
    if api_key == "":
        fail("--api-key: the key is empty; leave the option out to accept every key, or give a key")
    files = watched(script=script, faults=option_values.plan_of(faults)) if watch else []
    try:
        server = MockServer(
            script=option_values.script(script),
            chaos=option_values.chaos(faults, rate, seed, print_injection),
            faults=option_values.faults(option_values.plan_of(faults)),
            pace=option_values.pace(pace),
            seed=seed,
            api_key=api_key,
            connection_lifetime=option_values.lifetime(connection_lifetime),
            responders=option_values.responders(cassette, fresh_ids=fresh_ids),
            host=host,
            port=port,
            behaviour=option_values.behaviour(
                behaviour or (), on_cancel, keepalive=keepalive, background_duration=background_duration
            ),
            any_model=any_model,
            limits=option_values.limits(rpm, tpm),
            upstream=upstream,
            improvise=improvise,  # type: ignore[arg-type]  # checked there
            journal_limit=JOURNAL_LIMIT,
            journal_bytes=option_values.size("--journal-bytes", journal_bytes),
            journal_body_bytes=option_values.size("--journal-body-bytes", journal_body_bytes),
            store=store,
            control_token=control_token,
            tls=tls,
            strict=strict or None,
            allow_hosts=allow_host or (),
            allow_origins=option_values.origins(allow_origin),
        )
    except ValueError as error:  # which begins with the name of the argument
        fail(f"--{error}")
    server.script.keep(0)  # no test can ask a rule here
    server.script.on_miss = miss_printer("passed on" if upstream else "improvised")
    try:
        server.bind() if workers == 1 else server.share_port()
    except OSError as error:
        why = error.strerror or error
        fail(f"cannot listen on {host}:{port}: {why}; choose another --port or --host")
    raise typer.Exit(run_server(server, workers=workers, with_key=api_key is not None, files=files))


@app.command("options")
def list_options() -> None:
    """List the options of --behaviour, and how well each is known.

    \b
    mock-openai options
    mock-openai serve --behaviour on_cancel=ignore --behaviour keepalive=none
    """
    for option in options().values():
        typer.echo(f"{option.name}={option.shown_default}    ({option.values}; {option.status})")


@app.command("faults")
def list_faults() -> None:
    """List the kinds of fault, with their parameters.

    \b
    mock-openai faults
    mock-openai serve --faults plan.yaml    where plan.yaml says, for instance:
        faults: [{at: {turn: 2}, do: reset}]
    """
    for kind in known.catalogue().values():
        typer.echo(known.signature(kind))
        typer.echo(f"    {known.describe(kind)}")


@app.command("schema")
def show_schema(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="script, faults or pace.")],
) -> None:
    """Print the JSON Schema of a file format, for editors.

    \b
    mock-openai schema script > script.schema.json
    # first line of replies.yaml, for editors with the YAML language server:
    # yaml-language-server: $schema=script.schema.json
    """
    print_schema(kind, SCHEMAS)


def main() -> None:
    """Run the command and exit."""
    print_in_any_encoding()
    listen()
    code = run(app, sys.argv[1:])
    stop_listening()
    raise SystemExit(code)
