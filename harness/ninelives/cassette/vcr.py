"""For users of vcrpy: reads and writes its YAML, and makes a `vcr.VCR` that writes our format.

    from ninelives.cassette.vcr import vcr
    with vcr(record_mode="once").use_cassette("weather.jsonl"): ...

Matchers, filters and hooks are vcrpy's own, unchanged. vcrpy's stubs see neither times nor WebSockets, so a
recording made through vcrpy has neither; `ninelives record` has both.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from vcr import VCR
from vcr.serializers import yamlserializer

from ninelives.cassette.cassette import Cassette
from ninelives.cassette.coding import EXPANDED
from ninelives.cassette.errors import CassetteError
from ninelives.cassette.interactions import from_cassette, to_cassette
from ninelives.cassette.layouts import LayoutError, is_document
from ninelives.cassette.reader import read_file
from ninelives.cassette.redact import Redactor
from ninelives.cassette.yaml_document import parse

SERIALIZER = "ninelives"
"""The name under which the serializer is registered."""

_GZIP = b"\x1f\x8b"


def load(path: Path, redactor: Redactor | None = None) -> bytes:
    """Return a file of vcrpy or of a similar recorder, YAML or JSON (also gzip), as a cassette. Raises
    CassetteError if it is not such a file.
    """
    data = read_file(path)
    try:
        document = parse((_unpacked(data) if data.startswith(_GZIP) else data).decode("utf-8"))
    except (zlib.error, EOFError) as error:
        raise CassetteError(
            path, None, f"gzip that cannot be read ({error})", "a vcrpy cassette", "restore the file"
        ) from None
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None)
        raise CassetteError(
            path,
            mark.line + 1 if mark else None,
            "YAML that cannot be read"
            + (f" ({problem})" if (problem := getattr(error, "problem", None)) else ""),
            "a vcrpy cassette",
            "restore the file from version control",
        ) from None
    if not is_document(document):
        raise CassetteError(
            path,
            None,
            "YAML or JSON that is not a recording",
            "interactions, http_interactions, requests and responses, or a list of request and response",
            "check what the file is",
        )
    try:
        return to_cassette(document, origin=f"converted from {path.name}", redactor=redactor, name=str(path))
    except (LayoutError, KeyError, TypeError, AttributeError, ValueError) as error:
        what = str(error) if isinstance(error, LayoutError) else f"{type(error).__name__}: {error}"
        raise CassetteError(
            path,
            None,
            f"interactions that cannot be read ({what})",
            "a list of mappings with request and response",
            "restore the file from version control or record it again",
        ) from None


def _unpacked(data: bytes) -> bytes:
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    text = unpacking.decompress(data, EXPANDED)
    if unpacking.unconsumed_tail:
        raise EOFError(f"more than {EXPANDED // 2**20} MiB")
    if not unpacking.eof:
        raise EOFError("it is truncated")
    return text


def dump(cassette: Cassette) -> bytes:
    """Return a cassette as vcrpy's YAML; what that cannot hold is left out with a CassetteWarning."""
    text: str = yamlserializer.serialize(from_cassette(cassette))
    return text.encode()


class Serializer:
    """The serializer that vcrpy calls to write and read a cassette file in our format."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor

    def serialize(self, document: Mapping[str, Any]) -> str:
        """Return all interactions as a file's text, with secrets replaced."""
        return to_cassette(
            document, origin="recorded with vcrpy", redactor=self._redactor or Redactor()
        ).decode()

    def deserialize(self, text: str) -> dict[str, Any]:
        """Return a file's text as interactions."""
        return from_cassette(Cassette.parse(text.encode(), "cassette given to vcrpy"))


def vcr(*, redactor: Redactor | None = None, **options: Any) -> VCR:
    """Return a `vcr.VCR` that writes our format; `options` are vcrpy's.

    Unlike in vcrpy, the default matches on the body and not on host and port, so that a server on any port
    replays.
    """
    settings = {
        "match_on": ("method", "path", "query", "body"),
        "decode_compressed_response": True,
        "path_transformer": VCR.ensure_suffix(".jsonl"),
        **options,
    }
    configured = VCR(serializer=SERIALIZER, **settings)
    configured.register_serializer(SERIALIZER, Serializer(redactor))
    return configured
