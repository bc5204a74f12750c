"""`ninelives diff`: the differences between two recordings of a conversation."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from ninelives.cassette.convert import load
from ninelives.commands.printing import output
from ninelives.report.comparison import KINDS, compare

_SHOWN = 400


def run(before: Path, after: Path, exit_code: bool) -> int:
    """Print the differences by kind; return 1 if there are any and `exit_code` is set."""
    found = compare(load(before).exchanges, load(after).exchanges)
    console = output(secrets=False)
    if not found:
        console.print("no differences, except ids, headers and small changes in timing")
    for kind in KINDS:
        differences = [each for each in found if each.kind == kind]
        if not differences:
            continue
        console.print(Text(f"{kind}: {len(differences)}", style="bold"))
        for each in differences:
            console.print(Text(f"  exchange {each.exchange}  {each.where}", style="cyan"))
            console.print(Text(f"    - {_cut(each.before)}", style="red"))
            console.print(Text(f"    + {_cut(each.after)}", style="green"))
    return 1 if found and exit_code else 0


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ... ({len(text)} characters)"
