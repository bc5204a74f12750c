"""One function for every conversion. The source's format is recognized by its content, the target's by its
name.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path
from typing import Literal

import ninelives.cassette.exchange_files as exchange
import ninelives.cassette.har as har
import ninelives.cassette.unknown_formats as others
from ninelives.cassette.builder import LINES, TooManyLines
from ninelives.cassette.cassette import Cassette
from ninelives.cassette.errors import CassetteError
from ninelives.cassette.reader import read_file
from ninelives.cassette.redact import Redactor
from ninelives.cassette.replacing import write_whole
from ninelives.cassette.scrub import scrubbed

Format = Literal["cassette", "vcr", "har", "exchange"]

_BY_SUFFIX: dict[str, Format] = {".jsonl": "cassette", ".yaml": "vcr", ".yml": "vcr", ".har": "har"}
_OURS = (".jsonl", ".partial")
_MARKS = (b"interactions", b"requests")
_READ = "a cassette, a YAML or JSON recording (vcrpy, VCR, go-vcr, a list of pairs), HAR, or an exchange file"
_GZIP = b"\x1f\x8b"


def sniff(source: Path) -> Format:
    """Return the format of a file; raises CassetteError if it is unknown. A folder holds exchange files."""
    if source.is_dir():
        return "exchange"
    data = read_file(source).removeprefix(BOM_UTF8)
    if data.lstrip()[:1] == b"{":
        if b'"ninelives"' in data.partition(b"\n")[0]:
            return "cassette"
        if exchange.is_exchange(data):
            return "exchange"
        if har.is_har(data):
            return "har"
        if any(b'"%b"' % name in data for name in _MARKS):
            return "vcr"  # JSON is YAML too
    other = others.named(data)
    if other is None and (data.startswith(_GZIP) or any(name in data for name in (*_MARKS, b"request"))):
        return "vcr"
    found, fix = other or ("an unknown format", "check what the file is")
    raise CassetteError(source, None, found, _READ, fix)


def load(source: Path | str, *, redactor: Redactor | None = None) -> Cassette:
    """Return any known recording as a cassette in memory, with secrets replaced; raises CassetteError."""
    source = Path(source)
    if source.suffix in _OURS:
        return Cassette.load(source)
    kind = sniff(source)
    if kind == "cassette":
        return Cassette.load(source)
    try:
        return Cassette.parse(_converted(source, kind, redactor), str(source))
    except TooManyLines:
        raise CassetteError(
            source,
            None,
            f"more than {LINES:,} requests, answers and events",
            "a recording of fewer",
            "split it into several",
        ) from None


def _converted(source: Path, kind: Format, redactor: Redactor | None) -> bytes:
    if kind == "vcr":
        from ninelives.cassette import vcr  # importing vcrpy takes a moment

        return vcr.load(source, redactor)
    if kind == "har":
        return har.load(source, redactor)
    files = sorted(source.glob("*.json")) if source.is_dir() else [source]
    if not files:
        raise CassetteError(
            source,
            None,
            "a folder without exchange files",
            "a folder of .json files, or one recording",
            "give the path of the recording itself",
        )
    return exchange.load(files, redactor)


def convert(source: Path | str, target: Path | str, *, redactor: Redactor | None = None) -> Cassette:
    """Write `source` as `target`, in the format of its suffix (.jsonl, .yaml, .yml, .har), and return it as a
    cassette.

    Secrets are replaced unless `redactor` is `Redactor.off()`. Content that the target's format cannot hold
    is left out with a CassetteWarning. Raises CassetteError; the target is written in one step or not at all.
    """
    source, target = Path(source), Path(target)
    kind = _BY_SUFFIX.get(target.suffix)
    if kind is None:
        raise CassetteError(
            target,
            None,
            f"the suffix {target.suffix!r}",
            ".jsonl, .yaml or .har",
            "give the target one of these suffixes",
        )
    cassette = load(source, redactor=redactor)
    clean = b"\n".join(scrubbed(cassette, redactor or Redactor()))  # a cassette was read unchanged
    if clean != cassette.data:
        cassette = Cassette.parse(clean, str(source))
    if kind == "vcr":
        import ninelives.cassette.vcr as vcr

        write_whole(target, vcr.dump(cassette))
    elif kind == "har":
        write_whole(target, har.dump(cassette))
    else:
        write_whole(target, cassette.data)
    return cassette
