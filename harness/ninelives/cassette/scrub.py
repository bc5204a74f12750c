"""Removes the secrets and superfluous headers that `lint` reports from a cassette file; every other byte
is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec
from mock_openai.redaction.stream import StreamRedactor

import ninelives.cassette.lines as lines
import ninelives.cassette.payload as payload
import ninelives.cassette.sse as sse
from ninelives.cassette.cassette import Cassette
from ninelives.cassette.redact import Redactor
from ninelives.cassette.replacing import write_whole

HEADER_FIELDS = ("headers", "answer")
"""The fields of a line with headers."""

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def scrub(path: Path | str, *, redactor: Redactor | None = None) -> int:
    """Replace the secrets in a cassette file, in one step, and return how many lines changed."""
    path = Path(path)
    cassette = Cassette.load(path)
    after = scrubbed(cassette, redactor or Redactor())
    changed = sum(old != new for old, new in zip(cassette.data.split(b"\n"), after, strict=True))
    if changed:
        write_whole(path, b"\n".join(after))
    return changed


def scrubbed(cassette: Cassette, redactor: Redactor) -> list[bytes]:
    """Return the lines of a cassette without secrets and without the headers that are not kept."""
    before = cassette.data.split(b"\n")
    after = [redactor.text(before[0]), *before[1:]]
    streams: defaultdict[int, StreamRedactor] = defaultdict(lambda: StreamRedactor(redactor))
    for number, line in zip(cassette.numbers, cassette.lines, strict=True):
        place = number - 1
        if isinstance(line, lines.EventLine | lines.Recv | lines.Send):
            side = "client" if isinstance(line, lines.Send) else "server"
            framed = isinstance(line, lines.EventLine)
            exact = lines.exact_bytes(line)
            streams[line.c].take(exact, _into(after, place, line, exact), side, framed=framed)
        else:
            after[place] = _scrubbed(before[place], redactor)
    for stream in streams.values():
        stream.flush()
    return after


def _into(
    after: list[bytes], place: int, line: lines.EventLine | lines.Recv | lines.Send, exact: bytes
) -> Callable[[bytes], None]:
    def give(clean: bytes) -> None:
        if clean != exact:
            after[place] = _renewed(line, clean, len(clean) == len(exact))

    return give


def _renewed(line: lines.EventLine | lines.Recv | lines.Send, clean: bytes, fits: bool) -> bytes:
    if isinstance(line, lines.EventLine):
        fields = sse.event_fields(clean)
        if fits and line.cuts:
            fields.append(("cuts", payload.encode(line.cuts)))
        if fits and line.joined:
            fields.append(("joined", b"true"))
        kind = "event"
    else:
        fields = payload.frame_fields(clean, binary=line.b64 is not None and not line.op)
        kind = "send" if isinstance(line, lines.Send) else "recv"
    return lines.render(kind, line.t, line.c, fields).rstrip(b"\n")


def _scrubbed(line: bytes, redactor: Redactor) -> bytes:
    found = _fields.decode(line)
    clean = redactor.text(line)
    renewed = {name: msgspec.Raw(redactor.text(bytes(value))) for name, value in found.items()}
    changed = False
    for name in HEADER_FIELDS:
        if name in found:
            headers = msgspec.json.decode(found[name], type=dict[str, str])
            if not all(redactor.keeps(name) for name in headers):
                renewed[name], changed = msgspec.Raw(payload.encode(redactor.kept_headers(headers))), True
    if "b64" in found:
        data = payload.from_b64(msgspec.json.decode(found["b64"], type=str))
        if (hidden := redactor.text(data)) != data:
            renewed["b64"], changed = msgspec.Raw(payload.to_b64(hidden)), True
    if not changed:
        return clean
    return (
        b"{" + b",".join(payload.encode(name) + b":" + bytes(value) for name, value in renewed.items()) + b"}"
    )
