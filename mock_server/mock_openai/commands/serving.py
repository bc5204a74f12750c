"""A server that runs until a signal, in this process or in several that a parent watches, and its messages on
the terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable

import typer

from mock_openai.commands.usage_error import BAD_INPUT, NAME, fail, say
from mock_openai.commands.watching import Watched, watch
from mock_openai.faults import Injection
from mock_openai.interruption import NUMBERS, handling_signals
from mock_openai.journal import redact
from mock_openai.responders.miss import Miss
from mock_openai.server import MockServer
from mock_openai.visible import visible

MISSES_PRINTED = 1_000
"""Number of different script misses that are printed."""

_COLLECT_EVERY = 30.0
"""Seconds between two full collections of garbage."""


def serve(server: MockServer, *, workers: int, with_key: bool, files: list[Watched]) -> int:
    """Serve with `workers` processes until a signal, and reload `files` when they change. Return the exit
    status.
    """
    if workers > 1:
        return _serve_by(workers, server, with_key=with_key, files=files)
    return asyncio.run(_serve(server, lambda: _say_ready(server, with_key), watched=(files, say)))


def collect_rarely() -> None:
    """Limit Python's full garbage collections to two a minute; call it in the running loop.

    With thousands of sockets and a full store, a full collection stops every client for a quarter of a
    second. Without any, memory would leak: asyncio leaves a reference cycle for each closed connection.
    """
    gc.set_threshold(10_000, 10, 1_000_000)
    asyncio.get_running_loop().call_later(_COLLECT_EVERY, _collect)


def _collect() -> None:
    _, _, looks_at_the_young = gc.get_count()
    if looks_at_the_young:  # since the last full collection; without any, there is little to collect
        gc.collect()
    asyncio.get_running_loop().call_later(_COLLECT_EVERY, _collect)


def print_injection(injection: Injection) -> None:
    """Print which fault was injected, and how to repeat it."""
    typer.echo(visible(redact.text(str(injection))), err=True)


def miss_printer(instead: str) -> Callable[[Miss], None]:
    """Return a callback that prints why no rule answered, each reason once."""
    printed: set[Miss] = set()

    def print_miss(miss: Miss) -> None:
        if miss not in printed and len(printed) < MISSES_PRINTED:
            printed.add(miss)
            typer.echo(visible(f"{miss} It was {'refused (404)' if miss.refused else instead}."), err=True)

    return print_miss


def _serve_by(count: int, server: MockServer, *, with_key: bool, files: list[Watched]) -> int:
    from mock_openai.protocol import tokens
    from mock_openai.workers import Workers

    try:
        asyncio.run(server.check())
    except OSError as error:
        fail(str(error))
    tokens.prepare()  # once for all of them

    def work(number: int, life: int, ready: Callable[[], None]) -> int:
        server.forked()
        told = say if number == 1 else _say_nothing  # all read the same files
        return asyncio.run(_serve(server, ready, life, watched=(files, told)))

    return Workers(count, work, lambda: _say_ready(server, with_key, count), say).run()


def _say_nothing(line: str) -> None:
    pass


async def _serve(
    server: MockServer,
    ready: Callable[[], None],
    life: int | None = None,
    *,
    watched: tuple[list[Watched], Callable[[str], None]],
) -> int:
    """Serve until a signal, or until the parent at the other end of `life` ends; return the exit status."""
    collect_rarely()
    watching: asyncio.Task[None] | None = None
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    signals = contextlib.ExitStack()
    if life is None:
        signals.enter_context(handling_signals(lambda _: over.set()))
    else:
        # A terminal's Ctrl-C reaches this process and the parent, which passes it on: count it once.
        for wanted in NUMBERS:
            loop.add_signal_handler(wanted, over.set)
        loop.add_reader(life, over.set)
    try:
        try:
            if not await _started(server, over):
                return 0
        except OSError as error:
            say(str(error))
            return BAD_INPUT
        files, told = watched
        if files:
            watching = loop.create_task(watch(server, files, told))
        ready()
        await over.wait()
    finally:
        if watching is not None:
            watching.cancel()
            await asyncio.wait([watching])
        await server.stop()
        signals.close()
        if life is not None:
            # The parent's signal may come while the loop closes, which would write a traceback.
            for wanted in NUMBERS:
                loop.remove_signal_handler(wanted)
                signal.signal(wanted, signal.SIG_IGN)
    return 0


async def _started(server: MockServer, over: asyncio.Event) -> bool:
    """Start the server; False if a signal came before its shared memory answered. Raises as `start` does."""
    starting, told = (asyncio.ensure_future(each) for each in (server.start(), over.wait()))
    try:
        await asyncio.wait((starting, told), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            return True
    finally:
        told.cancel()
        starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)  # what it raises now is of no interest
    return False


def _say_ready(server: MockServer, with_key: bool, workers: int = 1) -> None:
    by = f" ({workers} workers)" if workers > 1 else ""
    typer.echo(f"{NAME} is ready at {server.base_url}{by}")
    typer.echo(f"  export OPENAI_BASE_URL={server.base_url}")
    typer.echo(f"  export OPENAI_WS_URL={server.ws_url}")
    key = (
        "OPENAI_API_KEY must be the key given with --api-key"
        if with_key
        else "export OPENAI_API_KEY=mock-key"
    )
    typer.echo(f"  {key}")
    typer.echo(f"  live page: {server.base_url.removesuffix('/v1')}/__mock__/    stop: Ctrl+C")
    if server.ca_file is not None:
        typer.echo(f"  export SSL_CERT_FILE={server.ca_file}")
