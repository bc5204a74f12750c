"""Incidents as files: JSON Lines, a header and then one line per thing that happened, in order.

Everything is redacted by the recorder's rules before it is written. A text in pieces is redacted as one, so
that no secret is hidden between two of them. A file appears whole or not at all, and only its owner can read
it.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from mock_openai.protocol.json import object_in
from mock_openai.redaction.edits import pieces
from mock_openai.redaction.stream import StreamRedactor

from ninelives.cassette.redact import Redactor
from ninelives.incidents.notes import WIRE, Note, is_question

VERSION = 1
"""Version of the format, in the header's `ninelives_incident`."""

_OURS = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d[\w.-]*\.jsonl")


def write(
    folder: Path, name: str, header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], keep: int
) -> Path:
    """Write a file of mode 0600 in one step, and remove the oldest beyond `keep`. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    head = {"ninelives_incident": VERSION, "written": f"{now:%Y-%m-%dT%H:%M:%SZ}", **header}
    handle, temporary = tempfile.mkstemp(prefix=".incident-", dir=folder)  # of mode 0600
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{_json(line)}\n" for line in (head, *lines))
            file.flush()
            os.fsync(file.fileno())
        path = _named(temporary, folder / f"{now:%Y-%m-%dT%H-%M-%S}-{name}")
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    ours = [each for each in folder.iterdir() if _OURS.fullmatch(each.name) and each != path]
    for old in sorted(ours, key=_age, reverse=True)[max(0, keep - 1) :]:
        with suppress(OSError):
            old.unlink()
    return path


def _age(path: Path) -> int:
    """Return when a file was written, more exactly than its name says; 0 if it is gone."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _named(temporary: str, stem: Path) -> Path:
    """Give a file the first free name: another bot may write into the same folder at this moment."""
    for number in count(1):
        path = stem.with_name(f"{stem.name}{f'-{number}' if number > 1 else ''}.jsonl")
        try:
            os.link(temporary, path)
        except FileExistsError:
            continue
        except OSError:  # a file system without links
            if path.exists():
                continue
            os.replace(temporary, path)
        return path
    raise AssertionError


def _json(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str)


def lines_of(notes: Sequence[Note], redactor: Redactor) -> list[dict[str, Any]]:
    """Return notes as lines, redacted. Times are in milliseconds since the first of them."""
    began = notes[0].at if notes else 0.0
    clean = {**_texts(notes, redactor), **_received(notes, redactor)}
    lines = []
    for place, note in enumerate(notes):
        line: dict[str, Any] = {"t": round((note.at - began) * 1000, 4), "k": note.kind}
        if note.kind in WIRE:
            number, data = note.data
            line["c"] = number
            data = clean[place] if place in clean else redactor.text(data)
            value = object_in(data) if note.kind in ("sent", "received") else None
            line |= {"raw": data.decode("utf-8", "replace")} if value is None else {"data": value}
        elif place in clean:
            line["data"] = clean[place].decode("utf-8", "replace")
        elif note.data is not None:
            line["data"] = _redacted(note.data, redactor)
        lines.append(line)
    return lines


def _redacted(data: Any, redactor: Redactor) -> Any:
    """Redact plain data as JSON, so that names reveal secrets too."""
    return json.loads(redactor.string(_json({"data": data})))["data"]


def _texts(notes: Sequence[Note], redactor: Redactor) -> dict[int, bytes]:
    """Return the pieces of each text that the bot spoke or thought, redacted as one text."""
    clean: dict[int, bytes] = {}
    for run in _runs(notes):
        data = [notes[place].data.encode("utf-8", "surrogatepass") for place in run]
        whole = b"".join(data)
        marks = [0]
        for piece in data:
            marks.append(marks[-1] + len(piece))
        edits = redactor.edits(whole, broken=True)
        clean |= zip(run, pieces(whole, edits, marks), strict=True)
    return clean


def _runs(notes: Sequence[Note]) -> Iterator[list[int]]:
    """Return the indexes of texts that belong together: all of one turn, since a tool's result may be
    between two.
    """
    runs: dict[str, list[int]] = defaultdict(list)
    for place, note in enumerate(notes):
        if is_question(note):
            yield from runs.values()
            runs.clear()
        elif note.kind in ("text", "thought"):
            runs[note.kind].append(place)
    yield from runs.values()


def _received(notes: Sequence[Note], redactor: Redactor) -> dict[int, bytes]:
    """Return the events of each connection, redacted as by the recorder."""
    clean: dict[int, bytes] = {}
    streams: dict[int, StreamRedactor] = {}
    for place, note in enumerate(notes):
        if note.kind != "received":
            continue
        number, data = note.data
        stream = streams.setdefault(number, StreamRedactor(redactor))

        def give(redacted: bytes, place: int = place) -> None:
            clean[place] = redacted

        stream.take(data, give, framed=False)
    for stream in streams.values():
        stream.flush()
    return clean
