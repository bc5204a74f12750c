"""Numbers for Prometheus: requests, turns, events, faults, connections, and how long turns take.

Strategy: nothing is counted while a turn runs. The journal has everything; its new entries are read when
somebody asks for metrics, or just before they are dropped. Only the statuses of HTTP answers, which the
journal does not note, are counted as they leave. The text format is written by hand: it is a few lines, and
the usual library keeps a registry for the whole process, which a test with two servers would share.
"""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from mock_openai.journal.entries import Entry, Kept, Run, made
from mock_openai.journal.journal import Journal
from mock_openai.protocol.event_types import TERMINAL
from mock_openai.protocol.events import Event

Sample = tuple[str, tuple[tuple[str, str], ...], float]
"""Name, labels and value."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_KINDS = {
    "requests_total": ("counter", "HTTP requests by endpoint and status; 101 is an opened WebSocket."),
    "connections_total": ("counter", "Opened connections, by transport."),
    "connections_open": ("gauge", "Currently open connections, by transport."),
    "turns_total": ("counter", "Turns by their terminal event; none is a turn without one."),
    "turns_open": ("gauge", "Turns that have started but not ended."),
    "events_total": ("counter", "Sent events, by type."),
    "faults_total": ("counter", "Injected faults, by name."),
    "turn_seconds": ("histogram", "Seconds from a create request to the last event of its response."),
}
_BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_AT_ONCE = 2_000
"""Journal entries that are read before other tasks run."""
_IDS = {"responses": "{response_id}", "conversations": "{conversation_id}", "models": "{model}"}
_WORDS = frozenset({"compact", "input_tokens", "input_items", "cancel", "items"})


class Metrics:
    """The metrics of one server."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._read = 0
        self._requests: Counter[tuple[str, str]] = Counter()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0
        self._open: dict[int, str] = {}
        self._turns: dict[tuple[int, int], float] = {}
        journal.before_forgetting = self._read_on

    def answered(self, path: str, status: int | None) -> None:
        """Count an HTTP answer; None if a fault kept it from leaving."""
        self._requests[_endpoint(path), str(status or "none")] += 1

    def samples(self) -> list[Sample]:
        """Return all metrics as of now."""
        self._read_on()
        found: list[Sample] = [
            ("requests_total", (("endpoint", endpoint), ("status", status)), count)
            for (endpoint, status), count in self._requests.items()
        ]
        found += [(name, ((label, value),), n) for (name, label, value), n in self._counts.items()]
        transports = Counter(self._open.values())
        for transport in ("http", "websocket"):
            found.append(("connections_open", (("transport", transport),), transports[transport]))
        found.append(("turns_open", (), len(self._turns)))
        below = 0
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), self._buckets, strict=True):
            below += count
            found.append(("turn_seconds_bucket", (("le", bound),), below))
        return [*found, ("turn_seconds_sum", (), self._seconds), ("turn_seconds_count", (), below)]

    async def catch_up(self) -> None:
        """Read the new entries of the journal in batches, so that others are served meanwhile."""
        while self._journal.end > self._read + _AT_ONCE:
            self._read_on(self._read + _AT_ONCE)
            await asyncio.sleep(0)

    def _read_on(self, until: float = math.inf) -> None:
        """Read the new entries of the journal, up to the one of this number."""
        if self._read >= until:
            return
        alike: dict[tuple[int, int, int], list[Run]] = {}
        for noted, following in self._journal.noted_since(self._read):
            self._read = following
            if isinstance(noted, Run):
                types = noted.events.types
                alike.setdefault((id(types), noted.begin, noted.end), []).append(noted)
                if noted.end == len(types):
                    self._end((noted.connection, noted.turn or 0), types[-1], noted.at)
            elif isinstance(noted, Kept) and noted.kind == "request":
                if noted.turn is not None:  # the body of a request is not read
                    self._turns[noted.connection, noted.turn] = noted.at
            else:
                self._count(made(noted, self._journal.redactor))
            if following >= until:
                break
        # Turns of one template have the same events by thousands.
        for (_, begin, end), runs in alike.items():
            for kind in runs[0].events.types[begin:end]:
                self._counts["events_total", "type", kind] += len(runs)

    def _count(self, entry: Entry) -> None:
        turn = (entry.connection, entry.turn or 0)
        data = entry.data
        if isinstance(data, Event):
            self._counts["events_total", "type", data.type] += 1
            if data.type in TERMINAL:
                self._end(turn, data.type, entry.at)
        elif entry.kind == "open":
            self._open[entry.connection] = data["transport"]
            self._counts["connections_total", "transport", data["transport"]] += 1
        elif entry.kind == "close":
            self._open.pop(entry.connection, None)
            for one in [one for one in self._turns if one[0] == entry.connection]:
                self._end(one, "none", None)
        elif entry.kind == "status" and entry.turn is not None and data["status"] >= 400:
            self._end(turn, "error", None)
        elif entry.kind == "fault":
            self._counts["faults_total", "fault", data["fault"]] += 1
        elif entry.kind == "status" and data["status"] == 101 and entry.connection in self._open:
            self._open[entry.connection] = "websocket"

    def _end(self, turn: tuple[int, int], how: str, at: float | None) -> None:
        began = self._turns.pop(turn, None)
        if began is not None:
            self._ended(how, None if at is None else at - began)

    def _ended(self, how: str, took: float | None) -> None:
        self._counts["turns_total", "ended", how.removeprefix("response.")] += 1
        if took is not None:
            self._seconds += took
            self._buckets[bisect_left(_BOUNDS, took)] += 1


def joined(servers: Iterable[Iterable[Sample]]) -> list[Sample]:
    """Add up the numbers of several servers."""
    sums: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for samples in servers:
        for name, labels, value in samples:
            key = name, tuple((label, text) for label, text in labels)
            sums[key] = sums.get(key, 0) + value
    return [(name, labels, value) for (name, labels), value in sums.items()]


def written(samples: Iterable[Sample]) -> str:
    """Return metrics in Prometheus' text format."""
    lines: dict[str, list[str]] = {name: [] for name in _KINDS}
    for name, labels, value in samples:
        family = name if name in lines else name.rpartition("_")[0]
        lines[family].append(f"mock_openai_{name}{_labels(dict(labels))} {value:.15g}\n")
    text = ""
    for name, (kind, meaning) in _KINDS.items():
        rows = "".join(lines[name] if kind == "histogram" else sorted(lines[name]))
        text += f"# HELP mock_openai_{name} {meaning}\n# TYPE mock_openai_{name} {kind}\n{rows}"
    return text


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@lru_cache(maxsize=1024)
def _endpoint(path: str) -> str:
    """Return the endpoint of a path. Otherwise each id and each unknown address would make a time series of
    its own.
    """
    steps = path.strip("/").split("/")
    if len(steps) < 2 or len(steps) > 5 or steps[0] != "v1" or steps[1] not in _IDS:
        return "other"
    named = steps[:2]
    for place, step in enumerate(steps[2:]):
        if step in _WORDS:
            named.append(step)
        else:
            named.append(_IDS[steps[1]] if place == 0 else "{item_id}" if place == 2 else "other")
    return "/" + "/".join(named)
