"""Recorded requests asked again: has the API changed since they were recorded?"""

from ninelives.refresh.again import Asked, ask_again
from ninelives.refresh.drift import Drift, drift

__all__ = ["Asked", "Drift", "ask_again", "drift"]
