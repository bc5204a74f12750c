"""Secrets made of words or groups: seed phrases, keys in groups of four, lists of backup codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mock_openai.redaction.forms import Span
from mock_openai.redaction.judged import whole

_PHRASE = re.compile(
    rb"(?i)(?:pass|seed|recovery)[ _-]?phrase[\"']?+[ \t]{0,4}+[:=][ \t]{0,4}+(?P<value>[a-z0-9]{2,24}+"
    rb"(?: [a-z0-9]{2,24}+){2,24}+)"
)
_ORDINARY = re.compile(
    rb"(?i)(?:^| )(?:the|your|my|is|are|must|please|that|with|for|and|or|to|at|in|from|any"
    rb"|of|what|when|you|we|least|words?|characters?)(?= |$)"
)
_BEFORE_A_SEED = (
    rb"(?i)(?:(?:seed|recovery|secret|backup|wallet|mnemonic)[ _-]?(?:phrase|words)|mnemonic|seed)[\"']?+"
    rb"(?:[ \t]{0,4}+(?:[:=]|is|are|was|ist|est|es|\xc3\xa8))?+[:\s]{1,4}+[\"']?+"
)
_SEED = re.compile(
    _BEFORE_A_SEED + rb"(?P<value>[a-z]{3,8}(?:(?:[ \t]|\r?\n)[a-z]{3,8}){11,23}+)(?![ ]?[\w])"
)
"""Twelve words or more of three to eight letters, which no sentence strings together."""
_NOT_OF_A_SEED = re.compile(
    rb" (?:the|and|are|your|for|from|please|not|was|were|has|had|been|these|them|which)(?= )"
)
_FOUR = rb"[a-z2-7]{4}"
_BEFORE_FOURS = rb"(?:key|secret|password)[^.!?\r\n]{0,48}?(?:[:=]|is)[\"'`* ]{1,4}"
_FOURS = re.compile(
    _BEFORE_FOURS + rb"(?P<value>" + _FOUR + rb"(?:[ -]" + _FOUR + rb"){3,15})(?![a-z0-9]|[ -][a-z0-9])"
)
"""A setup key for an authenticator, or an app password."""
_CHANGE = re.compile(rb"[a-z](?=[0-9])|[0-9](?=[a-z])")
_NO_VOWEL = re.compile(rb"(?<![a-z])[b-df-hj-np-tv-xz]{4}(?![a-z])")
_ITEM = rb"[a-z0-9]{4,10}(?:[ -][a-z0-9]{4,10})?"
_NUMBER = rb"(?:[0-9]{1,2}[.)][ ])?"
_BACKUP = re.compile(
    rb"(?:backup|recovery|scratch|emergency)[ _-]codes?[\"']?+(?:[^:=\r\n]{0,32}+[:=]\s{0,4}+|"
    rb"(?: [a-z]{2,12}){0,3}? (?:are|is)[: ]{1,2})(?P<list>"
    + (_NUMBER + _ITEM + rb"(?:(?:[,;]\s?|\r?\n|[ ]{2}|,? (?:and|or) )" + _NUMBER + _ITEM + rb"){0,15})")
)
_ONE_OF_THEM = re.compile(_ITEM)
_DIGIT, _ALPHABET = re.compile(rb"[0-9]"), re.compile(rb"[a-z]")
_SPELLED = (
    rb"(?P<word>key|secret|password|passphrase|passcode|passwort|kennwort|mot de passe|contrase\xc3\xb1a"
    rb"|senha)(?P<between>[^.!?\r\n]{0,48}?)"
    rb"(?:[:=,]|is|was|ist|lautet|est|es|spelled|spelt)[\"'`* ]{1,4}"
)
_LETTERS = re.compile(
    _SPELLED + rb"(?P<value>[a-z0-9](?:(?:[ ]?-[ ]?|,?[ ]|\.[ ]?)[a-z0-9]){5,40}+)(?![ -]?[a-z0-9])"
)
"""A password that is spelled, letter by letter."""
_OF_SOMETHING_ELSE = re.compile(rb"name|number|nummer|phone|reference|extension|[,;]")
"""What the letters after `key` spell instead."""
OPEN = (
    re.compile(
        rb"(?i)"
        + _SPELLED
        + rb"(?P<value>[a-z0-9](?:(?:[ ]?-[ ]?|,?[ ]|\.[ ]?)[a-z0-9]){0,40}+[ ,.-]{0,3}+)\Z"
    ),
    re.compile(_BEFORE_A_SEED + rb"(?P<value>[a-z]{1,8}(?:\s{1,2}[a-z]{0,8}){0,24}+)\Z"),
    re.compile(
        rb"(?i)"
        + _BEFORE_FOURS
        + (rb"(?P<value>" + _FOUR + rb"(?:[ -]" + _FOUR + rb"){0,15}[ -]?[a-z2-7]{0,4})\Z")
    ),
)
"""Finds the beginning of such a secret at the end of a text."""


def spans(text: bytes, low: bytes, told: bytes) -> Iterator[Span]:
    """Return the secrets made of words or groups; `low` is the text in lower case, `told` the stems of secret
    names in it.
    """
    if b"key" in told or b"secret" in told or b"password" in told:
        for match in _FOURS.finditer(low):
            value = match["value"]
            if len(_CHANGE.findall(value)) >= 3 or _NO_VOWEL.search(value):
                yield from whole("field", value, match.start("value"))
    if b"key" in told or b"secret" in told or b"pass" in told or not text.isascii():
        for match in _LETTERS.finditer(low):
            if _is_spelled(match):
                yield from whole("field", match["value"], match.start("value"))
    if b"code" in told:
        for match in _BACKUP.finditer(low):
            for each in _ONE_OF_THEM.finditer(match["list"]):
                if _DIGIT.search(each[0]) and len(each[0]) >= 8:
                    yield from whole("field", each[0], match.start("list") + each.start())
    if b"phrase" in told or b"mnemonic" in told:
        for match in _SEED.finditer(text):
            if not _NOT_OF_A_SEED.search(match["value"]):
                yield from whole("field", match["value"], match.start("value"))
        for match in _PHRASE.finditer(text):
            if not _ORDINARY.search(match["value"]):
                yield from whole("field", match["value"], match.start("value"))


def _is_spelled(match: re.Match[bytes]) -> bool:
    """Return whether a secret is spelled. After words that name other things too, such as the keys of music,
    of a piano and of a test, it has letters and digits, which do not count from one.
    """
    if match["word"] not in (b"key", b"secret"):
        return b"name" not in match["between"]
    if _OF_SOMETHING_ELSE.search(match["between"]):
        return False
    digits = b"".join(_DIGIT.findall(match["value"]))
    return _ALPHABET.search(match["value"]) is not None and not b"123456789".startswith(digits)
