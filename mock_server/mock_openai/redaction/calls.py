"""Secrets that are unnamed arguments, of functions whose name says that they take a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import mock_openai.redaction.issuers as issuers
from mock_openai.redaction.forms import Span, trie
from mock_openai.redaction.judged import is_certain, whole
from mock_openai.redaction.values import is_chosen, is_dense

_FUNCTION = re.compile(
    rb"(?i:auth|login|credentials?|simple_bind|password|_pw|ftp|basic|sign_?in|client|connect|driver|mysqli"
    rb"|sensitive|signer|cipher|provider|fernet)[A-Za-z0-9_]{0,16}+(?: ?= ?)?+\Z|"
    rb"(?:PDO|hmac\.new|jwt\.(?:decode|encode|sign|verify)|WiFi\.begin|SpeechConfig|twilio[\"']?\)?)\Z"
)
"""The end of the names of functions that take secrets."""
_ARGUMENTS = re.compile(rb"\([^()\r\n\"'`]{0,128}+[\"'`][^()\r\n]{8,512}+")
"""The arguments of a call, up to the next bracket, if there is a string among the first."""
_ARGUMENT = re.compile(
    rb"(?:[(,=:]|<<|[ \t])[ \t]{0,4}(?:[brfu]{1,2}(?=[\"'`]))?[\"'`]"
    rb"(?P<value>[A-Za-z0-9][A-Za-z0-9_+/=!$^*~%.:-]{7,256}+)[\"'`]"
)
_SIGNS_IN = re.compile(
    rb"(?i)(?:auth|login|credential|bind|password|_pw|basic|sign_?in)[a-z0-9_]{0,16}(?: ?= ?)?\Z"
)
_PROVES = re.compile(rb"(?<![A-Za-z_])(?:auth|authenticate|unlock)\Z")
_NO_PASSWORD = 1000
_CONNECTS = re.compile(rb"(?i)(?:connect|driver|mysqli|pdo|ftp)[a-z0-9_]{0,16}\Z")
"""The ends of the names of functions that take a user and a password; these take an address before them."""
_PARTED = re.compile(rb"[.:]")
_FOREIGN = re.compile(rb"(?:[a-z]{2,12}|[A-Z]{2,12})[_-]")


@cache
def _class() -> re.Pattern[bytes]:  # compiled when it is first used, as `names.stems` is
    return re.compile(
        rb"(?<![A-Za-z0-9_])(?:(?i:"
        + trie(issuers.NAMES).encode()
        + rb")[A-Za-z]{0,12}|[A-Z][A-Za-z0-9]{1,40}|(?<=\.)(?:init|start|configure|setup|initialize))\Z"
    )


_OF_AN_ID = re.compile(
    rb"(?i)id\Z|hash|digest|sha\d{0,3}\Z|md5|commit|rev|etag|bytes|hex|colou?r|check|block|tx|addr"
    rb"|voice|doc|file|sheet|video|"
    rb"image|url|path|test|assert|ref|key\Z"
)
"""Classes whose arguments, if they are digits, are not secrets."""
_HEX = re.compile(rb"(?=[0-9]*+[a-f])(?=[a-f]*+[0-9])[0-9a-f]{32,64}")


def found(text: bytes) -> bool:
    """Return whether the text calls such a function."""
    return next(_calls(text), None) is not None


def spans(text: bytes) -> Iterator[Span]:
    """Return the arguments of such functions that look random."""
    for call, telling in _calls(text):
        users = _before_a_password(text, call) if telling else _NO_PASSWORD
        for match in _ARGUMENT.finditer(call[0]):
            value = match["value"]
            if is_chosen(value) and call[0].count(b",", 0, match.start("value")) >= users:
                secret = True
            elif telling and not _PARTED.search(value):
                secret = is_certain(value, 12)
            else:
                secret = _HEX.fullmatch(value) is not None or (is_dense(value, 24) and b"://" not in value)
            if secret and (users < _NO_PASSWORD or not _FOREIGN.match(value)):
                yield from whole("credential", value, call.start() + match.start("value"))


def _before_a_password(text: bytes, call: re.Match[bytes]) -> int:
    """Return how many arguments precede a password in this call; _NO_PASSWORD if it does not
    take one."""
    near = max(0, call.start() - 40)
    if _PROVES.search(text, near, call.start()) is not None:
        return 0
    if _SIGNS_IN.search(text, near, call.start()) is not None:
        return 1
    return 2 if _CONNECTS.search(text, near, call.start()) is not None else _NO_PASSWORD


def _calls(text: bytes) -> Iterator[tuple[re.Match[bytes], bool]]:
    """Yield the arguments of calls, and whether the function's name says that it takes secrets. Other calls
    construct an object of a class that is not one of ids.
    """
    for call in _ARGUMENTS.finditer(text):
        near = max(0, call.start() - 40)
        if _FUNCTION.search(text, near, call.start()) is not None:
            yield call, True
        elif (made := _class().search(text, near, call.start())) and not _OF_AN_ID.search(made[0]):
            yield call, False
