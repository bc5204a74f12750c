"""The body of a create for upstream, if it continues a response that only this server knows.

Ids from upstream, and ids unknown here, are passed on unchanged. If the parent was answered here, by a rule,
its conversation is sent before the input instead of its id.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from mock_openai.responders.base import Turn

_KEPT = 100_000
_LONGEST = 512
"""Characters of an id."""


class CreatedUpstream:
    """The ids of responses that upstream created; bounded, the oldest are forgotten."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, response_id: object) -> bool:
        return response_id in self._ids

    def add(self, response_id: str) -> None:
        """Add an id; one that is too long to be one is ignored."""
        if len(response_id) > _LONGEST:
            return
        self._ids[response_id] = None
        while len(self._ids) > _KEPT:
            self._ids.popitem(last=False)


def outgoing(turn: Turn, created: CreatedUpstream) -> dict[str, Any]:
    """Return the body to send upstream."""
    body = dict(turn.body)
    parent = body.get("previous_response_id")
    if not turn.history or not isinstance(parent, str) or parent in created:
        return body
    del body["previous_response_id"]
    asked = body.get("input") or []
    own = [{"role": "user", "content": asked}] if isinstance(asked, str) else list(asked)
    return {**body, "input": [*_portable(turn.history), *own]}


def _portable(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Remove what is valid only on the server that made it: ids, and reasoning that cannot be decrypted
    elsewhere.
    """
    return [
        {name: value for name, value in item.items() if name not in ("id", "status")}
        for item in items
        if item.get("type") != "reasoning"
    ]
