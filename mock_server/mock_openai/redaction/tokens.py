"""Texts that a document spells token by token: `logprobs`, with the tokens as strings and as lists of bytes.

The chosen tokens are one text, the tokens ranked second another, and so on; the same for their bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_MEMBER = re.compile(
    rb'"(?:token|bytes)"\s{0,8}+:\s{0,8}+(?:"(?P<text>(?:[^"\\]|\\.)*+)"|\[(?P<numbers>[0-9,\s]*+)\])'
    rb'|"top_logprobs"\s{0,8}+:\s{0,8}+(?P<open>\[)|(?P<close>\])'
)

_BEGIN = re.compile(rb'"logprobs"\s{0,8}+:\s{0,8}+(?:\{\s{0,8}+"content"\s{0,8}+:\s{0,8}+)?+\[')


class Token(NamedTuple):
    """A token: the text that it belongs to, and its place in the document."""

    text: tuple[str, int]
    start: int
    end: int
    numbers: bool
    """Whether it is a list of bytes."""


def tokens(data: bytes) -> Iterator[Token]:
    """Yield the tokens in a document, in order."""
    begin = _BEGIN.search(data)
    while begin is not None:
        place = begin.end()
        others = False
        ranks = {"text": 0, "numbers": 0}
        for match in _MEMBER.finditer(data, place):
            kind, place = match.lastgroup, match.end()
            if kind == "open":
                others, ranks = True, {"text": 0, "numbers": 0}
            elif kind == "close" and not others:
                break
            elif kind == "close":
                others = False
            elif kind is not None:
                ranks[kind] += 1
                yield Token((kind, ranks[kind] if others else 0), *match.span(kind), kind == "numbers")
        else:
            return  # the list is unfinished, and all members after its beginning have been seen
        begin = _BEGIN.search(data, place)


def numbers(data: bytes) -> bytes | None:
    """Return the bytes in a list of numbers; None if the numbers are not bytes."""
    try:
        return bytes(map(int, data.split(b","))) if data.strip() else b""
    except ValueError:
        return None
