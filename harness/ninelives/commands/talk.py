"""`ninelives talk`: a conversation by keyboard with a bot on the mock server, whose connection can be
broken.
"""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mock_openai import MockServer, Script
from mock_openai.faults import PlanError, load
from mock_openai.interruption import uninterrupted
from mock_openai.source import ScriptError
from mock_openai.visible import visible
from rich.console import Console
from rich.text import Text

from ninelives.commands.files import require_places, write_text
from ninelives.commands.printing import output
from ninelives.commands.quiet import quiet
from ninelives.lab.conditions import as_option, read_conditions
from ninelives.plural import counted
from ninelives.report.terminal import moment
from ninelives.talk.terminal import Lines, source
from ninelives.usage_error import UsageError

if TYPE_CHECKING:
    from ninelives.fixtures.network import Guard
    from ninelives.lab.run import Outcome
    from ninelives.talk.session import Session

LANE = len("connection 1")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command."""

    bot: str
    script: Path | None = None
    cassette: Path | None = None
    faults: Path | None = None
    pace: str | None = None
    seed: int = 0
    port: int = 0
    browser: bool = False
    html: Path | None = None
    events: bool = False


def run(options: Options) -> int:
    """Talk. Return 0 if the user leaves. Raises KeyboardInterrupt after a summary."""
    require_places(options.html)
    server = _server(options)

    quiet()
    from ninelives.bot.overheard import overheard
    from ninelives.fixtures.network import Guard
    from ninelives.lab.run import forbidden
    from ninelives.lab.services import find_factory, source_of
    from ninelives.talk.session import Session

    factory = find_factory(options.bot)
    lines = source()
    guard = Guard(lambda _, address: forbidden("the bot", address))
    with ExitStack() as stack:
        console = _console(stack.enter_context(lines))
        session = Session(
            factory,
            server,
            show=lambda row: console.print(moment(row, LANE)),
            note=lambda text: console.print(Text(text, style="dim")),
            events=options.events,
            piped=lines.piped,
        )
        stack.enter_context(overheard())
        stack.enter_context(_without_input())
        guard.install()
        stack.callback(guard.remove)
        try:
            _talk(session, server, lines, console, options)
        except UsageError:
            other = _elsewhere(session, guard, options.bot, source_of(factory))
            if other is None:
                raise
            raise other from None
        finally:
            for address in dict.fromkeys(guard.attempts):
                console.print(Text(forbidden("the bot", address), style="red"))
    return 0


def _talk(session: Session, server: MockServer, lines: Lines, console: Console, options: Options) -> None:
    """Have the conversation, and report its result, however it ends."""

    async def converse() -> None:
        page = f"http://127.0.0.1:{server.port}/__mock__/"
        console.print(Text(f"live page: {page}", style="dim"))
        if options.browser and not _opened(page):
            console.print(Text("no browser could be opened; open the page by hand", style="yellow"))
        await session.run(lines.read())

    with asyncio.Runner() as runner:
        try:
            runner.run(converse())
        except KeyboardInterrupt:
            lines.leave(runner)
            console.file = sys.stdout
            raise
        finally:
            with uninterrupted():
                outcome = session.outcome()
                if outcome is not None:
                    _sum_up(console, outcome, session.left_in_turn)
                    _write(console, outcome, options)


def _elsewhere(session: Session, guard: Guard, who: str, near: Path | None) -> UsageError | None:
    from ninelives.lab.apis import elsewhere

    return elsewhere(session.hosts(), guard.attempts[0], who, near) if guard.attempts else None


def _server(options: Options) -> MockServer:
    conditions = read_conditions(pace=options.pace or "realistic", spelled=as_option)
    try:
        script = Script.load(options.script) if options.script is not None else None
        faults = load(options.faults) if options.faults is not None else []
    except (ScriptError, PlanError) as error:
        raise UsageError(str(error)) from None
    responders: list[Any] = []
    if options.cassette is not None:
        from ninelives.player import open_player

        responders.append(open_player(str(options.cassette), timing="recorded", ids="recorded"))
    assert conditions.pace is not None
    server = MockServer(
        script,
        faults=faults,
        pace=conditions.pace,
        seed=options.seed,
        port=options.port,
        responders=responders,
    )
    try:
        server.bind()
    except OSError as error:
        raise UsageError(
            f"--port {options.port}: cannot listen there ({error.strerror or error}); choose another, or 0"
        ) from None
    return server


@contextmanager
def _without_input() -> Iterator[None]:
    """Hide standard input from the bot, which would read the user's lines."""
    mine = sys.stdin
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        sys.stdin = nothing
        try:
            yield
        finally:
            sys.stdin = mine


def _console(file: Any) -> Console:
    found = output(secrets=False)
    found.file = file
    return found


def _opened(page: str) -> bool:
    """Whether a browser shows the page. A browser that runs in this terminal is not used."""
    windows = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    return windows and webbrowser.open(page)


def _sum_up(console: Console, outcome: Outcome, left_in: int | None) -> None:
    turns = len(outcome.episode.turns)
    faults = len(outcome.episode.faults)
    opened = sum(entry.kind == "open" for entry in outcome.episode.wire)
    many = [counted(turns, "turn"), counted(opened, "connection")]
    many += [counted(faults, "fault")] if faults else []
    console.print(Text(f"\n{', '.join(many)}; {outcome.figures}", style="dim"))
    for mishap in outcome.mishaps:
        console.print(Text(f"the bot's own code raised: {mishap}", style="red"))
    for finding in outcome.broken:
        console.print(Text.assemble(("✗ ", "bold red"), (f"{finding.promise}  ", "bold"), finding.why))
    if left_in is not None:
        console.print(Text(f"you left in turn {left_in}, which is not judged", style="dim"))
    if turns > (left_in is not None) and not outcome.broken:
        console.print(Text("every promise that applies was kept", style="green"))


def _write(console: Console, outcome: Outcome, options: Options) -> None:
    if options.html is None:
        return
    from ninelives.report.html import page

    write_text(options.html, page([outcome.chapter()], f"ninelives talk: {visible(options.bot)}"))
    console.print(f"timeline: {options.html}")
