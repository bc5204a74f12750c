"""The request cache: the latest creates by their bytes, so that the same bytes are read once.

Tests send the same request many times. The same bytes share one ReceivedRequest, which collects everything
derived from them: the body, the validated request, and the answer if it depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from mock_openai.journal import redact
from mock_openai.journal.entries import Body
from mock_openai.journal.redact import JournalRedactor
from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.reply import Reply
from mock_openai.protocol.request import Request
from mock_openai.protocol.template import Render
from mock_openai.responders.handle import RuleHandle

MAX_SIZE = 8 * 1024
"""Bytes from which only the latest request is kept: large requests contain a whole conversation, which is
rarely sent twice, but may be looked up twice while it is handled.
"""

LARGEST = 1024 * 1024
"""Bytes of the largest request that is kept."""

_KEPT = 128


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """The answer to every request with the same bytes, valid while the rules do not change."""

    version: int
    """The script's version."""
    rule: RuleHandle
    model: str
    reply: Reply
    render: Render
    at_once: bool
    """Whether all events are due at once."""


class ReceivedRequest(msgspec.Struct, eq=False):
    """The body of a create as it arrived, and everything computed from it so far."""

    body: dict[str, Any]
    size: int
    """Bytes of the body."""
    request: Request | None = None
    """The request, once validated."""
    refused: ApiError | None = None
    """The error of a large request that is not valid."""
    again: bool = False
    """Whether the bytes came more than once."""
    answer: CachedAnswer | None = None
    _noted: Body | None = None

    def note_as(
        self, redactor: JournalRedactor, shorten: Callable[[msgspec.Raw], msgspec.Raw] = lambda body: body
    ) -> Body:
        """Search the body for secrets, and return it as the journal stores it; `shorten` cuts one that is too
        large for it.

        Always starts from the whole body, because another thread may have cut it meanwhile.
        """
        shown = redact.body(self.body, redactor)
        short = shorten(shown)
        noted = Body.searched_before(short, redactor, json.compact(self.body) if short is shown else None)
        self._noted = noted
        return noted

    def noted(self, redactor: JournalRedactor) -> Body:
        """Return the body as the journal stores it. A large body is searched for secrets now, because a
        reader should not wait for that.
        """
        if self._noted is None:
            if self.size > MAX_SIZE:
                return self.note_as(redactor)
            written = json.compact(self.body)
            self._noted = Body(written, len(written))
        return self._noted


class RequestCache:
    """The latest creates of one server. `form` separates transports, which decode differently."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, bytes], ReceivedRequest] = {}
        self._large: tuple[str, bytes, ReceivedRequest] | None = None

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()
        self._large = None

    def find(self, form: str, data: bytes) -> ReceivedRequest | None:
        """Return the cache entry of these bytes; None if they are new."""
        if len(data) <= MAX_SIZE:
            received = self._kept.get((form, data))
        else:
            large = self._large  # read it once, because another thread may replace it at any time
            received = large[2] if large is not None and large[:2] == (form, data) else None
        if received is not None:
            received.again = True
        return received

    def keep(self, form: str, data: bytes, body: dict[str, Any]) -> ReceivedRequest:
        """Add a cache entry for these bytes."""
        received = ReceivedRequest(body, len(data))
        if len(data) > MAX_SIZE:
            if len(data) <= LARGEST:
                self._large = form, data, received
            return received
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[form, data] = received
        return received
