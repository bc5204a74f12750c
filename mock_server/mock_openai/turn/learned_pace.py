"""A pace that was learned from recordings: the time until the model begins, the bursts in which its tokens
arrive, and its stalls.

A pace file is JSON; `ninelives pace` makes it. Every quantity is a list of quantiles at equal distances, from
the smallest value to the largest, so a draw interpolates between two neighbours. No distribution is fitted.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from mock_openai.files import SCRIPT_SIZE, read_bytes
from mock_openai.protocol.event_types import OPENING, is_delta
from mock_openai.protocol.events import Event, Timed
from mock_openai.schema_address import schema_address

VERSION = 1

Quantiles = tuple[float, ...]
"""Quantiles at equal steps of probability, rising."""


@dataclass(frozen=True, slots=True)
class Learned:
    """The rhythm of recorded answers. All times are seconds."""

    first_event: Quantiles
    """From the request to the first event."""
    first_output: Quantiles
    """From the first event to the first event after the opening ones."""
    between_items: Quantiles
    """Before another output item begins, such as the answer after the thought."""
    burst: Quantiles
    """How many deltas come in one burst."""
    within_burst: Quantiles
    """Between two deltas of a burst."""
    between_bursts: Quantiles
    """From the last delta of a burst to the first of the next."""
    stalls: Quantiles = ()
    """Longer pauses than those, where the model stopped in the middle of an answer."""
    stall_share: float = 0.0
    """The share of the pauses between bursts that are stalls, from 0 to 1."""
    sources: tuple[str, ...] = ()
    """The recordings that it was learned from, for people to read."""

    def schedule(self, events: Iterable[Event], rng: random.Random) -> Iterator[Timed]:
        """Stamp the events; events that carry no delta and begin no item leave with the one before them."""
        now = drawn(self.first_event, rng)
        left, items = 0, 0
        output_began = False
        for event in events:
            if not output_began and event.type not in OPENING:
                output_began = True
                now += drawn(self.first_output, rng)
            if event.type == "response.output_item.added":
                items += 1
                if items > 1:
                    now += drawn(self.between_items, rng)
                    left = 0
            if is_delta(event.type):
                if left:
                    now += drawn(self.within_burst, rng)
                    left -= 1
                else:
                    stalled = bool(self.stalls) and rng.random() < self.stall_share
                    now += drawn(self.stalls if stalled else self.between_bursts, rng)
                    left = max(0, round(drawn(self.burst, rng)) - 1)
            yield Timed(now, event)


def drawn(quantiles: Quantiles, rng: random.Random) -> float:
    """Draw a value at a uniformly random position among the quantiles."""
    place = rng.random() * (len(quantiles) - 1)
    below = int(place)
    value = quantiles[below]
    if below + 1 == len(quantiles):  # there is only one
        return value
    return value + (quantiles[below + 1] - value) * (place - below)


class PaceFile(
    msgspec.Struct, forbid_unknown_fields=True, rename={"version": "mock_openai_pace", "editor": "$schema"}
):
    """The file as JSON."""

    version: int
    first_event: list[float]
    first_output: list[float]
    between_items: list[float]
    burst: list[float]
    within_burst: list[float]
    between_bursts: list[float]
    stalls: list[float] = []
    stall_share: float = 0.0
    sources: list[str] = []
    editor: str = ""
    """Where editors find the schema of the file."""


_TIMES = ("first_event", "first_output", "between_items", "within_burst", "between_bursts", "stalls")


def to_json(pace: Learned) -> str:
    """Write a pace as its file, one quantity a line."""
    fields: dict[str, Any] = {"$schema": schema_address("pace"), "mock_openai_pace": VERSION}
    fields |= {name: list(getattr(pace, name)) for name in ("sources", *_TIMES, "burst")}
    fields["stall_share"] = pace.stall_share
    lines = (f"  {_compact(name)}: {_compact(value)}" for name, value in fields.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def load_pace(path: Path) -> Learned:
    """Read a pace file. ValueError, in one line: what is wrong with it and what to do."""
    try:
        return read_pace(read_bytes(path, SCRIPT_SIZE))
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}); give a file that exists") from None
    except ValueError as error:
        raise ValueError(
            f"{path} is not a pace file: {error}; make one with `ninelives pace CASSETTES -o {path.name}`"
        ) from None


def read_pace(data: bytes) -> Learned:
    """Read the bytes of a pace file. ValueError says what is wrong."""
    try:
        file = msgspec.json.decode(data, type=PaceFile)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
    if file.version != VERSION:
        raise ValueError(f"version {file.version} is not supported, expected {VERSION}")
    for name in (*_TIMES, "burst"):
        values = getattr(file, name)
        if not values and name != "stalls":
            raise ValueError(f"`{name}` is empty, expected at least one number")
        if values != sorted(values) or (values and not 0 <= values[0] <= values[-1] < float("inf")):
            raise ValueError(f"`{name}` must be numbers from 0, each no smaller than the one before")
    if file.burst[0] < 1:
        raise ValueError(f"`burst` begins with {file.burst[0]:g}, but a burst has at least one delta")
    if not 0 <= file.stall_share <= 1:
        raise ValueError(f"`stall_share` is {file.stall_share:g}, expected a share from 0 to 1")
    given: Mapping[str, Any] = {name: tuple(getattr(file, name)) for name in (*_TIMES, "burst", "sources")}
    return Learned(**given, stall_share=file.stall_share)


@cache
def realistic() -> Learned:
    """The pace that is called "realistic": the rhythm of the recordings that its `sources` name."""
    return read_pace((resources.files("mock_openai") / "realistic.json").read_bytes())


def _compact(value: Any) -> str:
    return msgspec.json.encode(value).decode()
