"""Texts inside texts: undoing escapes, and writing changes back in the same spelling.

`decoded` undoes one level of escapes of every kind at once: JSON's (with those that Python, Go, .NET and
JavaScript add), percent-encoding, and HTML's references. The decoded text may contain escapes again. The
place of each character in the original is kept, so that a change touches only the bytes that spell the
changed characters.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from functools import cached_property

from mock_openai.redaction.edits import Edit

NAMED = {
    b"amp": b"&",
    b"lt": b"<",
    b"gt": b">",
    b"quot": b'"',
    b"apos": b"'",
    b"nbsp": b"\xc2\xa0",
    b"equals": b"=",
    b"lowbar": b"_",
    b"hyphen": b"-",
    b"dash": b"-",
    b"colon": b":",
    b"period": b".",
    b"commat": b"@",
    b"num": b"#",
    b"dollar": b"$",
    b"sol": b"/",
    b"bsol": b"\\",
    b"quest": b"?",
    b"plus": b"+",
    b"excl": b"!",
    b"percnt": b"%",
    b"ast": b"*",
    b"Tab": b"\t",
    b"NewLine": b"\n",
}
"""HTML's references that stand for characters of secrets and what surrounds them."""
_GONE = (
    rb"\xc2\xad|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\\\r?\n|\"[ \t]{0,8}\+\s{0,8}\""
    rb"|'[ \t]{0,8}\+\s{0,8}'|(?:\r\n?|\n)data:[ ]?|\x1b\[[0-9;]{0,16}[A-Za-z]"
)
"""Invisible characters: those without width, soft hyphens, direction marks, colors; also line
continuations and the seams of concatenated strings.
"""
_ALIKE = {
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2212, 0xFE63), b"-"),
    **dict.fromkeys((0x201C, 0x201D, 0x201E, 0x201F, 0xAB, 0xBB, 0x300C, 0x300D), b'"'),
    **dict.fromkeys((0x2192, 0x21D2, 0x279C, 0x27A1), b"->"),
    **dict.fromkeys((0xA0, 0x2007, 0x2009, 0x202F, 0x3000), b" "),
}
LOOKALIKE = (
    _GONE + rb"|\xc2[\xa0\xab\xbb]|\xe2\x80[\x87\x89\x90-\x93\x9c-\x9f\xaf]|\xe2\x86\x92|\xe2\x87\x92"
    rb"|\xe2\x9e[\x9c\xa1]"
    rb"|\xe2\x88\x92|\xe3\x80[\x80\x8c\x8d]|\xef\xb9\xa3|\xef\xbc[\x81-\xbf]|\xef\xbd[\x80-\x9e]|\xf0\x9d[\x90-\x9f][\x80-\xbf]"
)
"""Look-alikes: characters in full width, mathematical letters, dashes, quotes, blanks, arrows."""
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[\"\\/bfnrt']"
    rb"|\\x[0-9a-fA-F]{2}|\\u\{[0-9a-fA-F]{1,6}\}|\\U[0-9a-fA-F]{8}|\\[0-3][0-7]{2}|\\[ave0]"
    rb"|%[0-9a-fA-F]{2}|%u[0-9a-fA-F]{4}|&#[0-9]{1,7}+;?|&#[xX][0-9a-fA-F]{1,6}+;?|&(?:"
    + b"|".join(NAMED).replace(b";", b"")
    + rb");|\\[_.~=:@$&!#*+-]|=3[dD]"
    rb"|" + LOOKALIKE
)
JSON_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[\"\\/bfnrt]"
)
"""The escapes of a JSON string, and no others."""
_QUOTED_PRINTABLE = re.compile(
    rb"(?<=[A-Za-z0-9_-])=(?:\r?\n|(?:\\r)?\\n)(?=[A-Za-z0-9_-])|" + _ESCAPE.pattern
)
"""The same, and the line breaks that mails have within words."""
_LETTER = re.compile(rb"[A-Fa-f]")
_SHORT = {
    b'\\"': b'"',
    b"\\\\": b"\\",
    b"\\/": b"/",
    b"\\b": b"\b",
    b"\\f": b"\f",
    b"\\n": b"\n",
    b"\\r": b"\r",
    b"\\t": b"\t",
    b"\\'": b"'",
    b"\\a": b"\a",
    b"\\v": b"\v",
    b"\\0": b"\0",
    b"\\e": b"\x1b",
    **{b"&" + name + b";": meant for name, meant in NAMED.items()},
}
_ODD = re.compile(LOOKALIKE)
_NEEDED = {byte: b"\\u%04x" % byte for byte in range(0x20)}
_NEEDED |= {0x22: b'\\"', 0x5C: b"\\\\", 0x0A: b"\\n", 0x0D: b"\\r", 0x09: b"\\t", 0x08: b"\\b", 0x0C: b"\\f"}


def has_escapes(data: bytes) -> bool:
    """Return whether a text may contain escapes; a quick check."""
    return (
        data.find(b"\\") >= 0
        or data.find(b"%") >= 0
        or data.find(b"&") >= 0
        or data.find(b"=3") >= 0
        or (not data.isascii() and _ODD.search(data) is not None)
        or data.find(b"\ndata:") >= 0
        or data.find(b"\rdata:") >= 0
        or data.find(b"\x1b[") >= 0
        or data.find(b'" +') >= 0
        or data.find(b"' +") >= 0
    )


class Decoded:
    """A text with one level of escapes undone."""

    def __init__(self, data: bytes, raw: bytes, places: array[int]) -> None:
        self.data = data
        """The decoded text."""
        self.raw = raw
        """The text before decoding."""
        self._places = places
        """Four numbers for each escape: its start and end in `raw`, and those of its value in `data`. An
        array, because a text may consist of millions of escapes.
        """
        self._count = range(len(places) // 4)

    def raw_edit(self, edit: Edit) -> Edit:
        """Return an edit of `data` as an edit of `raw`. Each escape that it covers becomes an escape of the
        same kind; an escape whose value does not change is not touched.
        """
        start, end, new = edit.start, edit.end, edit.new
        first = max(0, self._before(start) - 1)
        covered = range(first, self._before(end - 1)) if end > start else ()
        inside = [unit for unit in map(self._unit, covered) if unit[3] > start and unit[2] < end]
        if inside and inside[0][2] < start:  # the edit begins within an escape: take all of it
            new = self.data[inside[0][2] : start] + new
            start = inside[0][2]
        if inside and inside[-1][3] > end:
            new += self.data[end : inside[-1][3]]
            end = inside[-1][3]
        begin, over = self._place(start), self._place(end, over=True)
        if len(new) != end - start:
            return Edit(edit.kind, begin, over, b"".join(_NEEDED.get(byte, bytes((byte,))) for byte in new))
        parts, done = [], start
        for raw_start, raw_end, unit_start, unit_end in inside:
            parts.append(new[done - start : unit_start - start])
            meaning = new[unit_start - start : unit_end - start]
            raw = self.raw[raw_start:raw_end]
            same = meaning == self.data[unit_start:unit_end]
            parts.append(raw if same else _spelled_like(raw, meaning, self._in_capitals))
            done = unit_end
        parts.append(new[done - start :])
        # The replacement needs no escapes here: a fake has no character that needs one.
        return Edit(edit.kind, begin, over, b"".join(parts))

    @cached_property
    def _in_capitals(self) -> bool:
        """Return whether the digits of escapes are in upper case, judged by those that have letters."""
        for start, end, _, _ in map(self._unit, self._count):
            if (letter := _LETTER.search(self.raw, start + 2, end)) is not None:
                return letter[0].isupper()
        return self.raw[:1] != b"" and b"%" in self.raw  # RFC 3986: percent-encoding has capitals

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the part of `raw` that stands for `start` to `end` of `data`."""
        return self._place(start), self._place(end, over=True)

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the part of `data` that bytes `start` to `end` of `raw` stand for; None if they begin or end
        within an escape.
        """
        begin, over = self._meant(start), self._meant(end)
        return None if begin is None or over is None else (begin, over)

    def _unit(self, number: int) -> array[int]:
        return self._places[4 * number : 4 * number + 4]

    def _before(self, at: int) -> int:
        """Return how many escapes have a value that begins at this byte of `data` or before."""
        return bisect_right(self._count, at, key=lambda number: self._places[4 * number + 2])

    def _meant(self, at: int) -> int | None:
        number = bisect_left(self._count, at, key=lambda number: self._places[4 * number]) - 1
        if number + 1 < len(self._count) and self._places[4 * number + 4] == at:
            return self._places[4 * number + 6]
        if number < 0:
            return at
        _, raw_end, _, end = self._unit(number)
        return end + at - raw_end if at >= raw_end else None

    def _place(self, at: int, *, over: bool = False) -> int:
        """Return where a byte of `data` begins in `raw`; with `over`, where the byte before it ends."""
        number = self._before(at - 1 if over else at) - 1
        if number < 0:
            return at
        raw_start, raw_end, start, end = self._unit(number)
        if not over and at == start < end:  # invisible characters are not part of it
            return raw_start
        return raw_end + at - end


def decoded(data: bytes, escapes: re.Pattern[bytes] = _ESCAPE) -> Decoded | None:
    """Undo one level of escapes; None if there are none."""
    text, places = bytearray(), array("I" if len(data) < 2**32 else "Q")
    note = places.extend
    done = 0
    if escapes is _ESCAPE and (data.find(b"=3D") >= 0 or data.find(b"uoted-printable") >= 0):
        escapes = _QUOTED_PRINTABLE
    for match in escapes.finditer(data):
        start, end = match.span()
        text += data[done:start]
        begin = len(text)
        text += _SHORT.get(match[0]) or _meaning(match[0])
        note((start, end, begin, len(text)))
        done = end
    if not places:
        return None
    text += data[done:]
    return Decoded(bytes(text), data, places)


def _meaning(escape: bytes) -> bytes:
    if escape[0] == 0x1B or (escape[0] == 0x3D and escape[1] in b"\r\n\\"):
        return b""
    if escape[0] >= 0x80 or escape[0] in b"\r\n" or escape[-1:] in (b"\n", b'"', b"'"):
        return _ordinary_form(escape)
    if escape.startswith((b"%", b"=")) and len(escape) == 3:
        return bytes((int(escape[1:], 16),))
    if escape.startswith(b"&#"):
        digits = escape[2:].rstrip(b";")
        code = int(digits[1:], 16) if digits[:1] in b"xX" else int(digits)
    elif len(escape) == 2:
        return escape[1:]
    elif escape[1] in b"0123":
        code = int(escape[1:], 8)
    elif len(escape) == 12:
        high, low = int(escape[2:6], 16), int(escape[8:], 16)
        code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
    else:
        code = int(escape[2:].strip(b"{}"), 16)  # %u0041 too
    return chr(code).encode("utf-8", "surrogatepass") if code <= 0x10FFFF else b"?"


def _ordinary_form(raw: bytes) -> bytes:
    """Return the ordinary form of a look-alike; nothing for an invisible character."""
    if len(raw) > 4 or raw[0] < 0x80:
        return b""
    char = raw.decode()
    if ord(char) in _ALIKE:
        return _ALIKE[ord(char)]
    meant = unicodedata.normalize("NFKC", char)
    return meant.encode() if meant.isascii() else b"" if unicodedata.category(char) in ("Cf", "Zs") else raw


def _spelled_like(raw: bytes, meaning: bytes, capitals: bool) -> bytes:
    """Write a character (or a byte) in the way `raw` is written; `capitals` decides if `raw` does not show
    the case.
    """
    if raw[0] >= 0x80:  # a fake is written in the same width
        wide = raw[:2] in (b"\xef\xbc", b"\xef\xbd") and len(meaning) == 1 and 0x21 <= meaning[0] <= 0x7E
        return chr(meaning[0] + 0xFEE0).encode() if wide else meaning
    if (raw[:1] == b"\\" and raw[1:2] in b"_.~=:@$&!#*+-") or raw[:1] not in (b"\\", b"%", b"&", b"="):
        return meaning
    digits = raw.lstrip(b"\\uUx%&#X{=").rstrip(b"};")
    letter = _LETTER.search(digits)
    upper = capitals if letter is None else letter[0].isupper()
    if raw.startswith((b"%", b"=")) and len(raw) == 3:
        spelled = b"".join(b"%c%02X" % (raw[0], byte) for byte in meaning)
        return spelled if upper else spelled.lower()
    try:
        code = ord(meaning.decode("utf-8", "surrogatepass"))
    except (UnicodeDecodeError, TypeError):
        return b"".join(_NEEDED.get(byte, bytes((byte,))) for byte in meaning)
    if raw[1:2] in b"0123" and len(raw) == 4 and code < 0x100:
        return b"\\%03o" % code
    if raw.startswith((b"\\u", b"\\U", b"\\x", b"%u")):
        if len(raw) == 12 and code > 0xFFFF:
            code -= 0x10000
            halves = b"%04x" % (0xD800 + (code >> 10)), b"%04x" % (0xDC00 + (code & 0x3FF))
            return b"".join(b"\\u" + (half.upper() if upper else half) for half in halves)
        spelled_code = b"%0*x" % (len(digits), code)
        return raw.replace(digits, spelled_code.upper() if upper else spelled_code)
    if raw.startswith(b"&#"):
        given = b"%0*d" % (len(digits), code) if raw[2:3] not in b"xX" else b"%0*x" % (len(digits), code)
        return raw.replace(digits, given)
    return _NEEDED.get(code, meaning) if code < 0x80 else meaning
