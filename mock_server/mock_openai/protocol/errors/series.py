"""Lists within messages."""

from __future__ import annotations

from collections.abc import Sequence


def series(values: Sequence[str], *, last: str = "and") -> str:
    """Quote values and join them; three and more have a comma before the `last` word too (reported)."""
    quoted = [f"'{value}'" for value in values]
    if len(quoted) < 3:
        return f" {last} ".join(quoted)
    return f"{', '.join(quoted[:-1])}, {last} {quoted[-1]}"
