"""`ninelives convert`: converts between formats of recorded traffic."""

from __future__ import annotations

from pathlib import Path


def run(source: Path, target: Path) -> int:
    """Convert, and report the result."""
    from mock_openai.visible import one_line

    from ninelives.cassette.convert import convert
    from ninelives.commands.printing import output

    convert(source, target)
    output().print(f"wrote {one_line(target)}")
    return 0
