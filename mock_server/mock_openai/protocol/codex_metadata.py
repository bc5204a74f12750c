"""The metadata that the API adds to output items for Codex: the turn that the client named.

A request whose `client_metadata` has a `turn_id` gets it back twice in every output item, and a finished
message also says when it was created (observed in 19 of 19 exchanges of Codex, for reasoning, web searches
and messages; for other items inferred).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_openai.protocol.request import Request

_PASSED = "internal_chat_message_metadata_passthrough"
_HEAD = ("id", "type", "status")


def turn_of(request: Request) -> str | None:
    """Return the turn of a request of Codex, or None."""
    turn = (request.body.get("client_metadata") or {}).get("turn_id")
    return turn if isinstance(turn, str) else None


def with_turn(item: Mapping[str, Any], turn: str, *, created: float | None = None) -> dict[str, Any]:
    """Return an item with its turn: the passed fields in alphabetical order, `metadata` last (observed).
    `created` is the creation time of a message in unix seconds; None leaves it out.
    """
    passed: dict[str, Any] = {"turn_id": turn}
    if created is not None and item["type"] == "message":
        passed = {"create_time": created, **passed}
    fields = {**item, _PASSED: passed}
    fields.pop("metadata", None)
    rest = sorted(name for name in fields if name not in _HEAD)
    ordered = [*(name for name in _HEAD if name in fields), *rest]
    return {**{name: fields[name] for name in ordered}, "metadata": {"turn_id": turn}}
