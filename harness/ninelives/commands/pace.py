"""`ninelives pace`: the rhythm of recordings as a pace file, for the mock server and the laboratory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from mock_openai.turn.learned_pace import Learned, to_json
from mock_openai.visible import one_line
from rich.table import Table

from ninelives.cassette import Cassette, CassetteError
from ninelives.cassette.convert import load
from ninelives.cassette.lint_other_formats import is_recording
from ninelives.cassette.redact import Redactor
from ninelives.cassette.rhythm import Rhythm
from ninelives.commands.files import require_places, write_text
from ninelives.commands.printing import notes, output
from ninelives.lab.figures import percentile
from ninelives.plural import counted
from ninelives.usage_error import UsageError

_SHOWN = {
    "first_event": "until the first event",
    "first_output": "from the first event to the first output",
    "between_items": "before the next item",
    "burst": "deltas per burst",
    "within_burst": "between deltas of a burst",
    "between_bursts": "between bursts",
    "stalls": "stalls",
}
_MOST_NAMED = 3
"""The most skipped files that are listed by name."""


def run(paths: Sequence[Path], out: Path) -> int:
    """Learn, write the file, and print what was learned."""
    require_places(out)
    rhythm = Rhythm()
    heard: Counter[str] = Counter()
    unread: list[str] = []
    with notes().status("reading") as status:
        for path, cassette in _cassettes(paths, unread):
            status.update(f"reading {path.name}")
            before = rhythm.timed + rhythm.begun
            rhythm.hear(cassette.exchanges)
            if learned := rhythm.timed + rhythm.begun - before:
                heard[_source(path, cassette)] += learned
    try:
        pace = rhythm.pace(
            [f"{source}: {counted(count, 'answer')}" for source, count in sorted(heard.items())]
        )
    except ValueError as error:
        named = ", ".join(map(str, paths))
        raise UsageError(
            f"{named}: {error}; record with `ninelives record`, which keeps the time of every event"
        ) from None
    write_text(out, to_json(pace))
    _print_pace(out, rhythm, pace, unread)
    return 0


def _cassettes(paths: Sequence[Path], unread: list[str]) -> Iterator[tuple[Path, Cassette]]:
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: found no such file; expected a recording, or a folder of them")
        if not path.is_dir():
            yield path, load(path, redactor=Redactor.off())
            continue
        files = [each for each in sorted(path.rglob("*")) if each.suffix in (".jsonl", ".json")]
        files += [each for each in sorted(path.rglob("*")) if is_recording(each)]
        found = False
        for each in dict.fromkeys(files):
            try:
                cassette = load(each, redactor=Redactor.off())
            except CassetteError:
                unread.append(each.name)
                continue
            found = True
            yield each, cassette
        if not found:
            raise UsageError(f"{path}: found no recording; expected a cassette, or a folder of them")


def _source(path: Path, cassette: Cassette) -> str:
    """Return a recording's name for the file; for other people's collections, the collection's name."""
    origin = cassette.header.origin or ""
    if origin.startswith("converted from exchange files: "):
        return origin.removeprefix("converted from exchange files: ")
    return f"{path.name} ({origin})" if origin else path.name


def _print_pace(out: Path, rhythm: Rhythm, pace: Learned, unread: Sequence[str]) -> None:
    console = output()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("seconds", no_wrap=True)
    for heading in ("p5", "p50", "p95", "most"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, label in _SHOWN.items():
        values = getattr(pace, name)
        if values:
            table.add_row(label, *(f"{percentile(values, each):.3g}" for each in (5, 50, 95, 100)))
    console.print(table)
    if pace.stalls:
        console.print(f"\none pause in {1 / pace.stall_share:.0f} between bursts is a stall")
    learned = [f"{counted(rhythm.timed, 'answer')} with the times of all events"]
    if rhythm.begun:
        learned.append(f"{rhythm.begun} more with only the time to the first event")
    if rhythm.untimed:
        learned.append(f"{rhythm.untimed} without times, left out")
    console.print(f"\nfrom {', '.join(learned)}")
    if unread:
        more = f" and {len(unread) - _MOST_NAMED} more" if len(unread) > _MOST_NAMED else ""
        console.print(f"left out because they are not recordings: {', '.join(unread[:_MOST_NAMED])}{more}")
    console.print(f"wrote {one_line(out)}")
