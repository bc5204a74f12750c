"""Secrets known by their name, in every notation that gives names to values.

This file has the notations that assign: JSON members, Python's and JavaScript's literals, YAML, INI and TOML,
queries and forms, variables, elements of XML, arguments of calls. The other notations are in files of their
own: headers, addresses, commands, tables, sentences, names and values that stand apart, private keys. Every
expression is linear: repeats are possessive or bounded, and none begins with a repeat that could begin
anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import mock_openai.redaction.armor as armor
import mock_openai.redaction.bare as bare
import mock_openai.redaction.calls as calls
import mock_openai.redaction.cards as cards
import mock_openai.redaction.codes as codes
import mock_openai.redaction.commands as commands
import mock_openai.redaction.groups as groups
import mock_openai.redaction.headers as headers
import mock_openai.redaction.near as near
import mock_openai.redaction.pairs as pairs
import mock_openai.redaction.places as places
import mock_openai.redaction.programs as programs
import mock_openai.redaction.prose as prose
import mock_openai.redaction.tables as tables
from mock_openai.redaction.escapes import decoded
from mock_openai.redaction.forms import Span
from mock_openai.redaction.judged import SINGLE, STRING, TRAILING, Stem, is_certain, quoted, whole
from mock_openai.redaction.judged import named as named
from mock_openai.redaction.languages import PARTS
from mock_openai.redaction.names import Weight, names_digits, stems, weight
from mock_openai.redaction.sections import SHORTEST, section_of
from mock_openai.redaction.values import (
    is_code,
    is_credential,
    is_mixed,
    is_named_number,
)

_LETTER = rb"(?:[a-z0-9_.-]|[\xc3-\xe1\xe3-\xed][\x80-\xbf]{1,2})"
_FEW = 32
"""Words that are searched one by one."""
_NAMED = re.compile(
    _LETTER + rb"{0,40}+(?P<close>(?:[\"']\])?+\]?+[\"'\]`]?+\*{0,2}+)"
    rb"(?:[ \t]{1,2}+\([^()\r\n\"]{1,40}+\))?+[ \t\r\n]{0,16}+"
    rb"(?P<sign>:=|=>|==?|->|[?+]=|;s:\d{1,6}+:|::?(?!//)|,|\(|\[|/|as[ \t]{1,4}+[a-z.]{1,20}+[ \t]{0,4}+=|"
    rb"(?:</?[a-z][a-z0-9]{0,9}+[^<>]{0,64}+>[ \t\r\n]{0,16}+){1,4}+:?+|"  # the cell or item after this one
    rb"(?:[ \t\r\n]{0,16}+[a-z_:.-]{1,40}+=(?:\"[^\"<>]{0,128}+\"|'[^'<>]{0,128}+')){0,8}+[ \t]{0,4}+>|"
    rb"(?<=[ \t])[\"'`]?+(?=[^\s\"'`<>(){}\[\],;]{8}))"  # a blank
)
"""The rest of a name and what follows it, in lower case."""
_ESCAPED_NAME = re.compile(
    rb'"(?P<name>[^"\\]{0,128}+\\u00(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u]){1,128}+)"[ \t\r\n]{0,16}+:'
)
_LEAD = re.compile(
    rb"(?:[ \t]{0,32}+(?:"
    rb"[|>][+-]?+\d?+[ \t]{0,4}+\r?\n[ \t]{1,32}+"  # a block of YAML
    rb"|&?(?:'[a-z]{1,16}[ \t]{1,4}+)?[A-Za-z][\w.\[\]<>|?:]{0,40}+(?:[ \t]\|?[ \t]?[\w.]{1,20}+){0,3}+"
    rb"[ \t]{1,4}+=[ \t]{0,4}+(?=\\{0,8}+[\"'`]|[bru\[])"  # a type
    rb"|&[\w-]{1,32}+[ \t]{1,8}+|!{1,2}[\w:/.-]{1,32}+[ \t]{1,8}+|\r?\n[ \t]{0,32}+-[ \t]{1,8}+"
    rb"|\*{1,2}[ \t]{0,4}+(?=[^\s*])|`{1,2}(?=[^\s`])|<!\[CDATA\[|\{(?=[A-Za-z0-9+/])|\[\[(?=[^\s\[])"
    rb"|string\(\d{1,6}+\)|/\*[^*]{0,64}+\*/[ \t]{0,4}+|(?:<[a-zA-Z]{1,10}+(?:[ \t][^<>]{0,64}+)?>){1,3}+))?+"
    rb"[ \t]{0,8}+(?:(?i:md5|sha\d{0,3}|(?:old_)?password|crypt|bcrypt|encrypt|\w{0,12}hash\w{0,12}"
    rb"|b64encode|base64)\(\s{0,4}+)?+(?:[brufBRUFNE$@]{1,2}+(?=[\"'`]))?+(?:(?:\"{3}|'{3})\s{0,4}+)?+"
)
"""Prefixes of a value: marks of YAML and Markdown, types, the first letter of a literal."""
_BARE = rb"(?:[^\s\"'<>&;,(){}|\\]|\|(?![\w.~%-]{1,64}+[=:])|\\(?![ubfnrtx\"'/\\]))"
_LONG = 1024
"""Number of characters of a value without quotes that are judged, because many names may precede one long
run.
"""
_BEFORE = (
    rb"(?s)[ \t\r\n]{0,32}+(?P<list>[\[(][ \t\r\n]{0,32}+)?+(?P<value>" + STRING + rb"|" + SINGLE + rb"|"
)
_VALUE = re.compile(_BEFORE + _BARE + rb"{1,%d}+)" % _LONG)
_OPEN_VALUE = re.compile(_BEFORE + _BARE + rb"++)")
_RUN = re.compile(_BARE + rb"*+")
_OPENING = re.compile(rb"\s{0,8}+[{\[]")
_NEXT = re.compile(rb"(?s)\s{0,32}+,\s{0,32}+(?P<value>" + STRING + rb"|" + SINGLE + rb")")
_PART = re.compile(rb"[,;][A-Za-z0-9_]{1,16}+=(?P<value>[^\s,;\"']{1,512}+)")
_CODE = re.compile(rb"(?P<value>[0-9]{4,8})(?![\w%]|[.,-]\d)")
_PATH = re.compile(rb"(?P<value>[A-Za-z0-9_~.=-]{16,512}+)(?![A-Za-z0-9_~.=-])")
_NAME_CHARS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-[]" + bytes(
    [*range(0x80, 0xC0), *range(0xC3, 0xE2), *range(0xE3, 0xEE)]
)
_SECOND = frozenset({b"key", b"keys", b"code", b"codes", b"word", b"phrase", b"token"})
_QUALIFIED = re.compile(
    rb"(?i)(?<![a-z0-9_.-])"
    rb"(?P<what>api|access|secret|private|auth|signing|license|encryption|pass|recovery|"
    rb"backup|security|verification|activation|pairing)[ ]\Z"
)
_PIECE = re.compile(rb'"\s{0,8}+:\s{0,8}+"(?:[^"\\]|\\.)*+"\s{0,8}+,\s{0,8}+"(?:logprob|bytes)"')
"""A piece of a text in `logprobs`, which is judged with the others."""
_HASHED = re.compile(
    rb"\$(?:argon2(?:id?|d)|scrypt|bcrypt-sha256|pbkdf2-sha\d{3})\$(?P<value>[A-Za-z0-9=,+/$.-]{24,}+)"
)


def spans(text: bytes, low: bytes, words: Sequence[bytes] | None = None) -> Iterator[Span]:
    """Return the values in a text whose names mark them as secrets; `low` is the text in lower case, `words`
    are its words that may be such names, if they are known.
    """
    told = low if words is None else b" ".join(words)
    place = 0
    stems = list(_stems(low, told, words))
    for stem in stems:
        if stem.word == b"token" and _PIECE.match(low, stem.end) is not None:
            continue
        if stem.start >= place and (match := _NAMED.match(low, stem.end)) is not None:
            place = match.end()
            for span in _given(text, match):
                if span.end - span.start >= _LONG - 16:  # judged by its beginning, replaced as a whole
                    span = span._replace(end=_end_of_run(text, span.end))
                    place = max(place, span.end)
                yield span
        yield from prose.said(text, low, stem)
    if b"\\u00" in text:
        yield from _escaped_names(text)
    for notation in (pairs, headers, places, armor, commands, programs, prose, codes, cards, groups):
        yield from notation.spans(text, low, told)
    yield from tables.spans(text, low, stems)
    yield from near.spans(text, low, told, stems)
    if b"(" in text:
        yield from calls.spans(text)
    if b"argon2" in told or b"scrypt" in told or b"pbkdf2" in told:
        for match in _HASHED.finditer(text):
            yield from whole("password hash", match["value"], match.start("value"))


def _end_of_run(text: bytes, start: int) -> int:
    run = _RUN.match(text, start)
    return start if run is None else run.end()


def _stems(low: bytes, told: bytes, words: Sequence[bytes] | None) -> Iterator[Stem]:
    """Yield the stems of secret names, in order. Searching a few words is faster than searching for every
    stem.
    """
    if words is None or len(words) > _FEW or any(part in told for part in PARTS):
        for match in stems().finditer(low):
            yield Stem(match[0], *match.span())
        return
    found: dict[int, Stem] = {}
    for word in words:
        inside = _inside(word)
        at = low.find(word)
        while at >= 0:
            for stem, start, end in inside:
                found[at + start] = Stem(stem, at + start, at + end)
            at = low.find(word, at + len(word))
    for at in sorted(found):
        yield found[at]


@lru_cache(maxsize=4096)
def _inside(word: bytes) -> tuple[Stem, ...]:
    return tuple(Stem(match[0], *match.span()) for match in stems().finditer(word))


def _given(text: bytes, match: re.Match[bytes]) -> Iterator[Span]:
    """Return the value of a name, if it is a secret."""
    name, before, inside = _name(text, match)
    sign = match["sign"]
    section = b""
    if sign in (b":", b"=") and name.lower() in (b"key", b"keys"):
        section = section_of(text, match.start("close") - len(name) - inside)
        name = section + b"_" + name if section else name
    form = sign == b"=" and before in (b"?", b"&", b"")
    listed = sign == b"=" and name.lower() == b"signature" and before in (b" ", b",")
    what = weight(name, parameter=form or listed or sign == b"/")
    digits = names_digits(name)
    literal = inside or before in (b":", b"{") or name.isupper()
    if (what is Weight.NOTHING and not digits) or (sign == b"," and not literal):
        return
    if sign in (b"", b'"', b"'", b"`"):
        yield from commands.after_a_name(text, name, match, what)
        return
    if sign == b"/":
        segment = before == b"/" and name.islower() and len(name) > 2
        if segment and (part := _PATH.match(text, match.end())) is not None and _is_path(part["value"]):
            yield from whole("path", part["value"], part.start("value"))
        return
    cell = sign.startswith(b"<")
    if sign.endswith(b">") and sign not in (b"=>", b"->") and before not in (b"<", b":") and not cell:
        return
    if sign in (b":", b"=") and what in (Weight.SECRET, Weight.HINT):
        opening = _OPENING.match(text, match.end())
        if opening is not None:
            yield from pairs.inside(text, opening.end() - 1)
    lead = _LEAD.match(text, match.end())
    began = match.end() if lead is None else lead.end()
    found = _VALUE.match(text, began)
    if found is None or (len(found["value"]) < SHORTEST and section):
        return
    close = sign in (b"(", b"[", b"->", b",")
    if found["value"][:1] in (b'"', b"'"):
        if sign == b":" and before == found["value"][:1] and not section:  # what a program asks
            yield from commands.answer(text, found.start("value"))
            return
        outside = match.start("close") - len(name) - 2
        if before == b"<" and text[outside : outside + 1] == found["value"][:1]:
            return  # a placeholder in quotes, which end here
        values = [found]
        listed = found["list"] or sign == b"("
        while listed and (further := _NEXT.match(text, values[-1].end())) is not None:
            values.append(further)
        for each in values:
            for span in quoted(name, each):
                # Of two adjacent strings the first may be a name, if the second is not a word.
                secret = text[span.start : span.end]
                if not close or (is_credential(secret, 8) if sign == b"," and inside else is_certain(secret)):
                    yield span
        return
    if close:
        value = found["value"].rstrip(TRAILING)
        if sign != b"," and is_certain(value, 10):
            yield from whole("field", value, found.start("value"))
    elif inside:
        number = found["value"].lstrip(b"-")
        if sign == b":" and (
            (what is Weight.SECRET and is_named_number(number))
            or (digits and len(number) >= 4 and is_code(number))
        ):
            yield Span("number", found.end("value") - len(number), found.end("value"))
        elif began > match.end() + 1:
            yield from bare.bare(name, found["value"], found.start("value"), what, form=False, exact=False)
    elif digits and sign in (b":", b"=") and (code := _CODE.match(text, began)) is not None:
        if is_code(code["value"]):
            yield from whole("digits", code["value"], code.start("value"))
    elif not found["list"]:
        form = (
            (form and before != b"")
            or text[found.end() : found.end() + 1] == b"&"
            or (form and b" " not in text)
        )
        if match["close"][:1] in (b'"', b"'"):  # a subscript: the assigned value is an expression
            name = name.lower()
        exact = form or (sign.endswith(b">") and not cell)
        yield from bare.bare(name, found["value"], found.start("value"), what, form=form, exact=exact)
        part = _PART.match(text, found.end())
        while part is not None:  # the parts of a signature
            of_it = text[part.start() : part.start() + 1] == b"," or name.lower().endswith(b"signature")
            if of_it and is_certain(part["value"]):
                yield from whole("field", part["value"], part.start("value"))
            part = _PART.match(text, part.end())
        if text[match.end() : began].lstrip(b" \t\r\n").startswith(b"-"):
            yield from bare.items(text, name, found.end(), what)


def _is_path(value: bytes) -> bool:
    return is_mixed(value) or (len(value) >= 32 and is_certain(value) and value.isalnum())


def _name(text: bytes, match: re.Match[bytes]) -> tuple[bytes, bytes, bool]:
    """Return the whole name whose end was found, the text before it, and whether it is quoted."""
    end, close = match.start("close"), match["close"][-1:]
    if close in (b'"', b"'") and (begin := text.rfind(close, max(0, end - 128), end)) >= 0:
        name = text[begin + 1 : end]
        plain = decoded(name) if b"\\" in name else None
        return name if plain is None else plain.data, b"", True
    far = max(0, end - 128)
    begin = far + len(text[far:end].rstrip(_NAME_CHARS))
    if text[begin:end].lower() in _SECOND and (
        before := _QUALIFIED.search(text, max(far, begin - 24), begin)
    ):
        begin = before.start("what")  # two words
    return text[begin:end], text[max(0, begin - 1) : begin], False


def _escaped_names(text: bytes) -> Iterator[Span]:
    """Yield members whose names are written with escapes, as JSON allows."""
    for match in _ESCAPED_NAME.finditer(text):
        plain = decoded(match["name"])
        if plain is not None and weight(plain.data) is not Weight.NOTHING:
            found = _VALUE.match(text, match.end())
            if found is not None and found["value"][:1] == b'"':
                yield from quoted(plain.data, found)


def open_value(text: bytes, least: Weight = Weight.KEY) -> int | None:
    """Return the start of a value that is unfinished at the end of the text, and whose name has the weight
    `least` or more; None if there is none.
    """
    low = text.lower()
    for stem in stems().finditer(low):
        match = _NAMED.match(low, stem.end())
        if match is None:
            continue
        lead = _LEAD.match(text, match.end())
        found = _OPEN_VALUE.match(text, match.end() if lead is None else lead.end())
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
