"""Bodies that were kept as they travelled: gzip, deflate, br and zstd are taken off.

brotli and zstandard (MIT, BSD; wheels for all platforms) do what Python cannot before 3.14. What would not
fit into memory is an error: a few bytes of a compressed body can stand for gigabytes.
"""

from __future__ import annotations

import io
import zlib

from mock_openai.files import RECORDING_SIZE

_GZIP, _ZLIB, _RAW = 31, 15, -15
"""zlib's window bits for each."""

_CODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd")
_READABLE = (b"{", b"[", b"data:", b"event:", b"<", b'"')
"""What bodies begin with that are not compressed."""


class CodingError(ValueError):
    """A body that cannot be unpacked. The text says why."""


def unpacked(body: bytes, codings: str) -> bytes:
    """Return a body without its content codings, as the header names them.

    A body that can be read as it is stays as it is: some recorders unpack it and leave the header. Raises
    CodingError.
    """
    for coding in reversed([one.strip().lower() for one in codings.split(",")]):
        if coding in ("", "identity") or body.lstrip()[:6].startswith(_READABLE) or not body:
            continue
        if coding not in _CODINGS:
            raise CodingError(f"the content coding {coding!r} is not known; known are {', '.join(_CODINGS)}")
        try:
            body = _take_off(body, coding)
        except CodingError:
            raise
        except Exception as error:  # each library has errors of its own
            raise CodingError(f"the body is not {coding} ({error})") from None
    return body


def _take_off(body: bytes, coding: str) -> bytes:
    if coding == "br":
        import brotli  # type: ignore[import-untyped]

        unpacking = brotli.Decompressor()
        found: bytes = unpacking.process(body, output_buffer_limit=RECORDING_SIZE + 1)
        whole = unpacking.is_finished()
    elif coding == "zstd":
        import zstandard

        found = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body)).read(RECORDING_SIZE + 1)
        whole = len(found) > RECORDING_SIZE or _is_whole_zstd(body)
    elif coding == "deflate":
        try:
            found, whole = _inflate(body, _ZLIB)
        except zlib.error:  # some servers leave the frame out
            found, whole = _inflate(body, _RAW)
    else:
        found, whole = _inflate(body, _GZIP)
    if len(found) > RECORDING_SIZE:
        raise CodingError(f"the body unpacks to more than {RECORDING_SIZE // 2**20} MiB")
    if not whole:
        raise CodingError(f"the body is not {coding}, or cut off")
    return found


def _inflate(body: bytes, window: int) -> tuple[bytes, bool]:
    unpacking = zlib.decompressobj(window)
    return unpacking.decompress(body, RECORDING_SIZE + 1), unpacking.eof


def _is_whole_zstd(body: bytes) -> bool:
    import zstandard

    unpacking = zstandard.ZstdDecompressor().decompressobj()
    unpacking.decompress(body)  # once more: the reader above cannot tell
    return unpacking.eof
