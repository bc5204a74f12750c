"""Secrets that are arguments without a name, of functions whose own name says what they take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mock_openai.redaction.forms import Span
from mock_openai.redaction.judged import is_certain, whole

_FUNCTION = re.compile(
    rb"(?i:auth|login|credentials?|client|connect|driver|mysqli|sensitive|signer|cipher|provider|fernet)[A-Za-z0-9_]{0,16}+\Z|"
    rb"(?:PDO|hmac\.new|jwt\.(?:decode|encode|sign|verify)|WiFi\.begin|SpeechConfig|twilio[\"']?\)?)\Z"
)
"""The end of the names of functions that take secrets."""
_ARGUMENTS = re.compile(rb"\([^()\r\n\"'`]{0,128}+[\"'`][^()\r\n]{8,512}+")
"""The arguments of a call, up to the next bracket, if there is a string among the first."""
_ARGUMENT = re.compile(
    rb"(?:[(,=:]|<<|[ \t])[ \t]{0,4}(?:[brfu]{1,2}(?=[\"'`]))?[\"'`]"
    rb"(?P<value>[A-Za-z0-9][A-Za-z0-9_+/=!$^*~%-]{7,256}+)[\"'`]"
)
_FOREIGN = re.compile(rb"(?:[a-z]{2,12}|[A-Z]{2,12})[_-]")


def found(text: bytes) -> bool:
    """Return whether there is the call of such a function."""
    return next(_calls(text), None) is not None


def spans(text: bytes) -> Iterator[Span]:
    """Return what is given to such functions and looks random."""
    for call in _calls(text):
        for match in _ARGUMENT.finditer(call[0]):
            value = match["value"]
            if is_certain(value, 12) and not _FOREIGN.match(value):
                yield from whole("credential", value, call.start() + match.start("value"))


def _calls(text: bytes) -> Iterator[re.Match[bytes]]:
    for call in _ARGUMENTS.finditer(text):
        if _FUNCTION.search(text, max(0, call.start() - 40), call.start()) is not None:
            yield call
