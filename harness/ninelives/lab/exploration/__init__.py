"""Exploration: random stories against any service, and the shortest that break a promise.

`drawing` makes the stories, `trial` plays one, `explore` plays many on any executor, `ledger` records
results, `breaches` sorts what broke, `shrinking` finds the shortest story of each.
"""

from __future__ import annotations

from ninelives.lab.exploration.breaches import Breach
from ninelives.lab.exploration.drawing import draw_story
from ninelives.lab.exploration.explore import Exploration, explore

__all__ = ["Breach", "Exploration", "draw_story", "explore"]
