"""The command `mock-openai`: serve the mock from a terminal, and list the faults it knows.

What a user gets wrong is one line on standard error and exit status 2, never a traceback.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from mock_openai.faults.plan import Planned
    from mock_openai.limits import Limits
    from mock_openai.responders.base import Responder
    from mock_openai.responders.script import Script
    from mock_openai.server import MockServer

CASSETTE_GROUP, CASSETTE_NAME = "mock_openai.responders", "cassette"
MISSES_TOLD = 1_000
"""Different misses of a script that are told on the terminal."""
JOURNAL_LIMIT = 20_000
"""Entries kept by a server that may run for weeks."""

app = typer.Typer(
    name="mock-openai",
    help="A mock OpenAI server: Responses API over HTTP, SSE and WebSocket, offline, with faults on demand.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class OnCancelChoice(StrEnum):
    """What `response.cancel` does."""

    honour = "honour"
    ignore = "ignore"
    reject = "reject"


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    script: Annotated[
        Path | None, typer.Option(help="YAML script: what the model says. Without one it improvises.")
    ] = None,
    cassette: Annotated[
        Path | None, typer.Option(help="Cassette of recorded traffic to answer from (needs ninelives).")
    ] = None,
    fresh_ids: Annotated[
        bool, typer.Option("--fresh-ids", help="Give what is replayed new ids each time.")
    ] = False,
    faults: Annotated[
        Path | None, typer.Option(help="YAML plan of faults: what goes wrong, and where.")
    ] = None,
    pace: Annotated[
        str,
        typer.Option(
            help="When events leave: instant, realistic, fixed:SECONDS, recorded or recorded:FACTOR."
        ),
    ] = "instant",
    seed: Annotated[int, typer.Option(help="The same seed gives the same ids and answers.")] = 0,
    api_key: Annotated[
        str | None,
        typer.Option(help="Accept only this key; without it every key.", envvar="MOCK_OPENAI_API_KEY"),
    ] = None,
    connection_lifetime: Annotated[
        str, typer.Option(help="How long a WebSocket may live: 90s, 60m, 1h.")
    ] = "60m",
    behaviour: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="What it does where the real one is not known; may be repeated. See: mock-openai options.",
        ),
    ] = None,
    on_cancel: Annotated[
        OnCancelChoice | None, typer.Option(help="Short for --behaviour on_cancel=...")
    ] = None,
    keepalive: Annotated[
        float | None,
        typer.Option(min=0, help="Short for --behaviour keepalive=...; 0 for never."),
    ] = None,
    any_model: Annotated[
        bool, typer.Option("--any-model", help="Take every model name for one that exists.")
    ] = False,
    rpm: Annotated[
        int | None, typer.Option(min=1, help="Requests a minute for each key and model, then 429.")
    ] = None,
    tpm: Annotated[
        int | None, typer.Option(min=1, help="Input tokens a minute for each key and model, then 429.")
    ] = None,
    upstream: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Ask this server what no rule answers, with the client's key, e.g. https://HOST/v1.",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Server processes; more than 1 need --store redis://...")
    ] = 1,
    store: Annotated[
        str, typer.Option(help="Where responses and conversations live: memory, or redis://HOST:PORT/DB.")
    ] = "memory",
    tls: Annotated[
        bool, typer.Option("--tls", help="Serve https and wss with a throw-away certificate.")
    ] = False,
    control_token: Annotated[
        str | None,
        typer.Option(
            help="Opens the control API to other machines, as a bearer token.",
            envvar="MOCK_OPENAI_CONTROL_TOKEN",
        ),
    ] = None,
) -> None:
    """Serve until interrupted.

    \b
    mock-openai serve                                  improvise, on port 8080
    mock-openai serve --port 0 --script replies.yaml   say what the model says, on a free port
    mock-openai serve --faults plan.yaml --pace realistic
    mock-openai serve --rpm 60 --tpm 40000             429 beyond that
    mock-openai serve --script replies.yaml --upstream https://api.openai.com/v1
    mock-openai serve --workers 2 --store redis://127.0.0.1:6379/0
    mock-openai serve --behaviour at_limit=cut --connection-lifetime 90s
    mock-openai serve --tls --api-key sk-only-this

    The client needs OPENAI_BASE_URL=http://127.0.0.1:8080/v1 and any OPENAI_API_KEY.
    """
    from mock_openai.protocol.behaviour import DEFAULT
    from mock_openai.server import MockServer

    if workers > 1 and store == "memory":
        _fail(f"--workers {workers}: processes do not share a memory; add --store redis://HOST:PORT/DB")
    if control_token == "":
        _fail("--control-token: an empty token opens nothing; leave it out, or give one")
    if api_key == "":
        _fail("--api-key: no client can send an empty key; leave it out to accept every key, or give one")
    lifetime = _seconds(connection_lifetime)
    short = [f"on_cancel={on_cancel}"] if on_cancel is not None else []
    short += [f"keepalive={keepalive or 'none'}"] if keepalive is not None else []
    try:
        behaves = DEFAULT.with_settings([*(behaviour or ()), *short])
    except ValueError as error:
        _fail(f"--behaviour {error}")
    responders = [_player(cassette, fresh_ids=fresh_ids)] if cassette is not None else []
    try:
        server = MockServer(
            script=_script(script),
            faults=_faults(faults),
            pace=pace,
            seed=seed,
            api_key=api_key,
            connection_lifetime=lifetime,
            responders=responders,
            host=host,
            port=port,
            behaviour=behaves,
            any_model=any_model,
            limits=_limits(rpm, tpm),
            upstream=upstream,
            journal_limit=JOURNAL_LIMIT,
            store=store,
            control_token=control_token or None,
            tls=tls,
        )
    except ValueError as error:
        _fail(str(error))
    server.script.on_miss = _tell_misses("passed on" if upstream else "improvised")
    try:
        server.bind() if workers == 1 else server.share_port()
    except OSError as error:
        _fail(
            f"cannot listen on {host}:{port}: {error.strerror or error}; choose another with --port or --host"
        )
    with_key = api_key is not None
    if workers > 1:
        raise typer.Exit(_serve_by(workers, server, with_key=with_key))
    with contextlib.suppress(KeyboardInterrupt):
        status = asyncio.run(_serve(server, lambda: _say_ready(server, with_key)))
        raise typer.Exit(status)


@app.command("options")
def list_options() -> None:
    """List what --behaviour can set: the default, what else it may be, and how well it is known.

    \b
    mock-openai options
    mock-openai serve --behaviour on_cancel=ignore --behaviour keepalive=none
    """
    from mock_openai.protocol.behaviour import options

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
    from mock_openai import faults as known

    for kind in known.catalogue().values():
        typer.echo(known.signature(kind))
        typer.echo(f"    {known.describe(kind)}")


def _serve_by(count: int, server: MockServer, *, with_key: bool) -> int:
    """Serve by several processes; gives the exit status."""
    from mock_openai.protocol import tokens
    from mock_openai.workers import Workers

    try:
        asyncio.run(server.check())
    except OSError as error:
        _fail(str(error))
    tokens.prepare()  # once for all of them

    def work(life: int, ready: Callable[[], None]) -> int:
        server.forked()
        return asyncio.run(_serve(server, ready, life))

    def say(line: str) -> None:
        typer.echo(f"mock-openai: {line}", err=True)

    return Workers(count, work, lambda: _say_ready(server, with_key, count), say).run()


def collect_rarely() -> None:
    """Let Python look for unreachable circles less often: with thousands of sockets and a full store, each
    full look stops everybody for a quarter of a second, and next to nothing here forms circles.
    """
    gc.set_threshold(10_000, 10, 1_000)


async def _serve(server: MockServer, ready: Callable[[], None], life: int | None = None) -> int:
    """Serve until a signal, or until the parent at the other end of `life` is gone; gives the exit status."""
    collect_rarely()
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(wanted, over.set)
    if life is not None:
        loop.add_reader(life, over.set)
    try:
        await server.start()
        ready()
        await over.wait()
    except OSError as error:
        typer.echo(f"mock-openai: {error}", err=True)
        return 2
    finally:
        await server.stop()
    return 0


def _say_ready(server: MockServer, with_key: bool, workers: int = 1) -> None:
    key = "the key given with --api-key" if with_key else "any"
    by = f", {workers} workers" if workers > 1 else ""
    typer.echo(f"mock-openai is ready at {server.base_url} (WebSocket: {server.ws_url}{by})")
    typer.echo(f"  export OPENAI_BASE_URL={server.base_url}")
    typer.echo("  export OPENAI_API_KEY=mock-key" if not with_key else f"  OPENAI_API_KEY must be {key}")
    typer.echo(f"  journal: {server.base_url.removesuffix('/v1')}/__mock__/journal    stop: Ctrl+C")
    if server.ca_file is not None:
        typer.echo(f"  export SSL_CERT_FILE={server.ca_file}")


def _tell_misses(instead: str) -> Callable[[str], None]:
    """Give what tells the terminal why no rule answered; the same thing once."""
    told: set[str] = set()

    def tell(miss: str) -> None:
        if miss not in told and len(told) < MISSES_TOLD:
            told.add(miss)
            typer.echo(f"{miss} It was {instead}.", err=True)

    return tell


def _script(path: Path | None) -> Script | None:
    from mock_openai.responders.script import Script
    from mock_openai.responders.source import ScriptError

    if path is None:
        return None
    try:
        return Script.load(path)
    except ScriptError as error:
        _fail(str(error))


def _faults(path: Path | None) -> list[Planned]:
    from mock_openai.faults import PlanError, load

    if path is None:
        return []
    try:
        return load(path)
    except PlanError as error:
        _fail(str(error))


def _limits(rpm: int | None, tpm: int | None) -> Limits | None:
    from mock_openai.limits import Limits

    if rpm is None and tpm is None:
        return None
    return Limits(rpm, tpm)


def _player(path: Path, *, fresh_ids: bool) -> Responder:
    """Open a cassette through the entry point, so that this package needs nothing of the one that reads
    cassettes.
    """
    found = metadata.entry_points(group=CASSETTE_GROUP, name=CASSETTE_NAME)
    if not found:
        _fail("--cassette: nothing installed here can read cassettes; install ninelives")
    try:
        # The times stay as recorded; the server's pace keeps, scales or drops them.
        ids = "fresh" if fresh_ids else "recorded"
        player: Responder = next(iter(found)).load()(str(path), timing="recorded", ids=ids)
    except Exception as error:  # whatever the reader raises about the file, the user needs one line
        _fail(f"--cassette {path}: {' '.join(str(error).split()) or type(error).__name__}")
    return player


def _seconds(text: str) -> float:
    from mock_openai.clock import duration

    try:
        seconds = duration(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        _fail(f"--connection-lifetime {text}: not a duration; write 90s, 60m or 1h")
    return seconds


def _fail(message: str) -> NoReturn:
    typer.echo(f"mock-openai: {message}", err=True)
    raise typer.Exit(2)


def main() -> None:
    """Run the command and exit."""
    raise SystemExit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    """Run the command; a wrong command line is one line, like everything else that a user gets wrong."""
    command: Any = typer.main.get_command(app)
    try:
        code = command.main(arguments or ["--help"], prog_name="mock-openai", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:  # `mock-openai options | head`; Python would complain again when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        context = getattr(error, "ctx", None)
        where = context.command_path if context is not None else "mock-openai"
        said = " ".join(error.format_message().split()).rstrip(".")
        typer.echo(f"mock-openai: {said}. See `{where} --help`.", err=True)
        return 2
    return code if isinstance(code, int) else 0
