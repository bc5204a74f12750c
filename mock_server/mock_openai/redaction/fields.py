"""Secrets known by their name, in every notation that gives names to values.

JSON members, Python's and JavaScript's literals, queries and forms, headers, variables and flags, parts of a
multipart body, pairs of a name and a value, and what a sentence calls a password; the user part of URLs;
`Bearer`, `Basic` and the like; PEM blocks. Every expression is linear: repeats are possessive or bounded, and
none begins with a repeat that could begin anywhere.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from mock_openai.redaction.escapes import decoded
from mock_openai.redaction.fakes import is_fake
from mock_openai.redaction.forms import Span, trie
from mock_openai.redaction.names import STEMS, Weight, weight
from mock_openai.redaction.values import (
    is_credential,
    is_named_number,
    is_named_secret,
    is_placeholder,
    is_random,
)

_STRING = rb'"(?:[^"\\]|\\.)*+"?+'
_SINGLE = rb"'(?:[^'\\]|\\.)*+'?+"
_NAMED = re.compile(
    trie(stem.decode() for stem in STEMS).encode() + rb"[a-z0-9_.-]{0,40}+(?P<close>\]?+[\"'\]]?+)"
    rb"[ \t\r\n]{0,16}+(?P<sign>:=|=>|==?|:(?!//)|,|>)"
)
"""A name and what follows it, in lower case: other notations cannot give the name a value."""
_ESCAPED_NAME = re.compile(
    rb'"(?P<name>[^"\\]{0,128}+\\u00(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u]){1,128}+)"[ \t\r\n]{0,16}+:'
)
_VALUE = re.compile(
    rb"(?s)[ \t\r\n]{0,32}+(?P<list>\[[ \t\r\n]{0,32}+)?+(?P<value>" + _STRING + rb"|" + _SINGLE + rb"|"
    rb"(?:[^\s\"'<>&;,(){}\\]|\\(?![ubfnrtx\"'/\\]))++)"
)
_NEXT = re.compile(rb"(?s)\s{0,32}+,\s{0,32}+(?P<value>" + _STRING + rb"|" + _SINGLE + rb")")
_PAIR = re.compile(
    rb"(?s)[\"'](?:name|key|header|field|k)[\"']\s{0,32}+:\s{0,32}+[\"'](?P<name>(?:[^\"'\\\n]|\\.){1,128}+)[\"']"
    rb"\s{0,32}+,\s{0,32}+[\"'](?:value|val|v|content|data)[\"']\s{0,32}+:\s{0,32}+(?P<value>"
    + _STRING
    + rb"|"
    + _SINGLE
    + rb")"
)
_FLAG = re.compile(
    rb"(?<![A-Za-z0-9_-])--?(?P<name>[A-Za-z][A-Za-z0-9_-]{1,95}+)[ \t]{1,16}+"
    rb"(?P<value>[^\s\"'<>&;,(){}-][^\s\"'<>&;,(){}]{3,512}+)"
)
_NAME_CHARS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-[]"
_HEADER = re.compile(
    rb"(?im)(?<![A-Za-z0-9_-])(?P<name>(?:proxy-)?+authorization|(?:set-)?+cookie)[\"']?+"
    rb"[ \t]{0,16}+[:=][ \t]{0,16}+[\"']?+(?P<value>[^\r\n\"']++)"
)
_PART = re.compile(
    rb"(?is)content-disposition:[^\r\n]{0,256}?\bname=\"?(?P<name>[^\r\n\";]{1,128}+)\"?[^\r\n]{0,256}+\r?\n"
    rb"(?:[^\r\n]{1,256}+\r?\n){0,8}+\r?\n(?P<value>[^\r\n\"]++)"
)
_SCHEME = re.compile(
    rb"(?<![a-z0-9_-])(?P<scheme>bearer|basic|token|apikey|api-key|negotiate|sharedkey|"
    rb"ssws|geniekey|zoho-oauthtoken|sso-key)(?:[ \t]{1,16}+|\+|%20)[\"']?+(?P<value>[a-z0-9._~+/=:|-]{8,}+)"
)
_AUTHORITY = re.compile(rb"(?<=://)[^\s\"'<>/?#\\]{3,1024}+")
_CURL = re.compile(
    rb"(?<![\w-])(?:-u|--user|--proxy-user)[ =]{1,4}+[\"']?+[^\s\"':]{1,128}+:(?P<value>[^\s\"']{4,256}+)"
)
_SAID = re.compile(
    rb"(?<![a-z0-9])(?P<name>pass ?(?:word|phrase|code)|secret(?: key)?|api[ -]?key|access (?:key|token)|"
    rb"token|pwd|credentials?):?"
    rb"(?P<verb>[ \t]{1,4}+(?:is|was|are|now|to|of|be|equals|reads|for [\w@.-]{1,64}+|:|=|->)){0,4}?"
    rb"[ \t]{1,4}+[\"'`(]?+(?P<value>[^\s\"'`<>()]{8,256}+)"
)
_PEM = re.compile(rb"-----BEGIN (?P<what>[A-Z0-9 ]{0,40}+)-----(?P<value>(?:[^-\"'<>{}]|-(?!----))++)")
_OF_A_KEY = re.compile(rb"[A-Za-z0-9+/=]{24}")
_HOOK = re.compile(
    rb"(?i)(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/\d{1,32}+/|"
    rb"\.webhook\.office\.com/webhookb2/|api\.telegram\.org/bot|hooks\.zapier\.com/hooks/catch/|"
    rb"chat\.googleapis\.com/v1/spaces/)(?P<value>[A-Za-z0-9_/:@%-]{8,512}+)"
)
_NO_PHRASE = re.compile(rb"(?i)secret|credential")
"""Names whose value has no blanks: a value with blanks is prose."""
_AUTHENTICATION = frozenset({b"authorization", b"proxy-authorization"})
_SCHEME_WORD = re.compile(rb"[A-Za-z][A-Za-z0-9_-]{1,30}+[ \t+]{1,16}+(?=\S)")
_CRUMBS = re.compile(rb"(?P<name>[^\s=;,]{1,128}+)=(?P<value>[^;\s]{1,4096}+)")
_MIXED = re.compile(rb"[A-Za-z][0-9]|[0-9][A-Za-z]")
_TRAILING = b".,;:!?)]}`"


def spans(text: bytes, low: bytes) -> Iterator[Span]:
    """Return the secrets in a text that have telling names; `low` is the text in lower case."""
    for match in _NAMED.finditer(low):
        yield from _given(text, match)
    if b"\\u00" in text:
        yield from _escaped_names(text)
    for match in _PAIR.finditer(text):
        yield from _quoted(match["name"], match)
    if b"--" in text:
        for match in _FLAG.finditer(text):
            if weight(match["name"]) is Weight.SECRET and is_named_secret(match["value"]):
                yield from _span("field", match)
    if b"cookie" in low or b"authorization" in low:
        for match in _HEADER.finditer(text):
            for span in _header(match["name"].lower(), match["value"], match.start("value")):
                secret = text[span.start : span.end]
                if is_credential(secret, 8) or (b"=" in secret and b"," in secret):  # or several parts
                    yield span
    if b"content-disposition" in low:
        for match in _PART.finditer(text):
            yield from _valued("field", match["name"], match["value"], match.start("value"), parameter=True)
    for match in _SCHEME.finditer(low):
        value = text[slice(*match.span("value"))]
        if _is_of_scheme(match["scheme"], value):
            yield from _whole(
                "bearer" if match["scheme"] == b"bearer" else "field", value, match.start("value")
            )
    if b"://" in text and b"@" in text:
        for match in _AUTHORITY.finditer(text):
            yield from _user_part(match[0].rpartition(b"@")[0], match.start())
    if b"-----begin" in low:
        for match in _PEM.finditer(text):
            private = b"PRIVATE" in match["what"] or b"SECRET" in match["what"]
            if private and _OF_A_KEY.search(match["value"]):
                yield from _span("private key", match)
    if b"-u" in low:
        for match in _CURL.finditer(text):
            if not is_placeholder(match["value"]):
                yield from _span("user part", match)
    for match in _SAID.finditer(low):
        value = text[slice(*match.span("value"))].rstrip(_TRAILING)
        sure = match["verb"] or match["name"].startswith((b"pass", b"pwd")) or is_random(value)
        if sure and is_credential(value, 8) and _MIXED.search(value):
            yield from _whole("field", value, match.start("value"))
    if b"hook" in low or b"telegram" in low or b"chat.googleapis" in low:
        for match in _HOOK.finditer(text):
            yield from _span("webhook", match)


def named(name: bytes, value: bytes) -> Iterator[Span]:
    """Return the secret in the value of a field, a header or a parameter with this name."""
    low = name.lower()
    if low in _AUTHENTICATION or low in (b"cookie", b"set-cookie"):
        yield from _header(low, value, 0)
    else:
        yield from _valued("field", name, value, 0, parameter=True)


def _given(text: bytes, match: re.Match[bytes]) -> Iterator[Span]:
    """Return the value of a name, if that is a secret."""
    name, before, quoted = _name(text, match)
    sign = match["sign"]
    form = sign == b"=" and before in (b"?", b"&", b"")
    what = weight(name, parameter=form)
    if what is Weight.NOTHING or (sign == b"," and not quoted) or (sign == b">" and before != b"<"):
        return
    found = _VALUE.match(text, match.end())
    if found is None:
        return
    if found["value"][:1] in (b'"', b"'"):
        values = [found]
        while found["list"] and (further := _NEXT.match(text, values[-1].end())) is not None:
            values.append(further)
        for each in values:
            for span in _quoted(name, each):
                # Of two strings side by side the first may be a name, if the second is no word.
                if sign != b"," or is_credential(text[span.start : span.end], 8):
                    yield span
    elif quoted:
        number = found["value"].lstrip(b"-")
        if what is Weight.SECRET and sign == b":" and is_named_number(number):
            yield Span("number", found.end("value") - len(number), found.end("value"))
    elif not found["list"]:
        form = (
            (form and before != b"")
            or text[found.end() : found.end() + 1] == b"&"
            or (form and b" " not in text)
        )
        yield from _bare(
            name, found["value"], found.start("value"), what, form=form, exact=form or sign == b">"
        )


def _name(text: bytes, match: re.Match[bytes]) -> tuple[bytes, bytes, bool]:
    """Return the whole name whose end was found, what stands before it, and whether it is quoted."""
    end, close = match.start("close"), match["close"][-1:]
    if close in (b'"', b"'") and (begin := text.rfind(close, max(0, end - 128), end)) >= 0:
        name = text[begin + 1 : end]
        plain = decoded(name) if b"\\" in name else None
        return name if plain is None else plain.data, b"", True
    near = max(0, end - 128)
    begin = near + len(text[near:end].rstrip(_NAME_CHARS))
    return text[begin:end], text[max(0, begin - 1) : begin], False


def _bare(name: bytes, value: bytes, start: int, what: Weight, *, form: bool, exact: bool) -> Iterator[Span]:
    """Yield values without quotes: in prose and in code, names are followed by words that are not secrets."""
    value = value if form else value.rstrip(_TRAILING)
    if what is not Weight.SECRET or exact or name.isupper():
        wanted = _fits(what, value)
    else:
        wanted = is_credential(value, 8) or (
            len(value) >= 20 and is_named_secret(value) and b"." not in value
        )
    if wanted:
        kind = "query" if form else "field" if what is Weight.SECRET else "credential"
        yield from _whole(kind, value, start)


def _escaped_names(text: bytes) -> Iterator[Span]:
    """Yield members whose names are written with escapes, as JSON allows."""
    for match in _ESCAPED_NAME.finditer(text):
        plain = decoded(match["name"])
        if plain is not None and weight(plain.data) is not Weight.NOTHING:
            found = _VALUE.match(text, match.end())
            if found is not None and found["value"][:1] == b'"':
                yield from _quoted(plain.data, found)


def _quoted(name: bytes, match: re.Match[bytes]) -> Iterator[Span]:
    quote, value, start = match["value"][:1], match["value"][1:], match.start("value") + 1
    if value.endswith(quote):
        value = value[:-1]
    if quote == b"'":  # a string in JSON may be around it, and end first
        value = value.partition(b'"')[0]
    yield from _in_string(name, value, start)


def _in_string(name: bytes, value: bytes, start: int) -> Iterator[Span]:
    plain = decoded(value) if b"\\" in value else None
    if plain is None:
        yield from _named_in_json(name, value, start)
        return
    for kind, begin, end in _named_in_json(name, plain.data, 0):
        raw = plain.raw_span(begin, end)
        yield Span(kind, start + raw[0], start + raw[1])


def _named_in_json(name: bytes, value: bytes, start: int) -> Iterator[Span]:
    low = name.lower()
    if low in _AUTHENTICATION or low in (b"cookie", b"set-cookie"):
        yield from _header(low, value, start)
    else:
        yield from _valued("field", name, value, start)


def _header(name: bytes, value: bytes, start: int) -> Iterator[Span]:
    """Return a header's value if all of it is secret: credentials, or cookies."""
    if name.endswith(b"cookie"):
        for crumb in _CRUMBS.finditer(value):
            if is_credential(crumb["value"], 8):
                yield from _whole("cookie", crumb["value"], start + crumb.start("value"))
        if b"=" not in value and is_credential(value):
            yield from _whole("cookie", value, start)
        return
    scheme = _SCHEME_WORD.match(value)
    skipped = scheme.end() if scheme else 0
    secret = value[skipped:].rstrip()
    if is_named_secret(secret) or (
        not scheme and not is_placeholder(secret) and not re.search(rb"\s", secret)
    ):
        yield from _whole("field", secret, start + skipped)


def _valued(kind: str, name: bytes, value: bytes, start: int, *, parameter: bool = False) -> Iterator[Span]:
    what = weight(name, parameter=parameter)
    if what is Weight.SECRET and b" " in value and _NO_PHRASE.search(name):
        return
    if _fits(what, value):
        yield from _whole(kind if what is Weight.SECRET else "credential", value, start)


def _fits(what: Weight, value: bytes) -> bool:
    """Return whether a value looks as its name says."""
    match what:
        case Weight.SECRET:
            return is_named_secret(value)
        case Weight.HINT:
            return is_credential(value)
        case Weight.KEY:
            return is_credential(value) and is_random(value)
        case _:
            return False


def _user_part(given: bytes, start: int) -> Iterator[Span]:
    user, colon, password = given.partition(b":")
    if colon and not is_placeholder(password):
        yield from _whole("user part", password, start + len(user) + 1)
    if is_credential(user):
        yield from _whole("user part", user, start)


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


def _span(kind: str, match: re.Match[bytes]) -> Iterator[Span]:
    yield from _whole(kind, match["value"], match.start("value"))


def _whole(kind: str, value: bytes, start: int) -> Iterator[Span]:
    if not is_fake(value):
        yield Span(kind, start, start + len(value))


def open_value(text: bytes, least: Weight = Weight.KEY) -> int | None:
    """Return where a value begins that the end of the text leaves open and whose name says `least` or more;
    None if there is none.
    """
    low = text.lower()
    for match in _NAMED.finditer(low):
        found = _VALUE.match(text, match.end())
        if (
            found is None
            or found.end() < len(text)
            or weight(_name(text, match)[0], parameter=True) is Weight.NOTHING
        ):
            continue
        value = found["value"]
        if value[:1] not in b"\"'" or len(value) < 2 or value[-1:] != value[:1]:
            return found.start("value") + (value[:1] in (b'"', b"'"))
    return None
