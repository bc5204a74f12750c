"""Removes secrets from the lines of frames: a snapshot is a file that is committed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate

from mock_openai.redaction import SecretRedactor
from mock_openai.redaction.edits import pieces

_PIECES = ("LLMTextFrame", "LLMThoughtTextFrame", "PlayedWord", "TTSTextFrame")
"""Classes whose texts are parts of one text."""


def without_secrets(lines: Sequence[str]) -> list[str]:
    """Return lines of frames without secrets, also without one that several frames spell together."""
    redactor = SecretRedactor(instead=b"[redacted]", remembers=True)
    clean = [redactor.string(line) for line in lines]  # one that is named may be spelled below
    for name in _PIECES:
        spelled = [(number, text) for number, line in enumerate(lines) if (text := _text(line, name))]
        parts = [text.encode("utf-8", "surrogatepass") for _, text in spelled]
        if not (edits := redactor.edits(b"".join(parts), broken=True)):
            continue
        marks = accumulate(map(len, parts), initial=0)
        for (number, text), piece in zip(spelled, pieces(b"".join(parts), edits, marks), strict=True):
            new = piece.decode("utf-8", "replace")
            if new != text:
                clean[number] = redactor.string(_with_text(lines[number], text, new))
    return clean


def _text(line: str, name: str) -> str:
    """Return the text of a frame of this class; empty if the line is not one."""
    before, _, fields = line.partition(" {")
    if not before.endswith(name):
        return ""
    try:
        return str(json.loads("{" + fields).get("text", ""))
    except ValueError:
        return ""


def _with_text(line: str, text: str, new: str) -> str:
    before, member, after = line.rpartition(f'"text":{_written(text)}')
    return f'{before}"text":{_written(new)}{after}' if member else line.replace(_written(text), _written(new))


def _written(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
