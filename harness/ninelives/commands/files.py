"""Writing what a command was asked to write, with a line instead of a traceback when that cannot be."""

from __future__ import annotations

from pathlib import Path

from ninelives.complaint import Complaint


def write_text(path: Path, text: str) -> None:
    """Write a file, creating its folder. Raises Complaint when that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Complaint(f"{path} cannot be written ({error.strerror}); choose a place that can be") from None
