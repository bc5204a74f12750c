"""The object or section in which a member stands. It says what a mere `key` opens: `deepgram: {key: ...}`."""

from __future__ import annotations

import re

SHORTEST = 20
"""Characters that the value of such a key needs."""
_REACH = 240
_OPENS = re.compile(rb"(?P<name>[A-Za-z][\w.-]{0,40}+)[\"'`]?+[)\]]?+[ \t]{0,4}+(?:[:=]>?+)?+\s{0,8}+\Z")
_HEAD = re.compile(rb"\[(?:[\w-]{1,40}+[.: ]\"?+){0,4}+(?P<name>[\w-]{1,40}+)\"?+\]{1,2}+\s{0,4}+\Z")
_CALLED = re.compile(rb"(?<![A-Za-z0-9_])(?P<name>[A-Z][A-Za-z0-9]{1,40}+)\([^()\r\n]{0,112}+\Z")
"""The call of a class, whose argument it is."""
_MARGIN = b" \t-\"'"


def section_of(text: bytes, start: int) -> bytes:
    """Return the name of the object, block or section in which the member that begins here stands; b"" if
    there is none nearby.
    """
    near = text[max(0, start - _REACH) : start]
    if (called := _CALLED.search(near, max(0, len(near) - 160))) is not None:
        return called["name"]
    opened = near.rfind(b"{")
    if opened >= 0 and near.find(b"}", opened) < 0 and near.find(b"\n", opened) < 0:
        found = _OPENS.search(near, max(0, opened - 64), opened)
        return b"" if found is None else found["name"]
    *above, line = near.split(b"\n")
    for each in reversed(above):
        if (head := _HEAD.search(each, max(0, len(each) - 96))) is not None:
            return head["name"]
        if each.strip() and _margin(each) < _margin(line):
            found = _OPENS.search(each.rstrip().removesuffix(b"{"), max(0, len(each) - 64))
            return b"" if found is None else found["name"]
    return b""


def _margin(line: bytes) -> int:
    return len(line) - len(line.lstrip(_MARGIN))
