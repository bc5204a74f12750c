"""Numbers of payment cards, beside a word that says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mock_openai.redaction.forms import Span, any_of
from mock_openai.redaction.judged import whole

_NUMBER = re.compile(
    rb"(?<![\w.+-])[3-6][0-9]{3}(?:[ -]?[0-9]{4}[ -]?[0-9]{4,6}[ -]?[0-9]{3,5})(?![\w]|[.,-][0-9])"
)
SIGNS = (b"visa", b"mastercard", b"amex", b"kreditkarte", b"tarjeta", b"cardnumber", b"cart\xc3\xa3o")
"""Words that a text needs, beside those of names, to be searched here."""
WORD = re.compile(rb"(?<![a-z])(?:cards?|karten?|carte|carta|kort)(?![a-z])")
"""A short word for a card, which is a part of other words too."""
_LONG = any_of(*SIGNS)


def spans(text: bytes, low: bytes, told: bytes) -> Iterator[Span]:
    """Return the numbers of cards; `told` are the stems of names in the text, `low` is the text in lower
    case.
    """
    if WORD.search(told) is not None or _LONG.search(told) is not None:
        for match in _NUMBER.finditer(text):
            if _adds_up(match[0]):
                yield from whole("digits", match[0], match.start())


def _adds_up(number: bytes) -> bool:
    """Return whether the check digit of a number is right (ISO/IEC 7812)."""
    digits = [int(each) for each in number.decode() if each.isdigit()]
    doubled = [2 * each - 9 * (each > 4) for each in digits[-2::-2]]
    if len(digits) == 15 and digits[:2] not in ([3, 4], [3, 7]):
        return False  # the number of a telephone, which has such a check digit too; else only Amex has 15
    return (
        13 <= len(digits) <= 19 and len(set(digits)) >= 4 and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0
    )
