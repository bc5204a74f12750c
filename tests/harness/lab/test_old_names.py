"""Old names that users' scenario files were written with."""

from __future__ import annotations

import importlib

import pytest
from ninelives.lab import triggers


def test_points_are_triggers_and_say_so() -> None:
    points = importlib.import_module("ninelives.lab.points")
    with pytest.warns(DeprecationWarning, match=r"points\.REQUEST is now called .*triggers\.REQUEST"):
        assert points.REQUEST is triggers.REQUEST
    with pytest.raises(ImportError, match="NOWHERE"):
        exec("from ninelives.lab.points import NOWHERE", {})
