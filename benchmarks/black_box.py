"""What a black box costs a bot: the same pipeline with one and without, in turns, in one process.

    python -m benchmarks.black_box [--rounds N] [--json FILE]

Measured is the CPU time of the process with the pipeline for a long answer, all deltas at once, with what the
box does in its thread after the turn (judging it) included. Printed are medians, the ratio, and what the
difference is of the time that such a turn takes when the model speaks at 20 events a second, about what is
observed. The target, under 2 % of a turn, is for the latter.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

from loguru import logger
from ninelives import BlackBox
from pipecat.observers.base_observer import BaseObserver
from rich.console import Console

from benchmarks.services import DELTAS, Address, Bench, mock_server, question, services

EVENT = 0.05
"""Seconds between two events of a model that speaks."""

MOST = 0.02
"""The share of a turn that a box may cost."""


async def _turn(bench: Bench, box: BlackBox | None) -> float:
    """CPU seconds of a turn, and of what the box makes of it."""
    context = question("stream")
    await bench.turn(context, DELTAS)  # the pipeline is warm, and what was left over is done
    if box is not None:
        box.dump("before")
        box.flush(60)
    before = time.process_time()
    await bench.turn(context, DELTAS)
    if box is not None:
        await asyncio.sleep(1.2)  # then the turn is over, and is judged
        box.flush(60)
    return time.process_time() - before


async def measure(at: Address, name: str, rounds: int) -> dict[str, list[float]]:
    """CPU seconds of a turn without a box, with an empty observer, and with a box, in every round."""
    with tempfile.TemporaryDirectory() as folder:
        box = BlackBox(Path(folder))
        benches = {which: Bench(services(at)[name]()) for which in ("without", "empty", "with")}
        benches["empty"].worker.add_observer(BaseObserver(observe_every_push=False))
        benches["with"].worker.add_observer(box)
        for bench in benches.values():
            await bench.start()
        spent: dict[str, list[float]] = {which: [] for which in benches}
        for number in range(rounds + 1):
            for which in list(benches)[:: -1 if number % 2 else 1]:
                seconds = await _turn(benches[which], box if which == "with" else None)
                if number:  # the first turn connects and imports
                    spent[which].append(seconds)
        for bench in benches.values():
            await bench.stop()
    return spent


def main() -> int:
    """Measure and print. 1 when the target is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    logger.remove()
    console, results, missed = Console(), {}, False
    with mock_server("instant") as at:
        for name in ("ours WS", "ours HTTP", "Pipecat WS", "Pipecat HTTP"):
            spent = asyncio.run(measure(at, name, given.rounds))
            without, empty, with_box = (statistics.median(spent[which]) for which in spent)
            share = (with_box - without) / (DELTAS * EVENT)
            missed = missed or share > MOST
            results[name] = {"without": without, "empty": empty, "with": with_box, "share": share}
            each = (f"{seconds / DELTAS * 1e6:.0f}" for seconds in (without, empty, with_box))
            verdict = f"target {MOST:.0%}: {'reached' if share <= MOST else 'missed'}"
            console.print(
                f"{name:<13} us a delta: {next(each)} without, {next(each)} with an empty observer, "
                f"{next(each)} with a box; {share:.2%} of the turn ({verdict})",
                highlight=False,
                soft_wrap=True,
            )
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1) + "\n")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
