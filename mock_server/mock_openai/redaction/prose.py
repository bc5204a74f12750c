"""Secrets that a sentence names: `the password is ...`, `... as the password`, in several languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from mock_openai.redaction.forms import Span, trie
from mock_openai.redaction.judged import TRAILING, Stem, is_certain, whole
from mock_openai.redaction.languages import SECRETS, written
from mock_openai.redaction.values import (
    is_chosen,
    is_credential,
    is_jumbled,
    is_mixed,
    is_named_secret,
    is_random,
)

_FOREIGN = {word.encode() for word in written()}
_FOR_SECRETS = {word.encode() for word in written(SECRETS)}
"""Words for secrets only."""
_ENGLISH = {
    *("password", "passphrase", "passcode", "pass word", "pass phrase", "pass code", "secret", "secret key"),
    *(
        "api key",
        "api-key",
        "apikey",
        "access key",
        "access token",
        "access code",
        "access-key",
        "access-token",
    ),
    *(
        "auth token",
        "session token",
        "refresh token",
        "bearer token",
        "token",
        "pwd",
        "pw",
        "pass",
        "credential",
    ),
    *(
        "credentials",
        "private key",
        "signing key",
        "encryption key",
        "license key",
        "licence key",
        "openai key",
        "account key",
    ),
    *("deepgram key", "anthropic key", "code word", "codeword", "safe word", "security word"),
}


@cache
def _name() -> re.Pattern[bytes]:
    return re.compile(rb"(?:^|[^a-z0-9_])(?P<name>" + trie(_ENGLISH).encode() + rb")\Z")


@cache
def rest() -> re.Pattern[bytes]:  # compiled when it is first used, as `names.stems` is
    """Return what finds the text after the stem of a name in a sentence."""
    return re.compile(
        rb"(?P<tail>(?:[a-z]|\xc3[\x80-\xbf]|\xc4\xb1){0,12}+(?: (?:word|phrase|code|key)(?![a-z]))?+)"
        rb"[*_`\"']{0,3}+"
        rb"(?:[ \t]{1,2}+\([^()\r\n\"]{1,48}+\))?+:?+[*`]{0,2}+"
        rb"(?P<verb>,?+[ \t]{0,4}+(?:(?:for|of|to|at|in|on|from|vom|von|f\xc3\xbcr|im|am|de|del|du|pour"
        rb"|para|do|da|per|voor|van|you|we|i|that|which)"
        rb"(?: (?:[\w@.'-]|\xc3[\x80-\xbf]){1,24}+){1,4}?"
        rb"(?: (?:is|was|lautet|ist|est|es|\xc3\xa8|\xc3\xa9)(?![a-z0-9])|(?: \([^()\r\n\"]{1,64}+\))?:)"
        rb"|(?:is|was|are|now|to|of|be|equals|reads|lautet|ist|est|es|\xc3\xa8|jest|je"
        rb"|\xc3\xa4r|er|on|adalah"
        rb"|olarak|este|das|era|war|\xc3\xa9tait|it (?:is|was)|it'?s|that'?s|c'est|would|should|will|be|sera"
        rb"|ser\xc3\xa1|still|just|currently|again"
        rb"|\xc3\xa9|"
        rb"for [\w@.-]{1,64}+)(?![a-z0-9])|\xe6\x98\xaf|\xe3\x81\xaf|\xe4\xb8\xba|\xeb\x8a\x94|\xec\x9d\x80"
        rb"|\xd1\x82\xd0\xb0\xd0\xba\xd0\xbe\xd0\xb9|\xd1\x8d\xd1\x82\xd0\xbe"
        rb"|[:=]|->|--?"
        rb"|\xe2\x80\x94),?+){0,4}+:?+"
        rb"[ \t]{0,4}+[\"'`(*]{0,3}+[ \t]?+(?P<value>"
        rb"(?:[^\s\"'`<>()|&,;\x80-\xff]|[\xc3-\xc5][\x80-\xbf]"
        rb"|[&,;](?![\w.~%-]{1,64}+[=:])){6,256}+)"  # not the next name
    )


_ACCENTED = re.compile(rb"[\xc3-\xc5][\x80-\xbf]")
"""A letter such as `ü`; judged like any other, in as many bytes."""
_CALLED = re.compile(
    rb"(?P<value>[^\s\"'`<>()]{8,128}+)[\"'`]?[ \t]{1,4}(?:(?:is|as|for|be)[ \t]{1,4}(?:the|my|your|our"
    rb"|his|her|a)|\((?:the|my|your)?)"
    rb"[ \t]{0,4}(?:(?:new|old|temporary|openai|admin|root|wifi)[ \t])?(?:api|access|secret|auth"
    rb"|pass)?[ \t-]?\Z"
)
"""The text before a name that follows its value."""
_CALLS = (
    b"the ",
    b"my ",
    b"our ",
    b"your ",
    b"a ",
    b" (",
    b"new ",
    b"old ",
    b"ary ",
    b"api ",
    b"ess ",
    b"wifi ",
    b"api-",
)
_MIXED = re.compile(rb"[A-Za-z][0-9]|[0-9][A-Za-z]")
_KEY = re.compile(
    rb"(?<![a-z0-9_])key (?:is|was|:)[ \t]{1,4}+[\"'`]?+(?P<value>[a-z0-9_-]{20,256}+)(?![\w.])"
)
_QUOTES = (b'"', b"'", b"`")
_ORDINARY = re.compile(
    rb"(?i)\A[a-z]++(?<=ed|al|id|ng|ty|or|en|ly)\Z|(?:able|ible|ive|ect|ent|ory|ary|ess|word|phrase|name)\Z"
)
"""A word that says how a password is."""
_ALGORITHM = re.compile(
    rb"(?i)(?:sha|md|base|utf|aes|rsa|bcrypt|scrypt|argon|oauth|python|win|page|line|step)-?\d"
)
_WITH_A_SIGN = re.compile(
    rb"(?=[^0-9]*+[0-9])(?=[^a-z]*+[a-z])(?=[^A-Z]*+[A-Z])\w++[!*%^#+~@$][\w!*%^#+~@$-]*+"
)
_GROUPED = re.compile(rb"[A-Z0-9]{4,8}(?:-[A-Z0-9]{4,8}){2,9}")
"""A licence key as it stands on a box."""


def spans(text: bytes, low: bytes, told: bytes) -> Iterator[Span]:
    """Return the values that sentences call secret; `low` is the text in lower case, `told` the stems of
    secret names in it.
    """
    if b"key is" in low or b"key was" in low or b"key :" in low:
        for match in _KEY.finditer(low):
            value = text[slice(*match.span("value"))]
            if is_mixed(value) or (_GROUPED.fullmatch(value) and is_random(value)):
                yield from whole("field", value, match.start("value"))


def said(text: bytes, low: bytes, stem: Stem) -> Iterator[Span]:
    """Yield the value to which a sentence gives the name with this stem."""
    if low[max(0, stem.start - 5) : stem.start].endswith(_CALLS):
        before = max(0, stem.start - 180)
        called = _CALLED.search(text, before, stem.start)
        random = is_mixed if called is not None and b" for " in called[0] else is_certain
        certain = called is not None and random(called["value"]) and _MIXED.search(called["value"])
        passes = called is not None and stem.word == b"pass" and b" for " not in called[0]
        if called is not None and (certain or (passes and is_chosen(called["value"]))):
            yield from whole("field", called["value"], called.start("value"))
    match = rest().match(low, stem.end)
    if match is None or low[match.start("value") - 1] not in b" \t:=>\"'`(*\xaf\xba\x94\x80":
        return
    found = _name().search(low[max(0, stem.start - 16) : match.end("tail")])
    foreign = found is None
    if foreign and stem.word not in _FOREIGN and stem.word + match["tail"] not in _FOREIGN:
        return
    value = _ACCENTED.sub(b"ee", text[slice(*match.span("value"))].rstrip(TRAILING))
    name = found["name"] if found is not None else b""
    sure = match["verb"] or (name.startswith((b"pass", b"pwd")) and name != b"pass") or is_random(value)
    password = name.startswith(b"pass") and name != b"pass"
    end = match.start("value") + len(value)
    quote = text[match.start("value") - 1 : match.start("value")]
    if password and match["verb"] and quote in _QUOTES and text[end : end + 1] == quote:
        if is_named_secret(value) and not _ORDINARY.search(value):
            yield from whole("field", value, match.start("value"))
        return
    surely = (
        password
        or name.endswith((b"word", b"pw", b"pwd", b"pass"))
        or stem.word in _FOR_SECRETS
        or stem.word + match["tail"] in _FOR_SECRETS
    )
    said_so = match["verb"] or b":" in text[stem.end : match.start("value")]
    if said_so and surely and is_chosen(value):
        yield from whole("field", value, match.start("value"))
        return
    if name in (b"pw", b"pass") or foreign:
        sure = sure and (is_random(value) or (not foreign and _WITH_A_SIGN.fullmatch(value) is not None))
    if name == b"pwd" and value[:1] in (b"/", b"~"):  # the folder
        return
    if password and match["verb"] and is_jumbled(value):
        yield from whole("field", value, match.start("value"))
    shortest = 6 if password and match["verb"] and not _ALGORITHM.match(value) else 8
    if sure and is_credential(value, shortest) and _MIXED.search(value):
        yield from whole("field", value, match.start("value"))
