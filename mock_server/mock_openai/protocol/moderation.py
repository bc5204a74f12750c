"""The moderation result of a finished response, if it was asked for (observed): nothing is ever flagged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "sexual",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm/intent",
    "self-harm/instructions",
    "self-harm",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
_SCORE = 1e-05
"""The score of every category, similar to recorded results for harmless text."""


def verdict(asked: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the results for input and output by the requested model; None if none was requested."""
    if not asked:
        return None
    return {"input": _harmless(asked["model"]), "output": _harmless(asked["model"])}


def _harmless(model: str) -> dict[str, Any]:
    return {
        "type": "moderation_result",
        "categories": dict.fromkeys(_CATEGORIES, False),
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
        "category_scores": dict.fromkeys(_CATEGORIES, _SCORE),
        "flagged": False,
        "model": model,
    }
