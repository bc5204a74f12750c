"""`ninelives convert`: from one format of recorded traffic to another."""

from __future__ import annotations

from pathlib import Path


def run(source: Path, target: Path) -> int:
    """Convert, and say what came of it."""
    from ninelives.cassette.convert import convert
    from ninelives.commands.printing import output

    convert(source, target)
    output().print(f"wrote {target}", soft_wrap=True)
    return 0
