"""Secrets in tables (CSV, TSV, Markdown, SQL): cells whose column, or whose neighbor to the left, has the
name of a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mock_openai.redaction.forms import Span
from mock_openai.redaction.judged import Stem, fits, whole
from mock_openai.redaction.names import Weight, weight
from mock_openai.redaction.values import is_chosen, is_credential

_SEPARATORS = (b"|", b"\t", b",", b";")
_LONGEST_LINE = 2048
_WIDEST = 32
_LONGEST_HEAD = 64
_STRIPPED = b" \t\r\"'`*_"
_INSERT = re.compile(
    rb"(?is)insert[ \t]{1,4}+into[ \t]{1,4}+[^\s"
    rb"(]{1,128}+[ \t]{0,4}+\((?P<names>[^()]{1,1024}+)\)\s{0,8}+values\s{0,8}+"
    rb"(?P<rows>(?:\([^()]{1,4096}+\)[\s,]{0,8}+){1,64}+)"
)
_ROW = re.compile(rb"\([^()]{1,4096}+\)")


def spans(text: bytes, low: bytes, stems: Sequence[Stem]) -> Iterator[Span]:
    """Return the secrets in tables; `low` is the text in lower case, `stems` the stems of names in it."""
    over = 0
    for number, stem in enumerate(stems):  # a table may be a string of JSON
        if stem.start < over:
            continue
        begin = text.rfind(b'"', over, stem.start) + 1 or over
        end = text.find(b'"', stem.start)
        over = len(text) if end < 0 else end
        yield from _of_lines(text, begin, over, stems, number)
    if (over < len(text) or text.find(b'"') >= 0) and not text.lstrip().startswith((b"{", b"[")):
        yield from _of_lines(text, 0, len(text), stems, 0)
    if b"insert" in low:
        for match in _INSERT.finditer(text):
            heads = _cells(match["names"], 0, b",")
            for row in _ROW.finditer(match["rows"]):
                cells = _cells(row[0][1:-1], match.start("rows") + row.start() + 1, b",")
                yield from _columns(heads, cells)


Cell = tuple[bytes, int]


def _of_lines(text: bytes, first: int, last: int, stems: Sequence[Stem], number: int) -> Iterator[Span]:
    if text.find(b"\n", first, last) < 0 and text.count(b"|", first, last) < 2:
        return
    place = first
    while number < len(stems) and (stem := stems[number]).start < last:
        number += 1
        if stem.start < place:
            continue
        begin = text.rfind(b"\n", place, stem.start) + 1 or place
        line, place = _line(text, begin, last)
        separator = next((each for each in _SEPARATORS if each in line), None)
        if separator is None:
            continue
        heads = _cells(line, begin, separator)
        named = [number for number, (cell, _) in enumerate(heads) if _names(cell)]
        if not named or len(heads) < 2:
            continue
        if not any(len(cell) > _LONGEST_HEAD or is_credential(cell) for cell, _ in heads):
            while place < last:
                line, after = _line(text, place, last)
                cells = _cells(line, place, separator)
                if len(cells) != len(heads):
                    break
                yield from _columns(heads, cells)
                place = after
        elif separator == b"|":
            for number in named:
                yield from _columns(heads[number : number + 1], heads[number + 1 : number + 2])


def _line(text: bytes, begin: int, last: int) -> tuple[bytes, int]:
    """Return the line that begins here (empty if too long for a table), and where the next one begins."""
    end = text.find(b"\n", begin, last)
    end = last if end < 0 else end
    return (text[begin:end] if end - begin <= _LONGEST_LINE else b""), end + 1


def _columns(heads: list[Cell], cells: list[Cell]) -> Iterator[Span]:
    for (head, _), (cell, start) in zip(heads, cells, strict=False):
        what = weight(head) if _names(head) else Weight.NOTHING
        if (is_credential(cell, 8) and fits(what, cell)) or (what is Weight.SECRET and is_chosen(cell, 6)):
            yield from whole("field", cell, start)


def _names(cell: bytes) -> bool:
    return 2 <= len(cell) <= 42 and weight(cell) in (Weight.SECRET, Weight.HINT)


def _cells(line: bytes, start: int, separator: bytes) -> list[Cell]:
    """Return the cells of a line without quotes and marks, and where each begins."""
    found, place = [], start
    for cell in line.split(separator, _WIDEST):
        bare = cell.strip(_STRIPPED)
        found.append((bare, place + cell.find(bare)))
        place += len(cell) + 1
    return found
