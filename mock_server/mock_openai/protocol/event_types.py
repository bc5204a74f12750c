"""The one table of event types: which open a response, which end it, which carry the response object.

Memory, the journal, metrics, fault positions, pacing, pass-through and the recorder all use it.
"""

from __future__ import annotations

OPENING = frozenset({"response.created", "response.queued", "response.in_progress"})
"""Events before the first output, each with the response object as it stands (observed)."""

TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
"""Events that end a response. The API sends the first three (observed); `response.cancelled` is sent only
when `Behaviour.cancelled_event` asks for it.
"""

DONE = "response.done"
"""How compatible servers end a response, whatever its status (reported); the API never sends it."""

ENDS = TERMINAL | {DONE}
"""Events that end a response, whoever sends them."""

WITH_RESPONSE = OPENING | TERMINAL
"""Events that carry the whole response object."""


def is_delta(event_type: str) -> bool:
    """Return whether an event carries a piece of the model's output."""
    return event_type.endswith(".delta")
