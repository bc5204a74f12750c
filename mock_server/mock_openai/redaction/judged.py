"""Decides whether a value under a name is a secret, and which span to replace. Every notation uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mock_openai.redaction.escapes import decoded
from mock_openai.redaction.fakes import is_fake
from mock_openai.redaction.forms import Span
from mock_openai.redaction.names import Weight, names_digits, weight
from mock_openai.redaction.values import is_code, is_credential, is_named_secret, is_placeholder, is_random

STRING = rb'"(?:[^"\\]|\\.)*+"?+'
SINGLE = rb"'(?:[^'\\]|\\.)*+'?+"
TRAILING = b".,;:!?)]}`*"
"""What may follow a secret in a sentence."""

_NAME = re.compile(rb"[A-Za-z]{1,24}(?:[-_][A-Za-z]{1,24}){1,5}")
_NO_PHRASE = re.compile(rb"(?i)secret|credential")
"""Names whose value has no blanks: a value with blanks is prose."""
_AUTHENTICATION = frozenset({b"authorization", b"proxy-authorization"})
_SCHEME_WORD = re.compile(rb"[A-Za-z][A-Za-z0-9_-]{1,30}+[ \t+]{1,16}+(?=\S)")
_CRUMBS = re.compile(rb"(?P<name>[^\s=;,]{1,128}+)=[\"]?+(?P<value>[^;\s\"]{1,4096}+)")
_NOT_GIVEN = re.compile(rb"[-<`(/~]|\$[({\w]|%\w*+%|\.{1,2}/|[a-z]{2,8}://|[\d:.]*+\Z(?<=:\d\d)|@")
"""What stands for a value on a command line."""
_CLOSING = re.compile(rb"[),\]};:](?:\s|$)")


class Stem(NamedTuple):
    """A part of a word that may belong to a secret name, and its place in the text."""

    word: bytes
    start: int
    end: int


def whole(kind: str, value: bytes, start: int) -> Iterator[Span]:
    """Yield the span of a value, unless it is a fake."""
    if not is_fake(value):
        yield Span(kind, start, start + len(value))


def fits(what: Weight, value: bytes) -> bool:
    """Return whether a value looks like a secret of the kind that its name says."""
    match what:
        case Weight.SECRET:
            return is_named_secret(value) and not _is_name(value)
        case Weight.HINT:
            return is_credential(value)
        case Weight.KEY:
            return is_credential(value) and is_random(value)
        case _:
            return False


def _is_name(value: bytes) -> bool:
    """Return whether this is the name of a secret itself: `API_KEY_HEADER=X-Api-Key`."""
    return _NAME.fullmatch(value) is not None and weight(value) is not Weight.NOTHING


def is_certain(value: bytes, shortest: int = 8) -> bool:
    """Return whether a value is a secret even in code, commands and prose, where names and values may be
    close to each other by chance.
    """
    return is_credential(value, shortest) and is_random(value)


def is_given(value: bytes) -> bool:
    """Return whether a value is a secret where a program or a protocol expects one: anything but a
    placeholder, the next option, a reference, or a path.
    """
    return is_named_secret(value) and _NOT_GIVEN.match(value) is None


def valued(kind: str, name: bytes, value: bytes, start: int, *, parameter: bool = False) -> Iterator[Span]:
    """Yield a value that has a name of its own: of a field, a part of a form, a cell."""
    what = weight(name, parameter=parameter)
    if names_digits(name) and is_code(value):
        yield from whole("digits", value, start)
    elif what is Weight.SECRET and b" " in value and _NO_PHRASE.search(name):
        return
    elif fits(what, value):
        yield from whole(kind if what is Weight.SECRET else "credential", value, start)


def named(name: bytes, value: bytes, start: int = 0, *, parameter: bool = False) -> Iterator[Span]:
    """Yield the secret in the value of a field, a header or a parameter with this name."""
    low = name.lower()
    if low in _AUTHENTICATION or low in (b"cookie", b"set-cookie"):
        yield from header(low, value, start)
    else:
        yield from valued("field", name, value, start, parameter=parameter)


def quoted(name: bytes, match: re.Match[bytes]) -> Iterator[Span]:
    """Yield the secret in a quoted string with a name; the string with its quotes is the group `value` of a
    match.
    """
    quote, value, start = match["value"][:1], match["value"][1:], match.start("value") + 1
    if value.endswith(quote):
        value = value[:-1]
    if quote == b"'":  # it may be inside a JSON string, which ends first
        value = value.partition(b'"')[0]
    if not _CLOSING.match(value):  # code after the end of a string that contains the name
        yield from in_string(name, value, start)


def in_string(name: bytes, value: bytes, start: int) -> Iterator[Span]:
    """Yield the secret in the text between quotes."""
    plain = decoded(value) if b"\\" in value else None
    if plain is None:
        yield from named(name, value, start)
        return
    for kind, begin, end in named(name, plain.data):
        raw = plain.raw_span(begin, end)
        yield Span(kind, start + raw[0], start + raw[1])


def header(name: bytes, value: bytes, start: int) -> Iterator[Span]:
    """Yield the secrets in the value of a header: credentials after their scheme, or cookies."""
    if name.endswith(b"cookie"):
        for crumb in _CRUMBS.finditer(value):
            if is_credential(crumb["value"], 8):
                yield from whole("cookie", crumb["value"], start + crumb.start("value"))
        if b"=" not in value and is_credential(value):
            yield from whole("cookie", value, start)
        return
    scheme = _SCHEME_WORD.match(value)
    skipped = scheme.end() if scheme else 0
    secret = value[skipped:].rstrip()
    if is_named_secret(secret) or (
        not scheme and not is_placeholder(secret) and not re.search(rb"\s", secret)
    ):
        yield from whole("field", secret, start + skipped)
