"""The recordings that the project is held against: where they are, and what their bytes are.

They are not part of this repository. `NINELIVES_RECORDINGS` names the folder (with `exchanges/*.json` in it);
without it the folder `shared/recordings` beside the repository is looked for.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

VARIABLE = "NINELIVES_RECORDINGS"
FOLDER = (
    Path(os.environ.get(VARIABLE) or Path(__file__).parents[2].with_name("shared") / "recordings")
    / "exchanges"
)
ABSENT = (
    f"no recordings at {VARIABLE}={os.environ[VARIABLE]}"
    if os.environ.get(VARIABLE)
    else f"no recordings found: set {VARIABLE} to the folder that holds exchanges/*.json"
)


@dataclass(frozen=True)
class Recording:
    """One exchange as its file tells it, and the bytes that such an exchange has on the wire."""

    path: Path
    document: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def transport(self) -> str:
        return str(self.document["transport"])

    @property
    def method(self) -> str:
        return str(self.document["request"]["method"])

    @property
    def url_path(self) -> str:
        return str(self.document["request"]["path"])

    @property
    def request(self) -> dict[str, Any] | None:
        body: dict[str, Any] | None = self.document["request"]["body"]
        return body

    @property
    def status(self) -> int | None:
        status: int | None = self.document["response"]["status"]
        return status

    @property
    def events(self) -> list[dict[str, Any]] | None:
        return self.document["response"].get("events")

    @property
    def data(self) -> list[bytes]:
        """The events' JSON: compact, not escaped (observed of the API; the files keep values, not bytes)."""
        return [compact(event["data"]) for event in self.events or []]

    @property
    def stream(self) -> bytes:
        """The stream: `event:` and `data:` lines and a blank line for each event (observed)."""
        return b"".join(
            b"event: " + event["event"].encode() + b"\ndata: " + compact(event["data"]) + b"\n\n"
            for event in self.events or []
        )

    @property
    def body(self) -> bytes:
        """A plain body: two spaces of indentation (observed), unless its recorded length says that it was
        compact.
        """
        value = self.document["response"]["body"]
        lengths = [
            v for k, v in self.document["response"]["headers"].items() if k.lower() == "content-length"
        ]
        small = compact(value)
        return (
            small
            if lengths == [str(len(small))]
            else json.dumps(value, indent=2, ensure_ascii=False).encode()
        )


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@cache
def recordings() -> tuple[Recording, ...]:
    """All of them, by name; none when the folder is absent."""
    return tuple(Recording(path, json.loads(path.read_bytes())) for path in sorted(FOLDER.glob("*.json")))


def streams() -> list[Recording]:
    return [one for one in recordings() if one.transport == "http" and one.events is not None]


def plain() -> list[Recording]:
    return [one for one in recordings() if one.transport == "http" and one.events is None]


def sockets() -> dict[str, list[Recording]]:
    """WebSocket turns by the socket they were on."""
    found = defaultdict(list)
    for one in recordings():
        if one.transport == "websocket":
            found[one.name.rpartition(".")[0]].append(one)
    return dict(found)
