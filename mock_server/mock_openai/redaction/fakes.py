"""Fakes: the replacements of secrets, and how to recognize one.

A fake has the length of its secret, byte for byte, so that offsets stay correct. Whitespace, quotes and
backslashes stay where they are, so that it needs the same escapes; the rest becomes a number, the word
"redacted" and the letter x.
"""

from __future__ import annotations

import re

WORD = b"redacted"
"""The word in every fake, as far as there is room."""

FAKES = re.compile(rb"(?i)(?<![0-9])\d{3,16}+reda(?:c(?:t(?:ed?)?)?)?x*+")
"""Matches the fakes in a text."""

_KEPT = frozenset(b' \t\r\n\f\b\v"\\')
_KEPT_OR_FOREIGN = re.compile(rb'[\s\x08"\\\x80-\xff]+')
_SHAPE = re.compile(rb"(\d{3,})([A-Za-z]{2,})")
_WIDE = {2: "\u00d7".encode(), 3: "\u2022".encode(), 4: "\U0001f512".encode()}
_DIGITS = re.compile(rb"\d")


def make(secret: bytes, number: int) -> bytes:
    """Return the fake of a secret; `number` tells the fakes of one recording apart."""
    text = secret.decode("utf-8", "surrogateescape")
    room = sum(char.isascii() and ord(char) not in _KEPT for char in text)
    label = b"%03d" % number + WORD
    filler = (label if room >= 5 else b"").ljust(room, b"x")[:room]
    if secret.upper() == secret and re.search(rb"[A-Z]", secret):
        filler = filler.upper()
    parts, place = [], 0
    for char in text:
        raw = char.encode("utf-8", "surrogateescape")
        if len(raw) > 1:
            raw = _WIDE[len(raw)]
        elif raw[0] < 0x80 and raw[0] not in _KEPT:
            raw = filler[place : place + 1]
            place += 1
        parts.append(raw)
    return b"".join(parts)


def make_number(secret: bytes, number: int) -> bytes:
    """Return the fake of a phone number: zeros with the number at the end; characters other than digits stay.
    A fake of digits only does not begin with zero, because it may be a number in JSON.
    """
    zeros = b"%0*d" % (len(_DIGITS.findall(secret)), number)
    digits = iter(b"1" + zeros[1:] if secret.isdigit() else zeros)
    return _DIGITS.sub(lambda _: bytes((next(digits),)), secret)


def is_fake(secret: bytes) -> bool:
    """Return whether a text is a fake and nothing else."""
    bare = _KEPT_OR_FOREIGN.sub(b"", secret)
    if not bare.strip(b"xX"):
        return True
    found = _SHAPE.fullmatch(bare)
    if found is None:
        return False
    word = found[2].lower()
    return WORD.ljust(len(word), b"x").startswith(word)
