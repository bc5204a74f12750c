"""Repeats recorded requests to find changes of the API."""

from ninelives.refresh.again import Asked, ask_again
from ninelives.refresh.drift import Drift, drift

__all__ = ["Asked", "Drift", "ask_again", "drift"]
