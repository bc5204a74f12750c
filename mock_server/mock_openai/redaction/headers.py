"""Secrets in lines of headers, in the parts of a multipart body, and after the name of a scheme."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from mock_openai.redaction.forms import Span
from mock_openai.redaction.judged import header, is_certain, valued, whole
from mock_openai.redaction.values import is_credential, is_placeholder, is_random

_HEADER = re.compile(
    rb"(?im)(?<![A-Za-z0-9_-])(?P<name>(?:proxy-)?+authorization|(?:set-)?+cookie)[\"']?+"
    rb"[ \t]{0,16}+[:=][ \t]{0,16}+[\"']?+(?P<value>(?:[^\r\n\"'\\]++|\\(?!\\{0,8}+(?:[rn]|u000[ad])))++)"
)
"""A header's line, up to the end of it, which may be written as an escape."""
_PARAMETERS = re.compile(
    rb"(?i)authorization[\"']?+[ \t]{0,16}+[:=,][ \t]{0,16}+[\"']?+[A-Z0-9-]{2,32}+[ \t]{1,4}+"
    rb"(?P<value>(?:[A-Z0-9_-]{1,40}+=(?:\"[^\"]{0,1024}+\"|[^\s,\"']{1,1024}+)(?:[ \t]{0,4}+,\s{0,4}+|"
    rb"(?=[\s\"'}\]]|$))){1,24}+)"
)
_PARAMETER = re.compile(rb"[A-Za-z0-9_-]{1,40}+=\"?+(?P<value>[^\s,\"']{1,1024}+)")
_COOKIE_QUOTED = re.compile(rb"(?i)cookie[ \t]{0,4}+[:=][^\r\n]{0,512}?=\"(?P<value>[^\"\s;]{8,512}+)\"")
_PART = re.compile(
    rb"(?is)content-disposition:[^\r\n]{0,256}?\bname=\"?(?P<name>[^\r\n\";]{1,128}+)\"?[^\r\n]{0,256}+\r?\n"
    rb"(?:[^\r\n]{1,256}+\r?\n){0,8}+\r?\n(?P<value>[^\r\n\"]++)"
)
_SCHEME = re.compile(
    rb"(?P<scheme>bearer|basic|token|apikey|api-key|negotiate|ntlm|dpop|sharedkey|hmac|client-id|"
    rb"ssws|geniekey|zoho-oauthtoken|sso-key)(?:,?[ \t]{1,16}+|\+|%20)[\"']?+"
    rb"(?P<value>[a-z0-9._~+/=:|-]{8,}+)"
)
_NAMES_A_SCHEME = re.compile(
    rb"(?<![a-z0-9_-])(?:bearer|basic|token|client-id|apikey|api-key|negotiate|ntlm|dpop|sharedkey|hmac|ssws|geniekey|"
    rb"zoho-oauthtoken|sso-key)(?![a-z0-9_-])"
)
SIGNS = (b"bearer", b"basic", b"client-id", b"ssws", b"negotiate", b"ntlm", b"dpop", b"content-disposition")
"""Words that a text needs, beside those of names, to be searched here."""
_OF_A_NAME = b"abcdefghijklmnopqrstuvwxyz0123456789_-"
_WORD = re.compile(rb"\S++")
OWN = re.compile(
    rb"(?i)(?<![A-Za-z0-9_-])X-(?P<name>[A-Z0-9-]{2,40}+)[\"']?+[ \t]{0,4}+[:=,][ \t]{0,4}+[\"']?+"
    rb"(?P<value>[^\s\"',;]{16,512}+)"
)
"""A header of somebody's own."""
_OF_NO_SECRET = re.compile(
    rb"(?i)(?:^|-)(?:(?:[a-z]{0,12}id|hash|sha\d{0,3}|md5|crc\w{0,6}|etag|checksum|trace|span|request|cache|served|version|"
    rb"delivery|date|ray|pop|by|node|host|url|uri|path|range|length|type|agent|location|runtime|key-hash)(?:$|-)|amz-cf)"
)


def spans(text: bytes, low: bytes, told: bytes) -> Iterator[Span]:
    """Return the secrets in header lines and parts; `low` is the text in lower case, `told` the stems of
    secret names in it.
    """
    if b"cookie" in told or b"authorization" in told:
        for match in _HEADER.finditer(text):
            yield from _line(text, match)
    if b"authorization" in told:
        for match in _PARAMETERS.finditer(text):
            for each in _PARAMETER.finditer(match["value"]):
                if is_credential(each["value"], 12):
                    yield from whole("field", each["value"], match.start("value") + each.start("value"))
    if b"cookie" in told and b'="' in low:
        for match in _COOKIE_QUOTED.finditer(text):
            if is_credential(match["value"], 8):
                yield from whole("cookie", match["value"], match.start("value"))
    if b"content-disposition" in told:
        for match in _PART.finditer(text):
            yield from valued("field", match["name"], match["value"], match.start("value"), parameter=True)
    if b"x-" in told:
        for match in OWN.finditer(text):
            if holds_secret(match["name"], match["value"]):
                yield from whole("field", match["value"], match.start("value"))
    for match in _SCHEME.finditer(low) if _NAMES_A_SCHEME.search(told) else ():
        value = text[slice(*match.span("value"))]
        if match.start() and low[match.start() - 1] in _OF_A_NAME:
            continue
        if _is_of_scheme(match["scheme"], value):
            yield from whole(
                "bearer" if match["scheme"] == b"bearer" else "field", value, match.start("value")
            )


def holds_secret(name: bytes, value: bytes) -> bool:
    """Return whether a header of somebody's own holds a secret: its value is random, and it is not called an
    id, an address or the like.
    """
    return is_certain(value, 16) and not _OF_NO_SECRET.search(name)


def _line(text: bytes, match: re.Match[bytes]) -> Iterator[Span]:
    found = False
    for span in header(match["name"].lower(), match["value"], match.start("value")):
        secret = text[span.start : span.end]
        if is_credential(secret, 8) or (b"=" in secret and b"," in secret):  # or several parts
            found = True
            yield span
    if not found and not match["name"].lower().endswith(b"cookie"):  # prose may follow
        for word in list(_WORD.finditer(match["value"][:4096]))[:2]:
            secret = word[0].rstrip(b".,;)")
            if is_certain(secret, 12):
                yield from whole("field", secret, match.start("value") + word.start())


def _is_of_scheme(scheme: bytes, value: bytes) -> bool:
    if scheme == b"basic":
        try:
            plain = base64.b64decode(value + b"=" * (-len(value) % 4), validate=True)
        except (binascii.Error, ValueError):
            return False
        return (b":" in plain and plain.isascii()) or is_credential(value)
    if scheme == b"bearer":
        return is_credential(value, 8) or (len(value) >= 20 and not is_placeholder(value))
    return is_credential(value, 16) and is_random(value)
