"""Reads an incident from its file. Errors are one line: where, what was found, what to do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mock_openai.files import RECORDING_SIZE, read_text
from mock_openai.protocol.json import object_in

from ninelives.incidents.episode import from_the_first_turn
from ninelives.incidents.notes import WIRE, Note
from ninelives.incidents.writing import VERSION
from ninelives.usage_error import UsageError

EXPECTED = "expected a file that BlackBox wrote"


@dataclass(frozen=True, slots=True)
class Incident:
    """The content of a file that a black box wrote."""

    path: Path
    header: dict[str, Any]
    notes: list[Note]
    """From the first complete turn on."""

    @property
    def trigger(self) -> str:
        """Why it was written: `promise`, `error` or `dump`."""
        return str(self.header.get("trigger"))

    @property
    def broken(self) -> list[tuple[str, str]]:
        """The broken promises, each with its reason."""
        return [(each["promise"], each["why"]) for each in self.header["broken"]]

    @property
    def categories(self) -> list[str]:
        """The categories of the errors that were reported."""
        return [each["category"] for each in self.header["errors"]]

    @property
    def services(self) -> list[str]:
        """The LLM services of the bot, with their modules."""
        return list(self.header["bot"]["services"])

    @property
    def made_with(self) -> str:
        """The versions that the bot ran with, as far as the file has them."""
        bot = self.header["bot"]
        names = (
            ("Pipecat", bot.get("pipecat")),
            ("Python", bot.get("python")),
            ("", self.header.get("tool")),
        )
        return ", ".join(f"{name} {version}".strip() for name, version in names if version) or "unknown"


def read(path: Path) -> Incident:
    """Read an incident. Raises UsageError."""
    try:
        lines = read_text(path, RECORDING_SIZE).splitlines()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); {EXPECTED}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8; {EXPECTED}") from None
    header = _object(path, 1, lines[0]) if lines else {}
    version = header.get("ninelives_incident")
    if not isinstance(version, int) or isinstance(version, bool):
        what = "a cassette" if "ninelives" in header else "no ninelives_incident in line 1"
        raise UsageError(f"{path} is not an incident (found {what}); {EXPECTED}")
    if version > VERSION:
        raise UsageError(
            f"{path} is an incident of version {version}, and this ninelives reads up to {VERSION}; "
            "upgrade it: pip install -U ninelives"
        )
    try:
        notes = [_note(_object(path, number, line)) for number, line in enumerate(lines[1:], 2)]
        found = Incident(path, header, from_the_first_turn(notes))
        _ = (found.broken, found.categories, found.services)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{path}: something is missing or not what it should be ({error!r}); {EXPECTED}"
        ) from None
    return found


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    value = object_in(line)
    if value is None:
        raise UsageError(f"{path}:{number} is not a JSON object; {EXPECTED}, whole")
    return value


def _note(line: dict[str, Any]) -> Note:
    at, kind = float(line["t"]) / 1000.0, str(line["k"])
    if kind not in WIRE:
        return Note(at, kind, line.get("data"))
    data = line["raw"] if "raw" in line else json.dumps(line["data"], ensure_ascii=False)
    return Note(at, kind, (int(line["c"]), data.encode("utf-8", "surrogatepass")))
