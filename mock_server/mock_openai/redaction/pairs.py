"""Names and values that are apart: members of one object, attributes of one tag, lines of YAML, objects and
lists under the name of a secret, keys in JSON (JWK).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mock_openai.redaction.forms import Span
from mock_openai.redaction.judged import SINGLE, STRING, fits, in_string, is_certain, named, quoted, whole
from mock_openai.redaction.names import Weight, weight
from mock_openai.redaction.values import is_chosen, is_credential, is_named_secret

_VALUE = rb"(?P<value>" + STRING + rb"|" + SINGLE + rb")"
_OF = rb"(?:parameter|option|variable|header|env|secret|param|setting|config|attribute|field)?+"
_MEMBER = re.compile(
    rb"(?s)[{}]|[\"'](?:(?P<name>(?i:"
    + _OF
    + rb"(?:name|key))|header|field|variable|param|parameter|attribute)|(?P<kind>type|kind|id|label|title)"
    rb"|(?P<worth>(?i:" + _OF + rb"value)|val|v|content|data|secret|default|example)"
    rb"|(?P<jar>domain|sameSite|same_site)|(?P<jwk>kty|dp|dq|qi|d|p|q|k))[\"']\s{0,8}+:\s{0,8}+"
    rb"(?![\"'][{\[])" + _VALUE  # no JSON in a string
)
_INNER = re.compile(rb"(?s)" + _VALUE + rb"(?P<member>\s{0,8}+:)?+")
_TYPED = re.compile(
    rb"\"(?:key|name)\"\s{0,4}+:\s{0,4}+\"(?P<name>[^\"\\]{1,128}+)\"\s{0,4}+,\s{0,8}+\"value\"\s{0,4}+:"
    rb"\s{0,4}+\{\s{0,8}+\"[A-Za-z]{1,24}+\"\s{0,4}+:\s{0,4}+(?P<value>" + STRING + rb")"
)
"""Attributes of traces, whose values have types."""
_REACH = 1024
_BESIDE = 3
"""Characters between a member and the next: a comma and blanks."""
_WORTHS = re.compile(
    rb"[\"'](?:(?i:[a-z]{0,16}+(?<=value))|val|v|content|data|secret|default|example|kty)[\"']"
)
_TAG = re.compile(rb"<[A-Za-z][^<>]{1,2048}+>(?P<text>[^<>\s]{0,1024}+)")
_ATTRIBUTE = re.compile(
    rb"(?<![^\s\"'])(?P<name>[A-Za-z][A-Za-z0-9:._-]{0,63}+)\s{0,4}+=\s{0,4}+(?P<quote>[\"']?+)(?P<v"
    rb"alue>[^\"'<>]{1,1024}?)(?=(?P=quote)(?:[\s/>]|$))"
)
_PLIST = re.compile(
    rb"<(?:key|name|Key|Name)>\s{0,8}+(?P<name>[^<>]{1,128}+)</(?:key|name|Key|Name)>\s{0,16}+"
    rb"<(?:string|value|val|data|Value)>\s{0,8}+(?P<value>[^<>\s\"]{4,1024}+)"
)
_LINES = re.compile(
    rb"(?<![\w-])(?:name|key)[ \t]{0,4}+:[ \t]{0,4}+[\"']?+"
    rb"(?P<name>[^\s\"'#]{1,128}+)[\"']?+[ \t]{0,4}+\r?\n[ \t]{0,32}+(?:-[ \t]{1,4}+)?+"
    rb"(?:value|val)[ \t]{0,4}+:[ \t]{0,4}+[\"']?+(?P<value>[^\s\"'#]{4,1024}+)"
)
_BLOCK = re.compile(
    rb"(?:variable|parameter|secret|output)[ \t]{1,4}+\""
    rb"(?P<name>[^\"\s]{1,128}+)\"[ \t]{0,4}+\{[^{}]{0,512}?(?:default|value)[ \t]{0,8}+=[ \t]{0,4}+" + _VALUE
)
_SECRET_KIND = re.compile(
    rb"kind:[ \t]{0,4}+Secret\b[^{}]{0,1024}?\n(?:stringData|data):[ \t]{0,4}+\r?\n(?P<lines>"
    rb"(?:[ \t]{1,32}+[\w.-]{1,128}+:[ \t]{1,4}+[^\r\n]{1,4096}+\r?\n?){1,64}+)"
)
_KEYS = re.compile(
    rb"(?<![\w-])(?:keys|secrets|tokens|credentials|passwords|auths)[\"']?+:[ \t]{0,4}+\r?\n(?P<lines>"
    rb"(?:[ \t]{1,32}+[\w.\"'-]{1,128}+:[ \t]{1,4}+[^\r\n]{1,512}+\r?\n?){1,32}+)"
)
_ENTRY = re.compile(rb"[\w.-]{1,128}+:[ \t]{1,4}+[\"']?+(?P<value>[^\s\"']{6,4096}+)")
NETSCAPE = re.compile(
    rb"\t(?:TRUE|FALSE)\t[^\t\r\n]{1,256}+\t(?:TRUE"
    rb"|FALSE)\t\d{1,12}+\t[^\t\r\n]{1,128}+\t(?P<value>[^\s\"]{8,4096}+)"
)


def spans(text: bytes, low: bytes, told: bytes) -> Iterator[Span]:
    """Return the secrets whose names are apart from them; `low` is the text in lower case, `told` the stems
    of secret names in it.
    """
    if _WORTHS.search(text) is not None:
        yield from _objects(text)
        for match in _TYPED.finditer(text):
            yield from quoted(match["name"], match)
    if b"<" in text:
        for match in _TAG.finditer(text):
            yield from _of_tag(match)
        for match in _PLIST.finditer(text):
            yield from named(match["name"], match["value"], match.start("value"))
    if b"value:" in low or b"val:" in low:
        for match in _LINES.finditer(text):
            if is_credential(match["value"], 8):
                yield from named(match["name"], match["value"], match.start("value"))
    if b'" {' in text:
        for match in _BLOCK.finditer(text):
            yield from quoted(match["name"], match)
    if b"secret" in told:
        for match in _SECRET_KIND.finditer(text):
            for entry in _ENTRY.finditer(match["lines"]):
                if is_named_secret(entry["value"]):
                    yield from whole("field", entry["value"], match.start("lines") + entry.start("value"))
    if b"s:" in told:
        for match in _KEYS.finditer(text):
            for entry in _ENTRY.finditer(match["lines"]):
                if is_certain(entry["value"], 16):
                    yield from whole("field", entry["value"], match.start("lines") + entry.start("value"))
    if b"\tTRUE\t" in text or b"\tFALSE\t" in text:
        for match in NETSCAPE.finditer(text):
            if is_credential(match["value"], 8):
                yield from whole("cookie", match["value"], match.start("value"))


def _objects(text: bytes) -> Iterator[Span]:
    """Yield the secrets among members of one object: a value whose name is another member, and the parts of a
    JWK.
    """
    names: list[tuple[bytes, bool, int]] = []
    values: list[re.Match[bytes]] = []
    parts: dict[bytes, re.Match[bytes]] = {}
    jar = False
    for match in _MEMBER.finditer(text):
        if match[0] in (b"{", b"}"):
            yield from _of_object(names, values, parts)
            yield from _of_jar(values) if jar and names else ()
            names, values, parts, jar = [], [], {}, False
        elif match["jwk"]:
            parts[match["jwk"]] = match
            if match["jwk"] == b"k":
                names.append((match["value"][1:-1], True, match.end()))
        elif match["jar"]:
            jar = True
        elif match["worth"]:
            values.append(match)
        else:
            names.append((match["value"][1:-1], match["name"] is not None, match.end()))
    yield from _of_object(names, values, parts)


def _of_object(
    names: list[tuple[bytes, bool, int]], values: list[re.Match[bytes]], parts: dict[bytes, re.Match[bytes]]
) -> Iterator[Span]:
    for name, plain, end in names[:4]:
        if not values or weight(name) is Weight.NOTHING:
            continue
        for match in values[:4]:
            bare = match["value"][1:-1]
            if plain and match.start() - end <= _BESIDE and match.start() > end:
                yield from quoted(name, match)
            elif fits(weight(name), bare) and (is_credential(bare, 8) if plain else is_certain(bare)):
                yield from in_string(name, bare, match.start("value") + 1)
    if b"kty" in parts:
        for part, match in parts.items():
            bare = match["value"][1:-1]
            if part != b"kty" and len(bare) >= 16 and is_credential(bare):
                yield from whole("private key", bare, match.start("value") + 1)


def _of_jar(values: list[re.Match[bytes]]) -> Iterator[Span]:
    """Yield the value of a cookie: an object with a name, a value and a domain."""
    for match in values[:2]:
        if is_certain(match["value"][1:-1], 16):
            yield from whole("cookie", match["value"][1:-1], match.start("value") + 1)


def inside(text: bytes, begin: int) -> Iterator[Span]:
    """Yield values that look like credentials in the object or list that begins here, under the name of a
    secret.
    """
    close = b"]" if text[begin : begin + 1] == b"[" else b"}"
    end = text.find(close, begin, begin + _REACH)
    for each in _INNER.finditer(text, begin, begin + _REACH if end < 0 else end):
        bare = each["value"][1:-1]
        if each["member"] is None and len(each["value"]) > 2 and is_certain(bare, 12):
            yield from whole("field", bare, each.start("value") + 1)


def _of_tag(match: re.Match[bytes]) -> Iterator[Span]:
    """Yield the value of a tag that gives it a name."""
    attributes = [(each["name"].lower(), each) for each in _ATTRIBUTE.finditer(match[0], 1)]
    names = [
        each["value"] for key, each in attributes if key in (b"name", b"key", b"id", b"property", b"itemprop")
    ]
    if (b"type", b"password") in [(key, each["value"].lower()) for key, each in attributes]:
        names.append(b"password")
    heavy = [name for name in names if weight(name) is not Weight.NOTHING]
    for name in heavy[:2]:
        for key, each in attributes:
            if key in (b"value", b"content", b"data-value") and (
                is_credential(each["value"], 8) or is_chosen(each["value"], 6)
            ):
                yield from named(name, each["value"], match.start() + each.start("value"))
        if match["text"] and (is_credential(match["text"], 8) or is_chosen(match["text"], 6)):
            yield from named(name, match["text"], match.start("text"))
