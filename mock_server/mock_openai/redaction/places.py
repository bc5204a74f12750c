"""Secrets in addresses: the user part of URLs and of similar text, paths that are keys, records separated by
colons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mock_openai.redaction.forms import Span
from mock_openai.redaction.judged import is_certain, is_given, whole
from mock_openai.redaction.values import is_chosen, is_credential, is_dense, is_placeholder

_AUTHORITY = re.compile(rb"(?<=://)[^\s\"'<>/?#\\]{3,1024}+")
_AT = re.compile(
    rb"(?<![A-Za-z0-9_.%+/:@-])(?P<sip>sips?:|register => ?)?+(?!(?:acct|npm|mailto|sips?|xmpp|tel"
    rb"|im|pres|jsr|pkg"
    rb"|git|ssh):)"
    rb"[A-Za-z0-9_.%+-]{1,64}+:(?P<value>[^\s:@/\"'<>]{6,128}+)@[A-Za-z0-9.-]{1,255}+(?::\d{2,5})?"
)
_SLASH_AT = re.compile(
    rb"(?i)(?:jdbc:oracle:(?:thin|oci):|(?:sqlplus|connect|conn|expdp|impdp|sqlldr"
    rb"|rman target) {1,8}+)[^\s/@\"']{1,64}+/(?P<value>[^\s@\"'/]{4,128}+)@"
)
_BEFORE_AN_AT = re.compile(rb"/[^\s@\"'/]{4,128}+@")
"""Finds what every match of `_SLASH_AT` has."""
_HOOK = re.compile(
    rb"(?i)(?:hooks\.slack\.com/(?:services|workflows|triggers)/"
    rb"|discord(?:app)?\.com/api/webhooks/\d{1,32}+/|"
    rb"\.webhook\.office\.com/webhookb2/|outlook\.office(?:365)?\.com/webhook/"
    rb"|api\.telegram\.org/(?:file/)?bot|"
    rb"hooks\.zapier\.com/hooks/catch/|chat\.googleapis\.com/v1/spaces/|hook\.[a-z0-9]{2,8}\.make\.com/|"
    rb"\.g\.alchemy\.com/v2/|\.infura\.io/v3/|\.quiknode\.pro/|webhook\.site/"
    rb"|\.loggly\.com/(?:inputs|bulk)/|hc-ping\.com/|rtmps?://[^\s/\"']{1,255}+/[^\s/\"']{1,64}+/"
    rb"|/open-apis/bot/v2/hook/)"
    rb"(?P<value>[A-Za-z0-9_/:@%-]{7,512}+)"
)
_CARRIER = re.compile(
    rb"/(?:hooks?|webhooks?|webhook-test|reset|reset-password|verify|confirm|activate|invite|magic"
    rb"|magic-link|macros/s|private|t|"
    rb"trigger|triggers|ingest|collect|receiver(?:/v\d)?+(?:/http)?+|inbound|notify"
    rb"|callback)[/-](?P<value>[\w~./-]{16,256}+)"
)
_CARRIERS = (
    b"/reset",
    b"/verify/",
    b"/confirm/",
    b"/activate/",
    b"/invite/",
    b"/magic",
    b"macros/s/",
    b"/private-",
    b"/t/",
    *(b"/trigger", b"/ingest/", b"/collect/", b"/receiver/", b"/inbound/", b"/notify/", b"/callback/"),
    b"hook",
)
_SEGMENT = re.compile(rb"[\w~.-]{16,256}+")
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WIFI = re.compile(rb"(?i)WIFI:(?:[STH]:[^;\"\s]{0,64}+;){0,4}+P:(?P<value>[^;\"\s]{6,64}+);")
_QUERY = re.compile(rb"\?[^\s\"'<>?]{1,1024}+")
_EXPIRES = re.compile(rb"(?i)(?<=[?&])expires=\d{9,13}")
_SIGNED = re.compile(
    rb"(?<=[?&])(?:md5|hash|hmac|digest|sign|secure|verify|h|hs|k|s|st|t"
    rb"|v)=(?P<value>[A-Za-z0-9_~%=-]{20,256}+)"
)
"""What makes an address valid until it expires."""
_NAMES = b"root admin administrator postgres sa ubuntu pi deploy guest oracle ec2-user".split()
_ACCOUNTS = b"(?:" + b"|".join(_NAMES) + b")"
_BEGIN_ONE = (b"user=", *(name + b":" for name in _NAMES))
_PORT = re.compile(rb"\]:\d")
_ACCOUNT = re.compile(
    rb"(?:(?:(?<![\w./@:-])user=|\]:\d{2,5} )[\w.@+-]{1,64}+|(?<![\w./@:-])"
    + _ACCOUNTS
    + rb"):(?P<value>[^\s:@/\"',]{6,64}+)(?![:@/])"
)
"""A user and a password, of an account that many systems have or after a word that says so."""
OF_AN_ACCOUNT = re.compile(_ACCOUNTS + rb":[^:]{6}|:(?:25|465|587)\Z")
_OF_A_LETTER = re.compile(
    rb"(?<=[?&])(?:[tksh]=(?P<value>[A-Za-z0-9_~.%-]{32,512}+)|state=(?P<state>[A-Za-z0-9_~.%-]{16,512}+))"
)
LONG = re.compile(rb"(?:[tksh]=[A-Za-z0-9_~.%-]{16}|state=)[A-Za-z0-9_~.%-]{16}")
"""A parameter whose name is one letter: what is so long opens the address. The state of a login too."""
_HOSTS = (
    b"hook",
    b"telegram",
    b"chat.googleapis",
    b"alchemy",
    b"infura",
    b"quiknode",
    b"rtmp",
    b"loggly",
    b"hc-ping",
)
SIGNS = (
    *_HOSTS,
    b"wifi:",
    b"expires=",
    b"oracle",
    b"sqlplus",
    *_CARRIERS,
)
"""Words that a text needs, beside those of names, to be searched here."""
WITH_AT = re.compile(rb"[:/][^\s:@/]{6,128}+@")
"""Finds what may be a password before a host."""


def spans(text: bytes, low: bytes, told: bytes) -> Iterator[Span]:
    """Return the secrets in addresses; `low` is the text in lower case, `told` the stems of secret names in
    it.
    """
    if b"://" in text and b"@" in text:
        for match in _AUTHORITY.finditer(text):
            yield from _user_part(match[0].rpartition(b"@")[0], match.start())
    if b"@" in text:
        for match in _AT.finditer(text):
            if is_certain(match["value"]) or (match["sip"] and is_given(match["value"])):
                yield from whole("user part", match["value"], match.start("value"))
        for match in _SLASH_AT.finditer(text) if _BEFORE_AN_AT.search(text) is not None else ():
            if not is_placeholder(match["value"]):
                yield from whole("user part", match["value"], match.start("value"))
    if any(host in told for host in _HOSTS):
        for match in _HOOK.finditer(text):
            yield from whole("webhook", match["value"], match.start("value"))
    if any(carrier in told for carrier in _CARRIERS):
        for match in _CARRIER.finditer(text):
            for part in _SEGMENT.finditer(match["value"]):
                if _UUID.fullmatch(part[0]) or is_certain(part[0], 20):
                    yield from whole("path", part[0], match.start("value") + part.start())
    if b"expires=" in told:
        for match in _QUERY.finditer(text):
            for part in _SIGNED.finditer(match[0]) if _EXPIRES.search(match[0]) is not None else ():
                if is_credential(part["value"], 20):
                    yield from whole("query", part["value"], match.start() + part.start("value"))
    if b":" in told and (any(text.find(each) >= 0 for each in _BEGIN_ONE) or _PORT.search(text) is not None):
        for match in _ACCOUNT.finditer(text):
            if is_chosen(match["value"]):
                yield from whole("user part", match["value"], match.start("value"))
    if b"=" in told and b"?" in text:
        for match in _OF_A_LETTER.finditer(text):
            group = match.lastgroup or "value"
            if is_dense(match[group], 16):
                yield from whole("query", match[group], match.start(group))
    if b"wifi:" in told:
        for match in _WIFI.finditer(text):
            if is_credential(match["value"], 6):
                yield from whole("field", match["value"], match.start("value"))


def _user_part(given: bytes, start: int) -> Iterator[Span]:
    user, colon, password = given.partition(b":")
    if colon and not is_placeholder(password):
        yield from whole("user part", password, start + len(user) + 1)
    if is_credential(user):
        yield from whole("user part", user, start)
