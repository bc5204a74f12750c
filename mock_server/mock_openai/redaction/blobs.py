"""Encoded texts inside a text (base64, compressed or not, base32, hexadecimal), and how to edit a secret in
one.
"""

from __future__ import annotations

import base64
import binascii
import re
from codecs import utf_8_decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from mock_openai.redaction.edits import Edit, applied
from mock_openai.redaction.packed import SAMPLE, Packed, may_be, members, unpacked


class Coding(NamedTuple):
    """An encoding of bytes as characters."""

    plain: int
    """Bytes in a group."""
    coded: int
    """Characters that stand for a group."""
    write: Callable[[bytes, bytes], bytes]
    """Encodes bytes in the style of an example."""


def _in_base64(plain: bytes, like: bytes) -> bytes:
    packed = base64.b64encode(plain)
    if b"-" in like or b"_" in like:
        packed = packed.translate(_STANDARD)
    return packed


def _in_hex(plain: bytes, like: bytes) -> bytes:
    written = plain.hex().encode()
    return written.upper() if like.upper() == like else written


def _in_split_hex(plain: bytes, like: bytes) -> bytes:
    written = b"".join(b"%02x" % byte + like[2:3] for byte in plain)
    return written.upper() if like.upper() == like else written


def _in_utf16(plain: bytes, like: bytes) -> bytes:
    return plain.decode().encode("utf-16-le" if like[1:2] == b"\0" else "utf-16-be")


def _in_utf32(plain: bytes, like: bytes) -> bytes:
    return plain.decode().encode("utf-32-le" if like[1:2] == b"\0" != like[:1] else "utf-32-be")


_BASE64 = Coding(3, 4, _in_base64)
_HEX = Coding(1, 2, _in_hex)
_SPLIT_HEX = Coding(1, 3, _in_split_hex)
_BASE32 = Coding(5, 8, lambda plain, like: base64.b32encode(plain))
_IN_SPLIT_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}([:-]))(?:[0-9a-fA-F]{2}\1){11,}+")
_IN_HEX, _IN_BASE32 = re.compile(rb"(?:[0-9a-fA-F]{2}){12,}+"), re.compile(rb"[A-Z2-7]{24,}+={0,6}")

_BYTES = Coding(1, 1, lambda plain, like: plain)
_UTF16, _UTF32 = Coding(1, 2, _in_utf16), Coding(1, 4, _in_utf32)
_WIDE = re.compile(
    rb"(?:[\t\r\n -~]\0\0\0){12,}+|(?:\0\0\0[\t\r\n -~]){12,}+"
    rb"|(?:[\t\r\n -~]\0){12,}+|(?:\0[\t\r\n -~]){12,}+"
)
"""ASCII in UTF-32 or UTF-16, in either order of bytes."""

_BLOB = re.compile(rb"[A-Za-z0-9+/_-]{16,}+={0,2}")
_WRAPPED = re.compile(
    rb"[A-Za-z0-9+/]{40,128}+\r?\n(?:[A-Za-z0-9+/]{1,128}+\r?\n)*+[A-Za-z0-9+/]{0,128}+={0,2}"
)
_URL_SAFE, _STANDARD = bytes.maketrans(b"-_", b"+/"), bytes.maketrans(b"+/", b"-_")
_DIGITS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")
"""Of base32, as `int` takes them."""
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_ASCII, _CONTINUING = bytes(range(0x80)), bytes(range(0x80, 0xC0))
_SAMPLE = 64


@dataclass(slots=True)
class Blob:
    """Base64 inside a text, and the text that it encodes."""

    data: bytes
    """The decoded text."""
    _start: int
    """Its place in the text."""
    _raw: bytes
    """The base64 from the start of a group of four, without line breaks."""
    _width: int = 0
    """Characters on a line; 0 when there is one line."""
    _break: bytes = b""
    _pack: Callable[[bytes], bytes] | None = None
    """Compresses the text again, or encodes it in UTF-16, if it was; None otherwise."""
    _coding: Coding = _BASE64

    @property
    def compressed(self) -> bool:
        """Whether the text was compressed."""
        return self._pack is not None

    def raw_edits(self, edits: Sequence[Edit]) -> Iterator[Edit]:
        """Return edits of `data` as edits of the text. If lengths stay, only the groups that they touch
        change.
        """
        if not edits:
            return
        clean = applied(self.data, edits)
        if self._pack is not None:
            clean = self._pack(clean)
        if self._pack is not None or any(len(edit.new) != edit.end - edit.start for edit in edits):
            whole = self._packed(clean, pad=self._raw.endswith(b"="))
            yield Edit(edits[0].kind, self._start, self._start + self._place(len(self._raw)), whole)
            return
        size = self._coding.plain
        kind, first, last = edits[0].kind, edits[0].start // size, 0
        for edit in edits:
            if edit.start // size > last > 0:
                yield self._changed(kind, clean, first, last)
                kind, first = edit.kind, edit.start // size
            last = -(-edit.end // size)
        yield self._changed(kind, clean, first, last)

    def _changed(self, kind: str, clean: bytes, first: int, last: int) -> Edit:
        plain, coded, _ = self._coding
        start, end = first * coded, min(last * coded, len(self._raw))
        packed = self._packed(clean[first * plain : last * plain], pad=self._raw[start:end].endswith(b"="))
        if self._width:
            cuts = [start, *range(-(-(start + 1) // self._width) * self._width, end, self._width), end]
            packed = self._break.join(packed[a - start : b - start] for a, b in pairwise(cuts))
        return Edit(kind, self._start + self._place(start), self._start + self._place(end, over=True), packed)

    def _packed(self, plain: bytes, *, pad: bool) -> bytes:
        packed = self._coding.write(plain, self._raw)
        return packed if pad else packed.rstrip(b"=")

    def _place(self, at: int, *, over: bool = False) -> int:
        if not self._width:
            return at
        return at + max(0, at - over) // self._width * len(self._break)


def blobs(data: bytes, *, unpack: bool = True) -> Iterator[Blob]:
    """Yield runs that may be the base64 of a text; with `unpack`, of a compressed text too."""
    done = 0
    if data.find(b"\0") >= 0:
        for wide in _WIDE.finditer(data):
            text = wide[0].replace(b"\0", b"")
            coding = _UTF32 if len(text) * 4 == len(wide[0]) else _UTF16
            yield Blob(text, wide.start(), wide[0], _coding=coding)
    for split in _IN_SPLIT_HEX.finditer(data):
        if _is_plain(spelled := binascii.unhexlify(split[0].replace(split[1], b""))):
            yield Blob(spelled, split.start(), split[0], _coding=_SPLIT_HEX)
    wrapped = _WRAPPED.finditer(data) if b"\n" in data else iter(())
    block = next(wrapped, None)
    for match in _BLOB.finditer(data):
        while block is not None and block.end() <= match.start():
            block = next(wrapped, None)
        if match.start() < done:
            continue
        if (other := _otherwise(match[0], match.start())) is not None:
            yield other
            continue
        begins = block is not None and block.start() == match.start()
        if begins and block is not None and (whole := _lines(block, unpack=unpack)) is not None:
            done = block.end()
            yield whole
            continue
        if unpack and (found := _compressed(match[0])) is not None:
            yield Blob(found.text, match.start(), match[0], _pack=found.pack)
            continue
        for shift in _alignments(match[0]):
            plain = _text_in(match[0], shift)
            if plain is not None:
                yield Blob(plain, match.start() + shift, match[0][shift:])


def files(data: bytes) -> Iterator[Blob]:
    """Yield the texts that are compressed inside binary data."""
    for start, end, found in members(data, _is_text):
        yield Blob(found.text, start, data[start:end], _pack=found.pack, _coding=_BYTES)


def _lines(block: re.Match[bytes], *, unpack: bool) -> Blob | None:
    """Yield base64 on lines of one length, as in MIME and PEM."""
    end = b"\r\n" if b"\r" in block[0] else b"\n"
    lines = block[0].removesuffix(end).split(end)
    width = len(lines[0])
    if width % 4 or any(len(line) != width for line in lines[:-1]) or len(lines[-1]) > width:
        return None
    raw = b"".join(lines)
    if unpack and (found := _compressed(raw)) is not None:
        return Blob(found.text, block.start(), raw, width, end, found.pack)
    plain = _text_in(raw, 0)
    return None if plain is None else Blob(plain, block.start(), raw, width, end)


def _compressed(blob: bytes) -> Packed | None:
    return unpacked(_decode(blob.rstrip(b"=")), _is_text) if _may_be_compressed(blob) else None


def _may_be_compressed(blob: bytes) -> bool:
    return may_be(_decode(blob[: 2 * SAMPLE].rstrip(b"=")), _is_text)


def _otherwise(run: bytes, start: int) -> Blob | None:
    """Return texts in hexadecimal digits, in base32, or in UTF-16 and base64."""
    begin = 2 if run[:2] in (b"0x", b"0X") else 0
    if (found := _IN_HEX.match(run, begin)) is not None and _is_plain(plain := binascii.unhexlify(found[0])):
        return Blob(plain, start + begin, found[0], _coding=_HEX)
    if (found := _IN_BASE32.fullmatch(run)) is not None:
        plain = _from_base32(run.rstrip(b"="))
        if _is_plain(plain):
            return Blob(plain, start, run, _coding=_BASE32)
    if run[1:2] in b"AQgw" and run[2:3] in b"AB":  # every second byte is zero
        with suppress(UnicodeDecodeError):
            if len(run.rstrip(b"=")) % 4 == 1:
                run = run[:-1]  # one character too many: it belongs to the following text
            wide = _decode(run.rstrip(b"="))
            if len(wide) % 2 == 0 and len(wide) >= 16 and not wide[1:16:2].strip(b"\0"):
                text = wide.decode("utf-16-le").encode()
                return Blob(text, start, run, _pack=lambda clean: clean.decode().encode("utf-16-le"))
    return None


def _from_base32(bare: bytes) -> bytes:
    """Decode base32 without padding as one number, 70 times as fast as the standard library; None if no text
    has this length in base32.
    """
    size, left_over = divmod(5 * len(bare), 8)
    if left_over > 4:
        return b""
    return (int(bare.translate(_DIGITS), 32) >> left_over).to_bytes(size, "big")


def _is_plain(data: bytes) -> bool:
    return len(data) >= 12 and not data.translate(None, _PRINTABLE)


def holds_text(run: bytes) -> bool:
    """Return whether a run of characters may be a text in base64, compressed or not, in base32 or in
    hexadecimal digits.
    """
    return _IN_SPLIT_HEX.search(run) is not None or any(
        _alignments(blob) or _may_be_compressed(blob) or _otherwise(blob, 0) is not None
        for blob in _BLOB.findall(run)
    )


def _alignments(blob: bytes) -> list[int]:
    """Return the offsets at which its groups of four may begin, because other characters may precede it
    directly.
    """
    bare = blob.rstrip(b"=")
    return _shifts(bare[: _SAMPLE + 4], bare[-_SAMPLE - 8 :], len(bare))


@lru_cache(maxsize=4096)
def _shifts(head: bytes, tail: bytes, size: int) -> list[int]:
    found = []
    for shift in range(4):
        tail_at = shift + max(0, (size - shift - _SAMPLE) // 4 * 4) - (size - len(tail))
        if _is_text(_decode(head[shift : shift + _SAMPLE])) or (
            size > _SAMPLE and _is_text(_decode(tail[tail_at:]))
        ):
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
