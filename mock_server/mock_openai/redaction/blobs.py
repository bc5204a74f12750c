"""Base64 that stands for a text, found inside another text, and changed where a secret in it changes."""

from __future__ import annotations

import base64
import re
from codecs import utf_8_decode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from mock_openai.redaction.edits import Edit

_BLOB = re.compile(rb"[A-Za-z0-9+/_-]{16,}+={0,2}")
_WRAPPED = re.compile(
    rb"[A-Za-z0-9+/]{40,128}+\r?\n(?:[A-Za-z0-9+/]{1,128}+\r?\n)*+[A-Za-z0-9+/]{0,128}+={0,2}"
)
_URL_SAFE, _STANDARD = bytes.maketrans(b"-_", b"+/"), bytes.maketrans(b"+/", b"-_")
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_ASCII, _CONTINUING = bytes(range(0x80)), bytes(range(0x80, 0xC0))
_SAMPLE = 64


@dataclass(slots=True)
class Blob:
    """Base64 inside a text, and what it stands for."""

    data: bytes
    """What it stands for."""
    _start: int
    _raw: bytes
    """The base64, from a place on at which a group of four begins, without line breaks."""
    _breaks: tuple[int, ...] = ()
    """Where line breaks stand in the text, counted from `_start` on."""

    def raw_edit(self, edit: Edit) -> Edit:
        """Return an edit of `data` as an edit of the text; only the groups that it touches change."""
        first, last = edit.start // 3, -(-edit.end // 3)
        before, after = self.data[first * 3 : edit.start], self.data[edit.end : last * 3]
        if len(edit.new) != edit.end - edit.start:
            after, last = self.data[edit.end :], -(-len(self._raw) // 4)
        packed = base64.b64encode(before + edit.new + after)
        if b"-" in self._raw or b"_" in self._raw:
            packed = packed.translate(_STANDARD)
        raw = self._raw[first * 4 : last * 4]
        packed = packed if raw.endswith(b"=") else packed.rstrip(b"=")
        start, end = first * 4, min(last * 4, len(self._raw))
        for place in self._breaks:
            if place <= start:
                start, end = start + 1, end + 1
            elif place < end:
                packed = packed[: place - start] + b"\n" + packed[place - start :]
                end += 1
        return Edit(edit.kind, self._start + start, self._start + end, packed)


def blobs(data: bytes) -> Iterator[Blob]:
    """Find what may be the base64 of a text."""
    if b"\n" in data:
        for match in _WRAPPED.finditer(data):
            raw = match[0].replace(b"\r", b"")
            if len(raw) == len(match[0]):
                breaks = tuple(place.start() for place in re.finditer(rb"\n", raw))
                if (plain := _text_in(raw.replace(b"\n", b""), 0)) is not None:
                    yield Blob(plain, match.start(), raw.replace(b"\n", b""), breaks)
    for match in _BLOB.finditer(data):
        for shift in _alignments(match[0]):
            plain = _text_in(match[0], shift)
            if plain is not None:
                yield Blob(plain, match.start() + shift, match[0][shift:])


def holds_text(run: bytes) -> bool:
    """Tell whether a run of characters may be the base64 of a text."""
    return any(_alignments(blob) for blob in _BLOB.findall(run))


def _alignments(blob: bytes) -> list[int]:
    """Where its groups of four may begin: something else may stand before it without a break."""
    bare = blob.rstrip(b"=")
    found = []
    for shift in range(4):
        head = _decode(bare[shift : shift + _SAMPLE])
        tail_at = shift + max(0, (len(bare) - shift - _SAMPLE) // 4 * 4)
        if _is_text(head) or (len(bare) > _SAMPLE and _is_text(_decode(bare[tail_at:]))):
            found.append(shift)
    return found


def _text_in(blob: bytes, shift: int) -> bytes | None:
    bare = blob.rstrip(b"=")[shift:]
    return _decode(bare) if len(bare) >= 11 else None


def _decode(bare: bytes) -> bytes:
    if len(bare) % 4 == 1:
        bare = bare[:-1]
    return base64.b64decode(bare.translate(_URL_SAFE) + b"=" * (-len(bare) % 4))


def _is_text(data: bytes) -> bool:
    if len(data) < 8:
        return False
    strange = len(data.translate(None, _PRINTABLE))
    if strange * 5 <= len(data):
        return True
    controls = strange - len(data.translate(None, _ASCII))
    if controls * 8 > len(data):
        return False
    with suppress(UnicodeDecodeError):
        utf_8_decode(data.lstrip(_CONTINUING), "strict", False)
        return True
    return False
