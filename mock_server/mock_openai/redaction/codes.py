"""PINs and codes for one use that a sentence names: `the PIN of my card is ...`, `... is your login code`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from mock_openai.redaction.forms import Span, any_of, trie
from mock_openai.redaction.judged import whole
from mock_openai.redaction.languages import CODES, written
from mock_openai.redaction.values import is_code

_NAME = (
    r"(?:(?:verification|security|access|one[- ]time|log-?in|sign-?in|sms|mfa|2fa|confirmation|"
    r"authentication|unlock|door|gate|alarm|entry|keypad)(?:[- ](?:code|pin|password|passcode))?+|"
    r"pin(?:[- ]?(?:code|number))?+|otp|(?:m|i|sms-?|photo-?|push-?)?+tan|"
    rf"pass[ -]?code|{trie(written(CODES))}(?:[a-z]|[\xc3-\xd1][\x80-\xbf]){{0,8}}+)"
)
_IS = "(?:is|as|for|ist|als|est|es|è|é)"
_VERB = "(?:(?<=')s|is|was|:|=|#|ist|lautet|est|es|to|jest|je|er|olarak|è|é|är|是|は|는|은)"
_WORD = r"[^\s0-9.!?\"]{1,24}"
_DIGITS = r"(?P<value>[0-9]{4,8}|[0-9]{3}[- ][0-9]{3}|[0-9](?:[ -][0-9]){3,7})(?![\w%]|[.,-]\d)"
_QUOTES = "[\"'`*]{0,2}+"
_CARD = re.compile(
    rf"(?<![a-z0-9_])(?:cv[vc]2?|csc|card security code){_QUOTES}".encode()
    + rb"(?:[ ]?(?:number|code|is|ist|est|es|:|=|#)){0,3}+[\"'`*: ]{1,4}+"
    rb"(?P<value>[0-9]{3,4})(?![\w%]|[.,-]\d)"
)
_BARE = re.compile(
    rf"(?:(?:verification|security|access|one[- ]time|login|sms|mfa|2fa|authentication|unlock|door)[- ]|"
    rf"pass[ -]?)(?:code|pin|passcode|password){_QUOTES} {_DIGITS}".encode()
)
_PIN_OF = re.compile(
    rb"(?:voicemail|mailbox|phone|card|sim|gate|bank|atm|debit|credit|account|my|your|his|her"
    rb"|our) pin " + _DIGITS.encode()
)
_OWN = (
    r"(?:my|your|our|(?:six|[4-8])[- ]digit)(?! (?:zip|area|post|country|city|error|exit|status|order|product"
    r"|promo|discount|coupon|voucher|gift|offer|refer|booking|reservation|tracking|dress|color|dial|source"
    r"|qr|bar)) "
    r"(?:[a-z0-9_.-]{2,24} )?code"
)
"""Somebody's code, with at most one word that says whose or what for."""
_OF_SOMEBODY = re.compile(
    rf"(?<![a-z0-9_]){_OWN}{_QUOTES}(?:,?+ {_VERB}|:)[\"'`*: ]{{0,4}}+{_DIGITS}|"
    rf"(?<![\w.,-])(?:[a-z]-)?+(?P<before>[0-9]{{4,8}}|[0-9]{{3}}[- ][0-9]{{3}}){_QUOTES} is {_OWN}|"
    rf"(?<![a-z0-9_])(?:the|this|that) code (?:is|was|says|reads)[\"'`*: ]{{1,4}}+"
    r"(?P<six>[0-9]{6}|[0-9]{3}[- ][0-9]{3})(?![\w%]|[.,-]\d)".encode()
)
_USED = re.compile(rf"(?:use|enter|type)(?: (?:the )?code)?+ {_DIGITS} to (?:sign|log) in".encode())
USES = (b"sign in", b"log in")
"""Words of a text that has one."""
BEGUN = re.compile(
    rf"(?i)(?<![\w.,-])(?:[A-Z]-)?+(?P<value>[0-9][0-9 -]{{3,23}}+){_QUOTES}".encode()
    + rf"(?: ?(?:[ietfa\xc3]|(?:(?:{_IS}|to)(?: {_WORD}){{0,6}} ?)))?\Z".encode()
)
"""Finds digits at the end of a text, because their name may follow them."""
_ANY = re.compile(rf"(?<![\w.,]){_DIGITS}".encode())
_NAMES = any_of(b"code", b"pin", b"otp", b"tan", b"password")


@cache
def _after() -> re.Pattern[bytes]:  # compiled when it is first used, as `names.stems` is
    return re.compile(
        rf"(?<![a-z0-9_]){_NAME}{_QUOTES}(?:,?+ {_WORD}){{0,6}}?,?+[ ]?{_VERB}".encode()
        + rf"(?: (?:now|still|just|currently|jetzt|le|el|il|la|o|die))?+[\"'`*: ]{{0,4}}+{_DIGITS}".encode()
    )


@cache
def _before() -> re.Pattern[bytes]:
    return re.compile(
        rf"(?<![\w.,-])(?:[a-z]-)?+{_DIGITS}{_QUOTES}[ ]{{1,2}}+{_IS}(?: {_WORD}){{0,5}}? {_NAME}".encode()
    )


def spans(text: bytes, low: bytes, told: bytes) -> Iterator[Span]:
    """Return the codes in sentences; `low` is the text in lower case, `told` the stems of names in it."""
    found = [_CARD] if b"cv" in told or b"csc" in told else []
    if _ANY.search(low) is not None:
        if _NAMES.search(told) is not None or not low.isascii():
            found += [_after(), _before(), _BARE]
            if b" pin " in low:
                found.append(_PIN_OF)
        if b"code" in told:
            found.append(_OF_SOMEBODY)
        if any(use in low for use in USES):
            found.append(_USED)
    for pattern in found:
        for match in pattern.finditer(low):
            group = match.lastgroup or "value"
            if is_code(match[group].translate(None, b" -")):
                yield from whole("digits", match[group], match.start(group))
