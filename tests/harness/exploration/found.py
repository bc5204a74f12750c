"""How many random scenarios `ninelives explore` plays until it finds each planted defect.

    python -m tests.harness.exploration.found [NAME ...]

Counted, not timed: the numbers are the same on every machine. The defects are those of the tests.
"""

from __future__ import annotations

import statistics
import sys

from ninelives.lab.exploration import draw_scenario
from ninelives.lab.exploration.trial import broken_in, play

from .broken import BROKEN, factory_of


def runs_until_found(kind: type, promise: str, seed: int, most: int) -> int | None:
    """Return how many scenarios of a seed were played until one broke the promise. None: none of `most`."""
    for run in range(most):
        found = {name for name, _ in broken_in(play(draw_scenario(seed, run), factory_of(kind)))}
        if promise in found:
            return run + 1
    return None


SEEDS = 20
MOST = 400
"""How many scenarios of a seed are played at most."""


def main(names: list[str]) -> None:
    """Print a line for each defect, or for those that are named."""
    print("defect, promise, found, median runs, most runs")
    for kind, promise in BROKEN.items():
        if names and kind.__name__ not in names:
            continue
        runs = [runs_until_found(kind, promise, seed, MOST) for seed in range(SEEDS)]
        found = [each for each in runs if each is not None]
        figures = f"{statistics.median(found):g} ({max(found)})" if found else "-"
        print(f"{kind.__name__} {promise} {len(found)}/{SEEDS} {figures}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
