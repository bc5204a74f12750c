"""The old name of `ninelives.lab.triggers`, for scenario files that were written with it."""

from __future__ import annotations

from typing import Any

from mock_openai.deprecation import warn_renamed

from ninelives.lab import triggers


def __getattr__(name: str) -> Any:
    if name.startswith("__") or not hasattr(triggers, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warn_renamed(f"{__name__}.{name}", f"{triggers.__name__}.{name}", gone="0.3")
    return getattr(triggers, name)
