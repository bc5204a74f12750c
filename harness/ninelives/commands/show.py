"""`ninelives show`: prints a cassette as a conversation, event by event, or writes it as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mock_openai.visible import one_line
from rich.text import Text

from ninelives.cassette import Cassette, Exchange
from ninelives.cassette.convert import load
from ninelives.commands.files import write_text
from ninelives.commands.printing import output
from ninelives.plural import counted
from ninelives.report.axis import duration
from ninelives.report.conversation import Exchanged, conversation
from ninelives.report.html import page
from ninelives.report.secrets import exchanged_without_secrets, rows_without_secrets
from ninelives.report.terminal import moments, talk
from ninelives.report.timeline import Chapter, Timeline, from_exchanges


def run(path: Path, raw: bool, html: Path | None) -> int:
    """Print the cassette, or write its page."""
    cassette = load(path)
    exchanges = cassette.exchanges
    console = output()
    exchanged = conversation(exchanges)
    if html is not None:
        write_text(html, page([_chapter(path, exchanges, exchanged)], f"ninelives: {path.name}"))
        console.print(f"wrote {one_line(html)}")
        return 0
    console.print(_heading(cassette, exchanges))
    console.print()
    if raw:
        shown = Timeline(tuple(rows_without_secrets(from_exchanges(exchanges).rows)))
        for line in moments(shown):
            console.print(line, soft_wrap=not console.is_terminal, overflow="ellipsis", no_wrap=True)
    else:
        for exchange in talk(list(exchanged_without_secrets(exchanged))):
            console.print(exchange)
    return 0


def _heading(cassette: Cassette, exchanges: Sequence[Exchange]) -> Text:
    header = cassette.header
    connections = len({exchange.connection for exchange in exchanges})
    ended = max((exchange.ended for exchange in exchanges), default=0.0) / 1000
    parts = [
        counted(len(exchanges), "exchange"),
        counted(connections, "connection"),
        duration(ended),
        f"recorded {header.recorded}" if header.recorded else "",
        f"from {header.upstream}" if header.upstream else "",
    ]
    line = Text(one_line(cassette.path.name), style="bold")
    line.append("  " + " · ".join(part for part in parts if part), style="dim")
    if header.origin:
        line.append(f"\n{header.origin}", style="dim italic")
    return line


def _chapter(path: Path, exchanges: Sequence[Exchange], exchanged: Sequence[Exchanged]) -> Chapter:
    talked = []
    for each in exchanged:
        asked = " ".join(text for role, text in each.asked if role in ("user", "tool")) or each.request
        answer = each.said or ", ".join(f"{name}({arguments})" for name, arguments in each.calls)
        talked.append((asked, answer + ("…" if each.broken else "")))
    sentence = f"{counted(len(exchanges), 'exchange')} as they were recorded."
    return Chapter(path.name, sentence, from_exchanges(exchanges), heard=tuple(talked))
