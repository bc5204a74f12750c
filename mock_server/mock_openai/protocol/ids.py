"""Ids in the form the API gives them since 2025-09, made from a random source and a clock.

Strategy: an id is a prefix and 50 hex digits (observed). Digits 0-15 are a root shared by a response, its
items and every response chained to it, first digit 0; 16-17 are `00` or `01`, shared too; 18-25 are the
creation time in unix seconds; 26-49 are random except 30-33, which begin `81` and are the same in a
response and its items. The same source and clock give the same ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from string import ascii_lowercase

from mock_openai.protocol.random_source import LETTERS, RandomSource

_CONVERSATION = re.compile(r"^conv_[0-9a-f]{32}([0-9a-f]{16})$")
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
        drawn = self._random_source.take(RESPONSE_BYTES)
        self._latest = response_id(drawn, digits_of(parent) if parent else None, self._time())
        return self._latest

    def item(self, prefix: str, response_id: str) -> str:
        """Make an id such as `msg_...` for something that belongs to a response."""
        digits = response_id[5:] if response_id == self._latest else digits_of(response_id)
        if digits is None:
            digits = f"0{self._random_source.hex(15)}00{'0' * 12}8191"
        return item_id(prefix, self._random_source.take(ITEM_BYTES), digits, self._time())

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
        return call_id(self._random_source.take(CALL_BYTES))

    def request(self) -> str:
        """Make a request id for the `x-request-id` header."""
        return f"req_{self._random_source.hex(32)}"

    def steer(self) -> str:
        """Make the id of a steering message (documented)."""
        return f"steer_{self._random_source.hex(32)}"

    def _time(self) -> str:
        return hex_time(self.clock())


RESPONSE_BYTES, ITEM_BYTES, CALL_BYTES = 20, 10, 24
"""Random bytes that are drawn for each kind of id."""


def response_id(drawn: bytes, parent: str | None, time: str) -> str:
    """Return a response id made of drawn bytes, the `digits_of` its parent and a `hex_time`."""
    digits = drawn.hex()
    root = parent[:18] if parent else f"0{digits[:15]}0{drawn[7] & 1}"
    mark = _MARK_ENDINGS[int.from_bytes(drawn[8:10]) % len(_MARK_ENDINGS)]
    return f"resp_{root}{time}{digits[20:24]}81{mark}{digits[24:]}"


def item_id(prefix: str, drawn: bytes, response: str, time: str) -> str:
    """Return the id of an item made of drawn bytes, the `digits_of` its response and a `hex_time`."""
    digits = drawn.hex()
    return f"{prefix}_{response[:18]}{time}{digits[:4]}{response[30:34]}{digits[4:]}"


def call_id(drawn: bytes) -> str:
    """Return a call id made of drawn bytes."""
    return "call_" + drawn.translate(LETTERS).decode()


def hex_time(now: float) -> str:
    """Return unix seconds as ids contain them."""
    return _hex_second(int(now))


@lru_cache(maxsize=16)
def _hex_second(second: int) -> str:
    return f"{second & 0xFFFFFFFF:08x}"


def digits_of(identifier: str) -> str | None:
    """Return the 50 digits of an id, or those with which a conversation's responses begin; None if the id has
    another form.
    """
    prefix, _, digits = identifier.partition("_")
    # As a pattern, this took more than all the rest of an id.
    if len(digits) == 50 and not digits.strip("0123456789abcdef") and not prefix.strip(ascii_lowercase):
        return digits if prefix else None
    conversation = _CONVERSATION.match(identifier)
    return f"{conversation[1]}00{'0' * 12}8190{'0' * 16}" if conversation else None
