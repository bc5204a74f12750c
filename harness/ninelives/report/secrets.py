"""Removes secrets from what is reported: pages, findings, lines of a terminal.

A test knows what it said and heard as it was; what is written about it must not. The rules are those of
cassettes and of the server's journal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from mock_openai.journal import redact
from mock_openai.journal.redact import JournalRedactor
from mock_openai.redaction.edits import pieces
from mock_openai.redaction.stream import StreamRedactor
from mock_openai.visible import visible

from ninelives.report.conversation import Exchanged
from ninelives.report.timeline import USER, Chapter, Row, decoded, event_line

_MORE = re.compile(r"\n… \d+ more characters\Z")


def printable(text: str) -> str:
    """Return a text without secrets, safe for a terminal."""
    return visible(redact.text(text))


def without_secrets(chapter: Chapter) -> Chapter:
    """Return a chapter without secrets. What a user, a request or a tool names as a secret is removed from
    all of it.
    """
    redactor = JournalRedactor(0)
    rows = rows_without_secrets(chapter.timeline.rows, redactor)
    heard = [(redactor.string(asked), redactor.string(said)) for asked, said in chapter.heard]
    return replace(
        chapter,
        title=redactor.string(chapter.title),
        sentence=redactor.string(chapter.sentence),
        timeline=replace(chapter.timeline, rows=tuple(rows)),
        findings=[replace(each, why=redactor.string(each.why)) for each in chapter.findings],
        heard=heard,
    )


def exchanged_without_secrets(exchanged: Iterable[Exchanged]) -> Iterator[Exchanged]:
    """Yield what was exchanged without secrets."""
    redactor = JournalRedactor(0)
    for each in exchanged:
        yield replace(
            each,
            asked=tuple((role, redactor.string(text)) for role, text in each.asked),
            thought=redactor.string(each.thought),
            said=redactor.string(each.said),
            calls=tuple((redactor.string(name), redactor.string(given)) for name, given in each.calls),
            status=redactor.string(each.status),
            ending=redactor.string(each.ending),
            request=redactor.string(each.request),
        )


def rows_without_secrets(given: Sequence[Row], redactor: JournalRedactor | None = None) -> list[Row]:
    """Return rows in their order, redacted: what is spoken in pieces as one text, and the events of a
    connection as a stream.
    """
    redactor = redactor or JournalRedactor(0)
    rows = list(given)
    events: dict[str, list[int]] = {}
    spoken: list[list[int]] = []
    turn: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        if row.kind == "event":
            events.setdefault(row.lane, []).append(number)
        elif row.kind == "text":
            if row.lane not in turn:
                turn[row.lane] = []
                spoken.append(turn[row.lane])
            turn[row.lane].append(number)
        else:
            text, detail = redactor.string(row.text), _detail(row.detail, redactor)
            rows[number] = replace(row, text=text, detail=detail)
            if row.lane == USER:
                turn = {}
    for own in events.values():
        _redact_events(own, rows, redactor)
    for run in spoken:
        said = [rows[number].text.encode("utf-8", "surrogatepass") for number in run]
        edits = redactor.edits(b"".join(said), broken=True)
        for number, piece in zip(run, pieces(b"".join(said), edits, _marks(said)), strict=True):
            rows[number] = replace(rows[number], text=piece.decode("utf-8", "replace"))
    return rows


def _marks(parts: Iterable[bytes]) -> list[int]:
    return list(accumulate(map(len, parts), initial=0))


def _redact_events(own: Sequence[int], rows: list[Row], redactor: JournalRedactor) -> None:
    stream = StreamRedactor(redactor)
    clean: list[bytes] = []
    for number in own:
        stream.take(rows[number].detail.encode("utf-8", "surrogatepass"), clean.append, framed=False)
    stream.flush()
    for number, data in zip(own, clean, strict=True):
        row, detail = rows[number], data.decode("utf-8", "replace")
        detail = _detail(detail, redactor) if _MORE.search(detail) else detail
        text = redactor.string(row.text)
        if detail != row.detail and "type" in (known := decoded(data)):
            text = event_line(str(known["type"]), known)
        if (text, detail) != (row.text, row.detail):
            rows[number] = replace(row, text=text, detail=detail)


def _detail(detail: str, redactor: JournalRedactor) -> str:
    """Return a detail without secrets, also without the beginning of one where it was cut."""
    cut = _MORE.search(detail)
    if cut is None:
        return redactor.string(detail)
    kept = redactor.text(detail[: cut.start()].encode("utf-8", "surrogatepass"), broken=True)
    return kept.decode("utf-8", "replace") + cut[0]
