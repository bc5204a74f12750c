"""Ids in the form the API gives them since 2025-09, made from a random source and a clock.

Strategy: an id is a prefix and 50 hex digits (observed). Digits 0-15 are a root shared by a response, its
items and every response chained to it, first digit 0; 16-17 are `00` or `01`, shared too; 18-25 are the
creation time in unix seconds; 26-49 are random except 30-33, which begin `81` and are the same in a
response and its items. The same source and clock give the same ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mock_openai.protocol.random_source import RandomSource

_CONVERSATION = re.compile(r"^conv_[0-9a-f]{32}([0-9a-f]{16})$")
_MODERN = re.compile(r"^[a-z]+_([0-9a-f]{50})$")
# The digits that follow `81`, as far as recordings show them.
_MARK_ENDINGS = ("90", "91", "93", "94", "95", "96", "97", "a0", "a1", "a2", "a3")


class Ids:
    """Makes ids. `clock` gives unix seconds; only its whole part is used."""

    def __init__(self, random_source: RandomSource, clock: Callable[[], float]) -> None:
        self._random_source = random_source
        self.clock = clock
        """Returns the time written into ids."""
        self._latest = ""

    def response(self, parent: str | None = None) -> str:
        """Make a response id; with a parent it carries on the parent's root."""
        digits = _digits(parent) if parent else None
        drawn = self._random_source.hex(
            40
        )  # one draw for all of it: ids are a good part of what a short turn costs
        root = digits[:18] if digits else f"0{drawn[:15]}0{int(drawn[15], 16) & 1}"
        mark = _MARK_ENDINGS[int(drawn[16:20], 16) % len(_MARK_ENDINGS)]
        self._latest = f"resp_{root}{self._time()}{drawn[20:24]}81{mark}{drawn[24:]}"
        return self._latest

    def item(self, prefix: str, response_id: str) -> str:
        """Make an id such as `msg_...` for something that belongs to a response."""
        digits = response_id[5:] if response_id == self._latest else _digits(response_id)
        root, mark = (digits[:18], digits[30:34]) if digits else (f"0{self._random_source.hex(15)}00", "8191")
        drawn = self._random_source.hex(20)
        return f"{prefix}_{root}{self._time()}{drawn[:4]}{mark}{drawn[4:]}"

    def conversation(self) -> str:
        """Make a conversation id: 48 hex digits that begin with the time and end with the root that its
        responses and items share (observed).
        """
        return f"conv_{self._time()}{self._random_source.hex(24)}0{self._random_source.hex(15)}"

    def container(self) -> str:
        """Make the id of a code interpreter's container (observed)."""
        return f"cntr_{self._time()}{self._random_source.hex(40)}"

    def call(self) -> str:
        """Make a call id: 24 base62 characters without a time (observed)."""
        return "call_" + self._random_source.word(24)

    def request(self) -> str:
        """Make a request id for the `x-request-id` header."""
        return f"req_{self._random_source.hex(32)}"

    def steer(self) -> str:
        """Make the id of a steering message (documented)."""
        return f"steer_{self._random_source.hex(32)}"

    def _time(self) -> str:
        return f"{int(self.clock()) & 0xFFFFFFFF:08x}"


def _digits(identifier: str) -> str | None:
    if conversation := _CONVERSATION.match(identifier):
        return f"{conversation[1]}00{'0' * 12}8190{'0' * 16}"
    match = _MODERN.match(identifier)
    return match.group(1) if match else None
