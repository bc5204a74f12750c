"""What the API does differently from one model to the next, as seen in the response objects it echoes.

Which snapshot an alias stands for, the default `top_p`, reasoning effort and cache retention, and whether
the model takes sampling parameters. Names no one has heard of are unknown models; anything that begins like
an OpenAI model is let through with the facts of its family.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """One family's echo defaults.

    `effort` and `context` are the reasoning defaults, None for models that do not reason. `sampling` tells
    whether `temperature` and `top_p` are accepted at all. `phase` tells whether messages name their phase.
    """

    top_p: float = 1.0
    cache_retention: str = "in_memory"
    effort: str | None = None
    context: str | None = None
    sampling: bool = True
    phase: bool = False

    @property
    def reasons(self) -> bool:
        """Whether the model reasons before it answers."""
        return self.effort is not None


_OPEN = Model()
_EARLY_REASONER = Model(effort="medium", context="current_turn", sampling=False)
_NEWEST = Model(top_p=0.98, cache_retention="24h", effort="medium", context="all_turns", phase=True)

# First match wins. Observed where a recording exists; families between two observed ones take the nearest
# (inferred).
_FAMILIES: tuple[tuple[str, Model], ...] = (
    (r"gpt-5(\.\d+)?-chat", _OPEN),
    (r"gpt-([6-9]|\d\d)", _NEWEST),
    (r"gpt-5\.([6-9]|\d\d)", _NEWEST),
    (
        r"gpt-5\.5",
        Model(top_p=0.98, cache_retention="24h", effort="medium", context="current_turn", phase=True),
    ),
    (
        r"gpt-5\.4",
        Model(top_p=0.98, cache_retention="24h", effort="none", context="current_turn", phase=True),
    ),
    (
        r"gpt-5\.3",
        Model(top_p=0.98, cache_retention="24h", effort="medium", context="current_turn", phase=True),
    ),
    (r"gpt-5\.2", Model(top_p=0.98, cache_retention="24h", effort="none", context="current_turn")),
    (r"gpt-5\.1", Model(effort="none", context="current_turn")),
    (r"gpt-5", _EARLY_REASONER),
    (r"o\d", _EARLY_REASONER),
    (r"codex-", _EARLY_REASONER),
    (r"computer-use", Model(effort="medium", context="current_turn")),
    (r"", _OPEN),
)

_SNAPSHOTS = {
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "gpt-5": "gpt-5-2025-08-07",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "gpt-5-nano": "gpt-5-nano-2025-08-07",
    "gpt-5.1": "gpt-5.1-2025-11-13",
    "gpt-5.2": "gpt-5.2-2025-12-11",
    "gpt-5.4": "gpt-5.4-2026-03-05",
    "gpt-5.4-mini": "gpt-5.4-mini-2026-03-17",
    "gpt-5.5": "gpt-5.5-2026-04-23",
    "gpt-5.6": "gpt-5.6-sol",
    "o3-mini": "o3-mini-2025-01-31",
    "o4-mini": "o4-mini-2025-04-16",
    "computer-use-preview": "computer-use-preview-2025-03-11",
}

_KNOWN = re.compile(r"gpt-|ft:|o\d|chatgpt-|codex-|computer-use")


# What a stored prompt is taken to name, for this server keeps no prompts.
OF_A_PROMPT = "gpt-4.1"


def is_known(name: str) -> bool:
    """Tell whether a name begins like a model of OpenAI's; which of those exist today is not this server's
    to say.
    """
    return bool(_KNOWN.match(name))


def snapshot(name: str) -> str:
    """Give the snapshot that an alias stands for; other names stand for themselves."""
    return _SNAPSHOTS.get(name, name)


def facts(name: str) -> Model:
    """Give what is known of a model, by family."""
    return next(model for pattern, model in _FAMILIES if re.match(pattern, name))
