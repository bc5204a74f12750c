"""The progress bar of commands that run for minutes: on a terminal, and nothing in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Show = Callable[[str, int, int | None, int], None]
"""Updates the text, how many are done, of how many, and how many of those broke something."""


@contextmanager
def progress_bar(console: Console) -> Iterator[Show]:
    """Show a bar while the context lasts."""
    if not console.is_terminal:
        yield lambda doing, done, total, broken: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[broken]}"),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, broken="")

        def show(doing: str, done: int, total: int | None, broken: int) -> None:
            state = f"{broken} broken" if broken else ""
            bar.update(task, description=doing, completed=done, total=total, broken=state)

        yield show
