"""Compressed texts, such as logs inside base64: gzip, deflate with and without its frame, zstd, brotli.

A few bytes can expand to gigabytes, so no more than a multiple of the compressed length is read. Data that
does not begin like a text is left alone.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

SHORTEST = 16
"""Size in bytes from which compressed data is searched; a secret is longer."""
_RATIO = 64
"""Bytes of text that are read for each byte that is compressed."""
_LONGEST = 16 * 1024 * 1024
SAMPLE = 96
"""Number of first bytes that identify a format."""


_MEMBER = re.compile(rb"\x1f\x8b\x08|\A(?:\x28\xb5\x2f\xfd|\x78[\x01\x5e\x9c\xda])")
"""The beginning of compressed data: gzip anywhere, zstd and zlib in the first place."""
_MEMBERS = 16
"""The most of them that are read in one text."""


class Codec(NamedTuple):
    """A compression format: decompresses up to a number of bytes, and compresses again."""

    unpack: Callable[[bytes, int], tuple[bytes, bool]]
    """Returns the text and whether its end was reached."""
    pack: Callable[[bytes], bytes]


class Packed(NamedTuple):
    """A text that was compressed, and the function that compresses it again."""

    text: bytes
    pack: Callable[[bytes], bytes]


def unpacked(data: bytes, is_text: Callable[[bytes], bool]) -> Packed | None:
    """Return the text that is compressed in `data`; None if there is none, or it is longer than 64 times its
    compressed length or than 16 MiB.
    """
    limit = min(_RATIO * len(data), _LONGEST)
    for codec in _fitting(data):
        if not _begins(codec, data, is_text):
            continue
        text, whole = _read(codec, data, limit)
        # A format without a signature is only recognized at its end.
        if len(text) <= limit and is_text(text) and (whole or codec in (_GZIP, _ZSTD)):
            return Packed(text, codec.pack)
    return None


def members(data: bytes, is_text: Callable[[bytes], bool]) -> Iterator[tuple[int, int, Packed]]:
    """Yield the texts that are compressed inside binary data, such as a file in a form, or a body whose
    coding no header names: start, end, and the text. Texts longer than `unpacked` allows are left out.
    """
    done, limit = 0, min(_RATIO * len(data), _LONGEST)
    for found in islice(_MEMBER.finditer(data), _MEMBERS):
        start = found.start()
        if start < done:
            continue
        rest = data[start:] if start else data
        codec = _fitting(rest)[0] if len(rest) >= SHORTEST else _RAW
        text, _ = _read(codec, rest, limit)
        if codec is not _RAW and len(text) <= limit and is_text(text):
            done = len(data) if codec is _ZSTD else start + _length(rest, 31 if codec is _GZIP else 15, limit)
            yield start, done, Packed(text, codec.pack)


def _length(data: bytes, window: int, limit: int) -> int:
    reading = zlib.decompressobj(window)
    reading.decompress(data, limit + 1)
    return len(data) - len(reading.unused_data)


def may_be(data: bytes, is_text: Callable[[bytes], bool]) -> bool:
    """Return whether `data` (a sample is enough) may begin a compressed text."""
    return any(_begins(codec, data, is_text) for codec in _fitting(data))


def _begins(codec: Codec, data: bytes, is_text: Callable[[bytes], bool]) -> bool:
    if codec in (_GZIP, _ZSTD):
        return True
    text, whole = _read(codec, data[:SAMPLE], SAMPLE)
    return is_text(text) or (not text and not whole and codec is not _RAW)


def _fitting(data: bytes) -> tuple[Codec, ...]:
    """Return the compressions that the first bytes allow."""
    if len(data) < SHORTEST:
        return ()
    if data.startswith(b"\x1f\x8b\x08"):
        return (_GZIP,)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return (_ZSTD,)
    if data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0:  # RFC 1950, section 2.2
        return _ZLIB, _RAW, _BROTLI
    return _RAW, _BROTLI


def _read(codec: Codec, data: bytes, limit: int) -> tuple[bytes, bool]:
    try:
        return codec.unpack(data, limit + 1)
    except Exception:  # each library has errors of its own
        return b"", True


def _inflating(window: int) -> Codec:
    def unpack(data: bytes, limit: int) -> tuple[bytes, bool]:
        reading = zlib.decompressobj(window)
        return reading.decompress(data, limit), reading.eof and not reading.unused_data

    def pack(text: bytes) -> bytes:
        packing = zlib.compressobj(wbits=window)
        return packing.compress(text) + packing.flush()

    return Codec(unpack, pack)


def _unzstd(data: bytes, limit: int) -> tuple[bytes, bool]:
    import zstandard

    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        return reader.read(limit), True


def _unbrotli(data: bytes, limit: int) -> tuple[bytes, bool]:
    import brotli  # type: ignore[import-untyped]

    reading: Any = brotli.Decompressor()
    text: bytes = reading.process(data, output_buffer_limit=limit)
    return text, reading.is_finished()


def _zstd(text: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor().compress(text)


def _brotli(text: bytes) -> bytes:
    import brotli

    packed: bytes = brotli.compress(text)
    return packed


_GZIP, _ZLIB, _RAW = _inflating(31), _inflating(15), _inflating(-15)
_ZSTD, _BROTLI = Codec(_unzstd, _zstd), Codec(_unbrotli, _brotli)
