"""How encoders spell strings in JSON: those of Python, Go, .NET, JavaScript, PHP; one escapes all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Style = Callable[[Any], str]

_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def _units(char: str, form: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(form % int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))


def _writer(char: Callable[[str], str], separators: tuple[str, str] = (",", ":")) -> Style:
    comma, colon = separators

    def write(value: Any) -> str:
        match value:
            case str():
                return '"' + "".join(map(char, value)) + '"'
            case dict():
                return (
                    "{" + comma.join(write(key) + colon + write(inner) for key, inner in value.items()) + "}"
                )
            case list():
                return "[" + comma.join(map(write, value)) + "]"
        return json.dumps(value)

    return write


def _go(char: str) -> str:
    if char in "<>&\u2028\u2029":
        return f"\\u{ord(char):04x}"
    return _SHORT.get(char, _units(char, "\\u%04x") if char < " " else char)


def _dotnet(char: str) -> str:
    if char in _SHORT and char != '"':
        return _SHORT[char]
    return _units(char, "\\u%04X") if char < " " or char in "\"&'+<>`\x7f" or char > "~" else char


def _javascript(char: str) -> str:
    return _SHORT.get(char, _units(char, "\\u%04x") if char < " " else char)


def _php(char: str) -> str:
    if char == "/":
        return "\\/"
    return _SHORT.get(char, _units(char, "\\u%04x") if char < " " or char > "~" else char)


STYLES: dict[str, Style] = {
    "python": json.dumps,
    "python utf-8": lambda value: json.dumps(value, ensure_ascii=False),
    "python indented": lambda value: json.dumps(value, indent=2),
    "go": _writer(_go),
    ".net": _writer(_dotnet),
    "javascript": _writer(_javascript),
    "php": _writer(_php),
    "all escaped": _writer(lambda char: _units(char, "\\u%04x")),
    "all escaped, upper case": _writer(lambda char: _units(char, "\\u%04X"), (" , ", " : ")),
}
