"""The connection-loss laboratory: scenarios of everything that can happen to a bot's connection, and ten
promises to check.

`judge` is pure and needs only an `Episode`; `run_scenario` plays a scenario against any service factory in
virtual time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ninelives.lab.episode import Episode, Finding
from ninelives.lab.promises import PROMISES, judge
from ninelives.lazy import lazy

if TYPE_CHECKING:
    from ninelives.lab.promises.silence import judge_silence
    from ninelives.lab.run import Outcome, run_scenario
    from ninelives.lab.scenario import Scenario
    from ninelives.lab.testing import as_tests

__all__ = [
    "PROMISES",
    "Episode",
    "Finding",
    "Outcome",
    "Scenario",
    "as_tests",
    "judge",
    "judge_silence",
    "run_scenario",
]

_HOMES = {
    "Outcome": "run",
    "Scenario": "scenario",
    "as_tests": "testing",
    "judge_silence": "promises.silence",
    "run_scenario": "run",
}

# Running needs the mock server and Pipecat; judging needs neither.
__getattr__ = lazy(__name__, {name: f"{__name__}.{module}" for name, module in _HOMES.items()})
