"""The request cache: what is known of earlier creates, by their bytes.

Tests send the same request many times. The same bytes share one Known, which holds what follows from them:
the body, the validated request, and the answer where it depends on nothing else. It is never changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from mock_openai.control import redact
from mock_openai.control.entries import Body
from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.request import Request
from mock_openai.protocol.template import Render
from mock_openai.responders.answer import Reply
from mock_openai.responders.handle import RuleHandle

MAX_SIZE = 8 * 1024
"""Bytes from which only the latest request is kept: large requests contain a conversation, which is not sent
twice, but may be looked up twice.
"""

LARGEST = 1024 * 1024
"""Bytes of the largest request that is kept."""

_KEPT = 128


@dataclass(frozen=True, slots=True)
class Settled:
    """The answer to every request with these bytes, valid while the rules do not change."""

    version: int
    """The script's version."""
    rule: RuleHandle
    model: str
    reply: Reply
    render: Render
    at_once: bool
    """Whether all events are due at once."""


class Known(msgspec.Struct, eq=False):
    """A create, cached by its bytes."""

    body: dict[str, Any]
    size: int
    """Bytes of the body."""
    request: Request | None = None
    """The request, once validated."""
    refused: ApiError | None = None
    """The error of a large request that is not valid."""
    again: bool = False
    """Whether the bytes came more than once."""
    settled: Settled | None = None
    _noted: Body | None = None

    def note_as(self, shorten: Callable[[msgspec.Raw], msgspec.Raw]) -> None:
        """Find out how the journal stores the body; `shorten` cuts one that is too large for it.

        It begins with the body each time: another thread may have cut it meanwhile.
        """
        self._noted = Body.searched_before(shorten(redact.body(self.body)))

    @property
    def noted(self) -> Body:
        """The body as the journal stores it. A large one is searched for secrets now, which would keep its
        reader waiting.
        """
        if self._noted is None:
            if self.size > MAX_SIZE:
                self._noted = Body.searched_before(redact.body(self.body))
            else:
                written = json.compact(self.body)
                self._noted = Body(written, len(written))
        if redact.forgets:
            self._noted.clean()
        return self._noted


class KnownRequests:
    """The latest creates of one server. `form` separates transports, which decode differently."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], Known] = {}
        self._large: tuple[str, bytes, Known] | None = None

    def clear(self) -> None:
        """Forget all of them."""
        self._known.clear()
        self._large = None

    def find(self, form: str, data: bytes) -> Known | None:
        """Return the cache entry of these bytes; None if they are new."""
        if len(data) <= MAX_SIZE:
            known = self._known.get((form, data))
        else:
            large = self._large  # read once: another thread may replace it at any time
            known = large[2] if large is not None and large[:2] == (form, data) else None
        if known is not None:
            known.again = True
        return known

    def keep(self, form: str, data: bytes, body: dict[str, Any]) -> Known:
        """Add a cache entry for these bytes."""
        known = Known(body, len(data))
        if len(data) > MAX_SIZE:
            if len(data) <= LARGEST:
                self._large = form, data, known
            return known
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[form, data] = known
        return known
