"""`ninelives demo`: shows in a terminal, within seconds, what this project is for. Everything in it really
runs.

`steps` runs it, `narration` draws it, and this file is the sequence. A frame that differs from the snapshot
or a broken promise makes the exit code 1.
"""

from __future__ import annotations

import contextlib
import importlib.util
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ninelives.commands.files import write_text
from ninelives.commands.printing import output
from ninelives.commands.quiet import quiet
from ninelives.demo import narration

if TYPE_CHECKING:
    from ninelives.demo.steps import Performance
    from ninelives.lab.run import Outcome

__all__ = ["run"]


def run(out: Path) -> int:
    """Show the demo, writing its files into `out`. Return the exit code."""
    began = time.perf_counter()
    if importlib.util.find_spec("pipecat") is None:
        raise ModuleNotFoundError("the demo's bot is a Pipecat pipeline", name="pipecat")
    quiet()
    write_text(out / ".gitignore", "*\n")
    console = output()
    console.print(narration.opening())
    with console.status("starting Pipecat") if console.is_terminal else contextlib.nullcontext():
        from ninelives.demo import steps  # Pipecat takes a second or two to import

        cassette = out / "conversation.jsonl"
        first = steps.record(cassette)
    snapshot = out / "conversation.frames"
    write_text(snapshot, "".join(f"{line}\n" for line in first.frames))
    console.print(narration.recorded(first, cassette))

    second = steps.replay(cassette)
    same = snapshot.read_text("utf-8").splitlines() == list(second.frames)
    console.print(narration.replayed(first, second, same))

    console.print(narration.turning_point())
    outcomes = []
    for name, title in steps.DISASTERS:
        outcome, real = steps.break_it(name)
        outcomes.append((title, outcome))
        console.print(narration.disaster(title, outcome, real))
    console.print(narration.promises(outcomes))

    page = out / "timeline.html"
    write_text(page, _page(first, outcomes))
    kept = all(outcome.held for _, outcome in outcomes)
    console.print(narration.ending(cassette, snapshot, page, time.perf_counter() - began, same and kept))
    return 0 if same and kept else 1


def _page(first: Performance, outcomes: list[tuple[str, Outcome]]) -> str:
    from ninelives.report.html import page
    from ninelives.report.timeline import Chapter

    heard = tuple((turn.user or "", turn.text) for turn in first.turns)
    calm = "A conversation of three turns with a tool call, as it was recorded."
    chapters = [Chapter("recorded", calm, first.timeline, heard=heard)]
    chapters += [outcome.chapter() for _, outcome in outcomes]
    return page(chapters, "ninelives demo")
