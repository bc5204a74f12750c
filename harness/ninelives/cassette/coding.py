"""Decodes the content codings of bodies, piece by piece: gzip, deflate, br and zstd.

brotli and zstandard (MIT, BSD; wheels for all platforms) decode what Python before 3.14 cannot. Output beyond
a limit is an error: a few bytes of a compressed body can expand to gigabytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

EXPANDED = 128 * 2**20
"""Bytes to which the compressed bodies of one file may expand in all."""

_CODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd")
_READABLE = (b"{", b"[", b"data:", b"event:", b"<", b'"')
"""The first bytes of bodies that are not compressed."""
_MOST_LAYERS = 8
"""Codings that one body may have."""
_PIECE = 1024
"""Bytes that zstandard gets at once. It has no output limit; this many expand to 32 MiB at most."""
_ZLIB_PIECE = 16 * 1024
"""Bytes that zlib gets at once. It copies what follows the end of each gzip member."""
_GZIP_MEMBER = b"\x1f\x8b"


class CodingError(ValueError):
    """A body that cannot be decoded. The text says why."""


class _TooLarge(CodingError):
    pass


class Unpacker:
    """Decodes one body according to its header. Raises CodingError if a coding is not known.

    A body that is not compressed is left as it is: some recorders decompress it and keep the header.
    """

    def __init__(self, codings: str, limit: int) -> None:
        named = [one.strip().lower() for one in codings.split(",")]
        named = [one for one in named if one not in ("", "identity")]
        if len(named) > _MOST_LAYERS:
            raise CodingError(f"it has {len(named)} content codings, of {_MOST_LAYERS} at most")
        self._layers = [_Layer(one, limit) for one in reversed(named)]

    def feed(self, data: bytes) -> bytes:
        """Return the decoded output of a piece of the body. Raises CodingError if it cannot be decoded."""
        for layer in self._layers:
            data = layer.feed(data)
        return data

    def finish(self) -> None:
        """Raise CodingError if the body is not complete."""
        for layer in self._layers:
            layer.finish()


class Room:
    """Decodes the bodies of one file, which together may expand to a limit."""

    def __init__(self) -> None:
        self._left = EXPANDED

    def unpacked(self, body: bytes, codings: str) -> bytes:
        """Return a whole body decoded. Raises CodingError if it cannot be decoded."""
        try:
            found = unpacked(body, codings, self._left)
        except _TooLarge:
            raise CodingError(
                f"the compressed bodies of the file expand to more than {EXPANDED // 2**20} MiB"
            ) from None
        self._left -= max(0, len(found) - len(body))
        return found


def unpacked(body: bytes, codings: str, limit: int) -> bytes:
    """Return a whole body decoded. Raises CodingError if it cannot be decoded."""
    unpacker = Unpacker(codings, limit)
    found = unpacker.feed(body)
    if body:
        unpacker.finish()
    return found


class _Decoder(Protocol):
    whole: bool
    """Whether the end was reached."""

    def feed(self, data: bytes, limit: int) -> bytes:
        """Decode a piece, to not much more than `limit` bytes."""


class _Layer:
    """One coding, recognized by the first bytes."""

    def __init__(self, coding: str, limit: int) -> None:
        if coding not in _CODINGS:
            raise CodingError(
                f"the content coding {coding!r} is not known; the known ones are {', '.join(_CODINGS)}"
            )
        self._coding, self._limit, self._left = coding, limit, limit
        self._decoder: _Decoder | None = None

    def feed(self, data: bytes) -> bytes:
        if not data:
            return b""
        try:
            found = self._begin(data) if self._decoder is None else self._decoder.feed(data, self._left + 1)
        except CodingError:
            raise
        except Exception as error:  # each library has errors of its own
            raise CodingError(f"the body is not {self._coding} ({error})") from None
        self._left -= len(found)
        if self._left < 0:
            raise _TooLarge(f"the decompressed body is larger than {self._limit // 2**20} MiB")
        return found

    def finish(self) -> None:
        if self._decoder is None or not self._decoder.whole:
            raise CodingError(f"the body is not {self._coding}, or cut off")

    def _begin(self, data: bytes) -> bytes:
        failure: Exception | None = None
        for make in _DECODERS[self._coding]:
            decoder = make()
            try:
                found = decoder.feed(data, self._left + 1)
            except Exception as error:
                failure = failure or error
            else:
                self._decoder = decoder
                return found
        assert failure is not None
        raise failure


class _Plain:
    """Passes a body that is not compressed, in spite of its header."""

    whole = True

    def __init__(self) -> None:
        self._begun = False

    def feed(self, data: bytes, limit: int) -> bytes:
        if not self._begun and not data.lstrip()[:6].startswith(_READABLE):
            raise CodingError("it cannot be read without decoding either")
        self._begun = True
        return data


class _Zlib:
    def __init__(self, window: int) -> None:
        self._window = window
        self._inflating = zlib.decompressobj(window)
        self.whole = False

    def feed(self, data: bytes, limit: int) -> bytes:
        found = bytearray()
        for start in range(0, len(data), _ZLIB_PIECE):
            piece = data[start : start + _ZLIB_PIECE]
            while piece and len(found) < limit:
                if self._inflating.eof:
                    if self._window != 31 or not piece.startswith(_GZIP_MEMBER[: len(piece)]):
                        self.whole = True  # padding follows
                        return bytes(found)
                    self._inflating = zlib.decompressobj(self._window)  # gzip may have several members
                found += self._inflating.decompress(piece, limit - len(found))
                piece = self._inflating.unused_data or self._inflating.unconsumed_tail
        self.whole = self._inflating.eof
        return bytes(found)


class _Brotli:
    def __init__(self) -> None:
        import brotli  # type: ignore[import-untyped]

        self._unpacking: Any = brotli.Decompressor()
        self.whole = False

    def feed(self, data: bytes, limit: int) -> bytes:
        found: bytes = self._unpacking.process(data, output_buffer_limit=limit)
        self.whole = self._unpacking.is_finished()
        return found


class _Zstd:
    def __init__(self) -> None:
        import zstandard

        self._new = zstandard.ZstdDecompressor().decompressobj
        self._unpacking = self._new()
        self.whole = False

    def feed(self, data: bytes, limit: int) -> bytes:
        found = bytearray()
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            while piece:
                if self._unpacking.eof:
                    self._unpacking = self._new()  # zstd may have several frames
                found += self._unpacking.decompress(piece)
                piece = self._unpacking.unused_data if self._unpacking.eof else b""
            if len(found) >= limit:
                break
        self.whole = self._unpacking.eof
        return bytes(found)


_DECODERS: dict[str, Sequence[Callable[[], _Decoder]]] = {
    "gzip": (lambda: _Zlib(31), _Plain),
    "x-gzip": (lambda: _Zlib(31), _Plain),
    "deflate": (lambda: _Zlib(15), _Plain, lambda: _Zlib(-15)),  # some servers omit the zlib frame
    "br": (_Brotli, _Plain),
    "zstd": (_Zstd, _Plain),
}
