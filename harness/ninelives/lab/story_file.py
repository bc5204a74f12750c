"""The old name of `ninelives.lab.scenario_file`."""

from __future__ import annotations

from mock_openai.deprecation import moved

__getattr__ = moved(__name__, "ninelives.lab.scenario_file", gone="0.3")
