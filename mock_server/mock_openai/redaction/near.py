"""Secrets near the name of a secret, whatever is between them: only values that do not look like a word, a
name or an id.

Linear: a bounded part of the text around each such name is read. A value that does not belong to one name may
belong to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import mock_openai.redaction.issuers as issuers
from mock_openai.redaction.forms import Span
from mock_openai.redaction.judged import TRAILING, Stem, whole
from mock_openai.redaction.languages import SECRETS, written
from mock_openai.redaction.names import Weight, weight
from mock_openai.redaction.values import is_dense

_INFLECTED = {word.encode() for word in written(SECRETS) if len(word) > 5}
"""Words of languages with suffixes: `passordet`, `salasanani`."""
BEFORE, _BEFORE, AFTER = 96, 64, 112
"""Bytes before an issuer's key, and before and after the name of another secret, in which its value is
searched.
"""
_VALUE = re.compile(
    rb"(?<![\w+/=.%~:@#-])(?:[A-Za-z0-9.]{1,16}[=:])?+(?P<value>[+/]?[A-Za-z0-9][A-Za-z0-9_+/=.~!$^*-]{7,256}+)(?![@:(\w])"
)
_NAMED = re.compile(rb"[A-Za-z][A-Za-z_.-]{0,63}+=(?!=|\Z)")
_AN_ID = re.compile(rb"(?:[a-z]{2,12}|[A-Z]{2,12}|[a-z][a-z0-9]{1,6})[_-]")
_NAMED_OTHERWISE = re.compile(
    rb"(?i)(?<![a-z])(?:\w{0,20}id(?<!valid)(?<!said)|hash|sha\d{0,3}|digest|checksum|integrity|commit|etag|nonce|rev|revision|build|trace|"
    rb"span|request|"
    rb"session|model|file|ref|order|sku|number|version|cursor|public key|ssh-\w{2,10}|voice|agent|"
    rb"assistant|thread|call)"
    rb"[\"']?[ \t]{0,2}[:=#]?[ \t]{0,2}[\"'`]?\Z"
)
HEX = re.compile(rb"(?i)(?=[0-9-]*+[a-f])(?=[a-f-]*+[0-9])[0-9a-f-]{32,128}")
"""A key of hexadecimal digits."""
_HEX = re.compile(rb"(?i)(?=[0-9]*+[a-f])(?=[a-f]*+[0-9])[0-9a-f]{32,128}")
"""The same, but no UUID: with the name of an issuer only, that is rather a voice or a model."""
_MARKUP = b" \t\r\n#*`:_=-\"'"
"""What stands between a heading and the only thing below it."""
_APART = re.compile(rb"[\"'][ \t]{0,4}:|[.!][ \t]{1,2}[A-Z]|\}\s{0,4},|\{\s{0,4}[\"']")
"""Boundaries between a value and a name: the next member of an object, the next sentence."""
_WORD = re.compile(rb"[A-Za-z0-9_-]*+")
_BEFORE_KEY = re.compile(rb"(?<![A-Za-z])[A-Za-z]{2,16}[ \t]\Z")
_OWNED, _SURELY, _PERHAPS, _OF_AN_ISSUER = 11, 12, 20, 24
"""Characters that a value needs near an issuer's key, the name of a secret, the name of any key, and the name
of an issuer.
"""
_OF_NO_SECRET = re.compile(
    rb"(?i)(?:job|trace|issue|event|record|document|item|order|user|tenant|customer|file|bucket|storage|routing"
    rb"|correlation|lookup|join|index|shard|sharding|tracking|request|property|natural|composite|candidate"
    rb"|search|session|song|answer)_"
)
"""Words before `key` that make an id of it."""
_BESIDE, _CLOSE = 8, 40
"""Characters that a value needs if it comes within this many bytes after the name of a secret."""
_NAME = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"


def is_key(word: bytes) -> bool:
    """Return whether there may be the key of an issuer in a word."""
    return len(word) >= _OF_AN_ISSUER and any(
        is_dense(part, _OF_AN_ISSUER) or _HEX.fullmatch(part) for part in re.split(rb"[=:]", word)
    )


def spans(text: bytes, low: bytes, told: bytes, stems: Sequence[Stem]) -> Iterator[Span]:
    """Return the secrets near the names of secrets, and of issuers, in a text; `low` is the text in lower
    case, `told` and `stems` what names secrets in it.
    """
    yield from _near(text, low, stems)
    if issuers.found(told):
        yield from _near(text, low, [Stem(b"", *match.span()) for match in issuers.named(low)])


def _near(text: bytes, low: bytes, stems: Sequence[Stem]) -> Iterator[Span]:
    place = 0
    for stem in stems:
        if stem.end < place - AFTER:
            continue
        begin, end = _word(text, stem)
        if not (shortest := _needs(text, low, begin, end, stem)):
            continue
        before = BEFORE if shortest == _OWNED else _BEFORE
        for match in _VALUE.finditer(text, max(place, begin - before), end + AFTER):
            if match.start() > begin and match.start() < end:
                continue
            value = match["value"].rstrip(TRAILING)
            start = match.start("value")
            if (named := _NAMED.match(value)) is not None:  # `?access.token=`: the name stays
                value, start = value[named.end() :], start + named.end()
            after = start >= end
            gap = text[end:start] if after else text[match.end() : begin]
            least = _BESIDE if shortest == _SURELY and 0 <= start - end <= _CLOSE else shortest
            given = after and gap.strip(_MARKUP) in (b"", b"is", b"was")
            digits = _HEX if shortest == _OF_AN_ISSUER else HEX
            if (
                not (is_dense(value, least) or ((given or shortest == _OWNED) and digits.fullmatch(value)))
                or (_APART.search(gap) and not (given and shortest == _OF_AN_ISSUER))
                or _AN_ID.match(value)
                or (not after and b"\n" in gap)
            ):
                continue
            if not _NAMED_OTHERWISE.search(text, max(0, start - 32), start):
                place = match.end()
                yield from whole("credential", value, start)


def _word(text: bytes, stem: Stem) -> tuple[int, int]:
    """Return the start and end of the word that contains this stem."""
    near = max(0, stem.start - 64)
    begin = near + len(text[near : stem.start].rstrip(_NAME))
    found = _WORD.match(text, stem.end, stem.end + 64)
    return begin, stem.end if found is None else found.end()


def _needs(text: bytes, low: bytes, begin: int, end: int, stem: Stem) -> int:
    """Return how long a value must be near this name; 0 if it does not mark a secret."""
    if not stem.word:
        return _OF_AN_ISSUER if end - begin < 32 else 0
    name = text[begin:end]
    if stem.word in (b"key", b"token", b"secret", b"cred") and issuers.owns(low, begin, end):
        return _OWNED
    if name.lower() in (b"key", b"keys", b"code", b"codes") and (
        before := _BEFORE_KEY.search(text, max(0, begin - 20), begin)
    ):
        name = before[0].strip() + b"_" + name
        if _OF_NO_SECRET.match(name):
            return 0
    what = Weight.SECRET if stem.word in _INFLECTED else weight(name)
    return 0 if what is Weight.NOTHING else _PERHAPS if what is Weight.KEY else _SURELY
