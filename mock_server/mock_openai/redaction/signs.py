"""Which kinds of secrets a text may hold, judged by its words: a quick check, after which nearly all texts
need no search.

A text without a sign is not searched, so every rule needs its words here: STEMS and SHORT of the names, and
the SIGNS of each notation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache, lru_cache
from typing import NamedTuple

import mock_openai.redaction.armor as armor
import mock_openai.redaction.calls as calls
import mock_openai.redaction.cards as cards
import mock_openai.redaction.commands as commands
import mock_openai.redaction.forms as forms
import mock_openai.redaction.headers as headers
import mock_openai.redaction.issuers as issuers
import mock_openai.redaction.near as near
import mock_openai.redaction.pairs as pairs
import mock_openai.redaction.places as places
from mock_openai.redaction.blobs import holds_text
from mock_openai.redaction.languages import PARTS, written
from mock_openai.redaction.names import SHORT, STEMS, Weight, names_digits, names_no_secret, weight

NAME, FORM, TEXT, KNOWN = 1, 2, 4, 8
"""Signs of a possible secret in a text: the name of one, the form of one, base64 of a text, a known secret.
"""

_ISSUER = 16
"""The name of an issuer, which is a sign beside what may be its key."""
_ALL = NAME | FORM | TEXT | KNOWN
_WORD = re.compile(rb"[A-Za-z0-9_+/=.%$!:~-]++")
_ONLY_WORDS = bytes(byte if _WORD.match(bytes((byte,))) else 0x20 for byte in range(256))
"""Turns all bytes that are not part of words into spaces: splitting there is faster than the pattern
(measured).
"""
_OWN_HEADER = re.compile(rb"(?<![A-Za-z0-9_-])[xX]-[A-Za-z][A-Za-z0-9-]{1,40}+:?+\Z")
_WRITTEN = frozenset(word.encode() for word in written())
_SHORT = re.compile(rb"(?<![a-z0-9])" + forms.trie(stem.decode() for stem in SHORT).encode() + rb"(?![a-z])")
_PLAIN_WORDS = 2048
_LONGEST_PLAIN = 256
_ID = re.compile(rb"(?:resp|msg|rs|fc|cntr|ws|ig|ci|mcp|conv)_[0-9a-f]{48,50}")
"""An id that the API gives (observed). No secret looks like one, nor does the base64 of a secret. Every turn
has new ids, so they are neither searched nor remembered, unlike other new words.
"""
_HUMP = re.compile(rb"[a-z](?=[A-Z])")
"""A capital inside a word: names of variables have some, words of a sentence do not."""
_CODED = re.compile(rb"[A-Za-z0-9+/_-]{512,}+={0,2}")
"""Base64, in which every word of three letters occurs by chance."""
_SHORT_TEXT = 64 * 1024
_MANY = 64
"""The most words of one text that are remembered."""


@cache
def _notation() -> re.Pattern[bytes]:
    return re.compile(
        forms.trie(
            sign.decode()
            for sign in (
                *(b"argon2", b"scrypt", b"pbkdf2", b"kty"),
                *(*armor.SIGNS, *cards.SIGNS, *commands.SIGNS, *headers.SIGNS, *places.SIGNS),
            )
        ).encode()
    )


@cache
def _stems() -> re.Pattern[bytes]:  # compiled when it is first used, as `names.stems` is
    return re.compile(forms.trie(stem.decode() for stem in (*STEMS, *PARTS)).encode())


@cache
def _foreign() -> re.Pattern[bytes]:
    return re.compile(forms.trie(stem.decode() for stem in STEMS if not stem.isascii()).encode())


class Signs(NamedTuple):
    """The kinds of secrets that a text may hold."""

    kinds: int
    words: tuple[bytes, ...] | None
    """The words that may be names of secrets, in lower case; None if they are many, or not known."""


class Look:
    """Searches texts for signs. It remembers words without any, because most words recur."""

    def __init__(self) -> None:
        self._plain: set[bytes] = set()

    def of(self, text: bytes, known: Iterable[bytes]) -> Signs:
        """Return which of NAME, FORM, TEXT and KNOWN a text may hold; `known` are the known secrets."""
        signs = 0
        telling: list[bytes] | None = []
        for value in known:
            if text.find(value) >= 0:  # four times as fast as `in`, which first tries to read a number
                signs = KNOWN
                break
        if text.find(b"@") >= 0 and (text.find(b"://") >= 0 or places.WITH_AT.search(text) is not None):
            signs |= NAME
        if text.find(b"\0") >= 0:  # UTF-16
            signs |= TEXT
        if text.find(b"in ") >= 0 and commands.signs_in(text):
            signs |= NAME
        if text.find(b"\t") >= 0 and pairs.NETSCAPE.search(text) is not None:
            signs |= NAME
        if text.find(b"(") >= 0 and calls.found(text):
            signs |= NAME
        if not text.isascii() and _foreign().search(text.lower()) is not None:
            signs, telling = signs | NAME, None
        owners: list[bytes] = []
        for word in _words(text, self._plain):
            if word in self._plain or _ID.fullmatch(word):
                continue
            sign = _sign(word) if len(word) <= _LONGEST_PLAIN else _judged(word)
            signs |= sign
            if sign & _ISSUER and len(owners) < _MANY:
                owners.append(word.lower())
            if sign & NAME and telling is not None:
                telling.append(word.lower())
                if len(telling) > _MANY:
                    telling = None
            if not sign and len(word) <= _LONGEST_PLAIN:
                if len(self._plain) >= _PLAIN_WORDS:
                    self._plain.clear()
                self._plain.add(word)
        if owners and any(near.is_key(word) for word in _words(text)):
            signs |= NAME
            telling = None if telling is None else [*telling, *owners]
        return Signs(signs & _ALL, None if telling is None else tuple(telling))


def _words(text: bytes, plain: Collection[bytes] = ()) -> Iterable[bytes]:
    """Return the words of a text, perhaps without those that are `plain`."""
    if len(text) <= _SHORT_TEXT:
        return set(text.translate(_ONLY_WORDS).split()).difference(plain)
    # A list of the words would take many times the memory of the text.
    return (match[0] for match in _WORD.finditer(text))


def _judged(word: bytes) -> int:
    sign = NAME if _tells(word) else 0
    if len(word) <= _LONGEST_PLAIN and issuers.found(word.lower()):
        sign |= _ISSUER
    if len(word) >= forms.SHORTEST:
        sign |= (FORM if forms.spans(word) else 0) | (TEXT if holds_text(word) else 0)
    return sign


def _tells(word: bytes) -> bool:
    """Return whether a word may be the name of a secret."""
    if _CODED.fullmatch(word):
        return False
    low = word.lower()
    if (
        _notation().search(low)
        or _SHORT.search(low)
        or commands.OPTION.match(word)
        or _OWN_HEADER.search(word)
    ):
        return True
    if cards.WORD.search(low) or places.LONG.match(word) or places.OF_AN_ACCOUNT.match(word):
        return True
    found = set(_stems().findall(low))
    if not found or names_no_secret(word):
        return False
    bare = word.strip(b"./:!-$")
    if not bare.isalpha() or _HUMP.search(bare):
        return True
    if found & _WRITTEN or found & {bare.lower().removesuffix(b"s"), b"session"}:
        return True
    return names_digits(bare) or weight(bare) is not Weight.NOTHING  # `design` has `sig` in it


_sign = lru_cache(maxsize=16384)(_judged)
"""Shared by all redactors, because the same words occur in other recordings too."""
