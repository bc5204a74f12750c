"""Exploration: random scenarios against any service, and the shortest that break a promise.

`drawing` makes the scenarios, `trial` plays one, `explore` plays many on any executor, `run_journal` records
results, `breaches` sorts what broke, `shrinking` finds the shortest scenario of each.
"""

from __future__ import annotations

from mock_openai.deprecation import renamed

from ninelives.lab.exploration.breaches import Breach
from ninelives.lab.exploration.drawing import draw_scenario
from ninelives.lab.exploration.explore import Exploration, explore

__all__ = ["Breach", "Exploration", "draw_scenario", "explore"]

__getattr__ = renamed(__name__, {"draw_story": "draw_scenario"}, gone="0.3")
