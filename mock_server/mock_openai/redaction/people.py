"""Personal data, for those who want it removed: e-mail addresses and phone numbers.

Phone numbers are recognized by `phonenumbers`, the port of Google's libphonenumber, which knows how each
country writes them. It is an extra (`pip install 'ninelives[phones]'`), and is imported when the first text
contains something like a number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from mock_openai.redaction.forms import Span

REGIONS = ("US", "GB", "DE", "FR")
"""Countries (ISO 3166) whose numbers may come without a country code, unless others are given."""

_EMAIL = re.compile(
    rb"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}+@(?:[A-Za-z0-9-]{1,63}+\.){1,8}[A-Za-z]{2,24}"
)
_BETWEEN = rb"(?:[ ().\-/]|\xc2\xa0|\xe2\x80[\x89\x90-\x95\xaf])"
_LIKE_A_NUMBER = re.compile(
    rb"(?<![A-Za-z0-9_.\-])[+(]{0,2}[0-9](?:" + _BETWEEN + rb"{0,3}+[0-9]){6,16}+(?![A-Za-z0-9_])"
)
_DATE = re.compile(rb"(?:19|20)\d\d([-./])(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)")
"""A date, which a time may follow."""


def emails(text: bytes) -> list[Span]:
    """Return the e-mail addresses in a text."""
    return [Span("email", *match.span()) for match in _EMAIL.finditer(text)]


def phones(text: bytes, regions: Sequence[str] = REGIONS) -> list[Span]:
    """Return the phone numbers in a text, in any usual spelling. Raises ModuleNotFoundError, which says what
    to install.
    """
    return [
        Span("phone", match.start() + start, match.start() + end)
        for match in _LIKE_A_NUMBER.finditer(text)
        if _DATE.match(match[0]) is None
        for start, end in _numbers(match[0], tuple(regions))
    ]


def require_phones() -> None:
    """Raise ModuleNotFoundError, which says what to install, if phone numbers cannot be recognized."""
    from importlib.util import find_spec

    if find_spec("phonenumbers") is None:
        raise ModuleNotFoundError(
            "finding phone numbers needs the package phonenumbers: pip install 'ninelives[phones]'",
            name="phonenumbers",
        )


@lru_cache(maxsize=4096)
def _numbers(text: bytes, regions: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    import phonenumbers

    readable = text.decode("utf-8", "replace")
    for region in regions:
        found = phonenumbers.PhoneNumberMatcher(readable, region, leniency=phonenumbers.Leniency.VALID)
        places = tuple(
            (len(readable[: each.start].encode()), len(readable[: each.end].encode())) for each in found
        )
        if places:
            return places
    return ()
