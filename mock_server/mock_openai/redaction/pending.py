"""Whether the end of a text can still become a secret. A stream asks before it releases a text.

A secret is one word, so the last word waits until it is complete. So does the value of a name while its
quotes are open, a private key until its last line, and digits if phone numbers count as secrets.
"""

from __future__ import annotations

import re

import mock_openai.redaction.codes as codes
import mock_openai.redaction.fields as fields
import mock_openai.redaction.forms as forms
import mock_openai.redaction.groups as groups
import mock_openai.redaction.near as near_to
from mock_openai.redaction.escapes import Decoded, decoded, has_escapes
from mock_openai.redaction.judged import TRAILING, is_certain
from mock_openai.redaction.redactor import DEEPEST, SecretRedactor
from mock_openai.redaction.values import is_chosen, is_dense

_WORD = bytes(byte for byte in range(0x21, 0x7F) if byte not in b"\"'<>(){}[],;`") + bytes(
    [0xC3, 0xC4, 0xC5, *range(0x80, 0xC0)]
)
"""What words consist of, accented letters included: values of sentences have them too."""
_PHONE = b"0123456789 ()+./-\xa0\xc2\xe2\x80\x89\x90\x91\x92\x93\x94\x95\xaf"
_LONGEST_PHONE = 64
_OPEN_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}+-----(?:[^-\"'<>{}]|-(?!----))*+\Z")
_LINES_OF_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{40,128}+\r?\n)++[A-Za-z0-9+/]{0,128}\Z")
_WORDS = re.compile(rb"[^\s\"'`<>()]++")
_CALLING = (
    *(
        b"is",
        b"as",
        b"for",
        b"be",
        b"the",
        b"my",
        b"your",
        b"our",
        b"his",
        b"her",
        b"a",
        b"new",
        b"old",
        b"temporary",
    ),
    *(
        b"openai",
        b"admin",
        b"root",
        b"wifi",
        b"api",
        b"access",
        b"secret",
        b"auth",
        b"password",
        b"passphrase",
    ),
    *(b"passcode", b"token", b"key", b"code", b"word", b"phrase"),
)
"""Words between a value and the name that follows it in a sentence."""
_OF_TAGS = re.compile(rb"(?:value|content)[ ]?=")
_OF_OBJECTS = re.compile(rb"[\"'](?:value|val|v|content|data|secret|default|d|k|p|q)\\?[\"'][ ]?:")
_PIPED = re.compile(rb"(?:echo|printf)[ \t][^\r\n|]{0,512}+(?:\|[^\r\n|;&]{0,128}+)?\Z")
"""A value that is piped to a program, whose name follows and says that it takes a secret."""
_FAR, _NEAR, _FOLLOWING = 2048, 256, 12
_LOOKED_BACK = 512
"""Bytes before the end in which a name is searched."""


def undecided(redactor: SecretRedactor, text: bytes, start: int) -> int:
    """Return the place from `start` on from which following text could still turn the end into a secret; the
    text's length if there is none. The user's own rules are not considered.
    """
    place = len(text.rstrip(_WORD))
    if redactor.phones:
        place = min(place, max(len(text.rstrip(_PHONE)), len(text) - _LONGEST_PHONE))
    if b"-----BEGIN" in text and (key := _OPEN_KEY.search(text)) is not None:
        place = min(place, key.start())
    base = max(0, min(place, start) - _LOOKED_BACK)
    if b"\n" in text[-160:] and (lines := _LINES_OF_BASE64.search(text, base)) is not None:
        place = min(place, lines.start())
    place = min(place, base + _open_value(text[base:]))
    place = min(place, _apart(text, start))
    for value in redactor.known.values:
        if value.strip(_WORD):  # not one word
            place = min(place, _begun(value, text))
    return max(start, place)


def _may_call(word: bytes) -> bool:
    """Return whether a word, as far as it has arrived, can be between a value and the name after it."""
    return any(each.startswith(word) for each in _CALLING)


def _is_random(value: bytes) -> bool:
    return is_dense(value) or near_to.HEX.fullmatch(value.rstrip(TRAILING)) is not None


def _apart(text: bytes, start: int) -> int:
    """Return the start of a value whose name may still follow: a word in a sentence, a tag, an object."""
    place, base = len(text), max(start - _LOOKED_BACK, len(text) - _FAR, 0)
    tail = text[base:]
    words = list(_WORDS.finditer(tail, max(0, len(tail) - _NEAR)))[-_FOLLOWING:]
    for number, word in enumerate(words):
        calls = (each[0].lower() for each in words[number + 1 :])
        near = (
            len(tail) - word.end() <= near_to.BEFORE
            and b"\n" not in tail[word.end() :]
            and _is_random(word[0].rpartition(b":")[2])
        )
        if near or (
            (is_certain(word[0]) or is_chosen(word[0]))
            and not forms.spans(word[0])
            and all(map(_may_call, calls))
        ):
            place = min(place, base + word.start())
    for begun in (codes.BEGUN, *groups.OPEN):
        if (found := begun.search(tail, max(0, len(tail) - _NEAR))) is not None:
            place = min(place, base + found.start("value"))
    for program in (b"echo", b"printf"):
        at = tail.rfind(program)
        if at >= 0 and _PIPED.match(tail, at) is not None:
            place = min(place, base + at + len(program))
    for opening, closing, signs in ((b"<", b">", _OF_TAGS), (b"{", b"}", _OF_OBJECTS)):
        at = tail.rfind(opening)
        if at >= 0 and tail.find(closing, at) < 0 and signs.search(tail, at) is not None:
            place = min(place, base + at)
    return place


def _open_value(text: bytes) -> int:
    """Return the start of the unfinished value of a name, on any level of escapes."""
    steps: list[Decoded] = []
    while True:
        place = fields.open_value(text)
        if place is not None:
            for step in reversed(steps):
                place = step.raw_span(place, place)[0]
            return place
        if len(steps) == DEEPEST or not has_escapes(text) or (inner := decoded(text)) is None:
            return len(steps[0].raw if steps else text)
        steps.append(inner)
        text = inner.data


def _begun(value: bytes, text: bytes) -> int:
    """Return the start of a value that the end of the text cuts off."""
    at = text.find(value[:1], max(0, len(text) - len(value) + 1))
    while at >= 0:
        if value.startswith(text[at:]):
            return at
        at = text.find(value[:1], at + 1)
    return len(text)
