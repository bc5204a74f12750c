"""The old name of `ninelives.lab.triggers`, for scenario files that were written with it."""

from __future__ import annotations

from mock_openai.deprecation import moved

__getattr__ = moved(__name__, "ninelives.lab.triggers", gone="0.3")
