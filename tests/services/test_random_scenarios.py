"""Random conversations with random faults: whatever is drawn, our services break none of the ten promises.

Forty scenarios of seed 0 run with the suite, one after the other over each transport; ``NINELIVES_RUNS=1000``
asks for more. ``ninelives explore`` plays the same ones by the thousand.
"""

from __future__ import annotations

import os

import pytest
from ninelives.lab.exploration import draw_scenario
from ninelives.lab.exploration.trial import broken_in, play
from ninelives.lab.failure_text import as_text
from ninelives.lab.scenario_file import to_yaml
from ninelives.lab.services import http, websocket

RUNS = int(os.environ.get("NINELIVES_RUNS", "10"))
"""How many scenarios; 40 in CI."""


@pytest.mark.parametrize("run", range(RUNS))
def test_no_random_scenario_breaks_a_promise(run: int) -> None:
    spec = draw_scenario(0, run)
    outcome = play(spec, (websocket, http)[run % 2])
    assert not broken_in(outcome), f"{as_text(outcome)}\n\n{to_yaml(spec)}"
