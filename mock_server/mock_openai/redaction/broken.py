"""Texts that break off inside a secret: the beginning of a secret is removed too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import mock_openai.redaction.fields as fields
from mock_openai.redaction.forms import Span, beginnings
from mock_openai.redaction.names import Weight

_LAST_WORD = bytes(byte for byte in range(0x21, 0x7F) if byte not in b"\"'<>(){}[],;`")
_NO_WORD = re.compile(rb"[A-Z0-9]|[a-z]{12}")
_OF_A_SCHEME = re.compile(
    rb"(?i)(?<![a-z0-9_-])(?:bearer|basic)[ \t]{1,16}+(?P<value>(?=[a-z._~+/=:|-]{0,64}+[0-9])"
    rb"[a-z0-9._~+/=:|-]{4,}+)\Z"
)
_FAR = 16 * 1024
"""Bytes before the end in which a scheme is searched."""
_LEAST = 6
"""Bytes of a known secret that are too many for a coincidence."""


def spans(text: bytes, known: Iterable[bytes]) -> Iterator[Span]:
    """Return the end of a text that was broken off, if it may be the beginning of a secret."""
    word = text[len(text.rstrip(_LAST_WORD)) :]
    for start in beginnings(word):
        if _NO_WORD.search(word, start):
            yield Span("key", len(text) - len(word) + start, len(text))
    if (begun := _OF_A_SCHEME.search(text, max(0, len(text) - _FAR))) is not None:
        yield Span("bearer", begun.start("value"), len(text))
    value = fields.open_value(text, Weight.SECRET)
    if value is not None and value < len(text):
        yield Span("field", value, len(text))
    for secret in known:
        for length in range(min(len(secret) - 1, len(text)), _LEAST - 1, -1):
            if text.endswith(secret[:length]):
                yield Span("known", len(text) - length, len(text))
                break
