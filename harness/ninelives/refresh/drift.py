"""Differences between recorded answers and new ones to the same requests: changes of the API, as opposed to
the wording of a model, which differs every time.

The API has changed if an event or a field is new, if one that was always present is missing, or if an error
is worded differently. The output distinguishes the API from the model: event types are compared only between
answers with the same kinds of items and parts, and fields only within the same kind of object.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mock_openai.protocol.json import object_in

from ninelives.cassette import Exchange
from ninelives.report.comparison import compare

Kind = Literal["event", "field", "type", "status", "error", "wording"]

_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504, 529})
_ID = re.compile(r"\b[a-z]{1,8}_[0-9A-Za-z]{16,}\b")
_FREE = frozenset({"metadata", "parameters", "schema", "arguments", "logprobs"})
"""Fields whose content is the user's or the model's, not the API's."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One change."""

    kind: Kind
    what: str
    """The event, the field, or another compared property."""
    before: str
    after: str
    exchanges: tuple[tuple[str, int], ...]
    """Cassette and number of the recordings that show it."""

    @property
    def of_the_api(self) -> bool:
        """Whether the API has changed, rather than the model's words."""
        return self.kind != "wording"


Pair = tuple[str, Exchange, Exchange]
"""The cassette's name, the recorded exchange, the new one."""


def drift(pairs: Iterable[Pair]) -> list[Drift]:
    """Return all changes, each once, those of the API first."""
    pairs = list(pairs)
    return [*_outcomes(pairs), *_events(pairs), *_fields(pairs), *_wording(pairs)]


def not_compared(old: Exchange, new: Exchange) -> str | None:
    """Return why a pair shows nothing about the API: the new request failed temporarily, or one answer
    broke off.
    """
    if new.status is None or (not new.complete and old.complete):
        return "the new answer broke off"
    if new.status in _TRANSIENT and old.status not in _TRANSIENT:
        return f"the upstream answered {new.status}"
    if not old.complete:
        return "the recorded answer is incomplete"
    return None


def _outcomes(pairs: list[Pair]) -> Iterator[Drift]:
    found: dict[tuple[Kind, str, str, str], list[tuple[str, int]]] = defaultdict(list)
    for name, old, new in pairs:
        was, now = _outcome(old), _outcome(new)
        for kind, what in (
            ("status", "status"),
            ("error", "code"),
            ("error", "type"),
            ("error", "param"),
            ("error", "message"),
        ):
            if was.get(what) != now.get(what):
                before, after = str(was.get(what, "none")), str(now.get(what, "none"))
                found[kind, what, before, after].append((name, old.number))  # type: ignore[index]
    for (kind, what, before, after), places in found.items():
        yield Drift(kind, what, before, after, tuple(places))


def _outcome(exchange: Exchange) -> dict[str, Any]:
    """Return status and error of an answer over either transport."""
    status: Any = exchange.status
    error: Any = None
    for value in _values(exchange):
        if value.get("type") == "error":
            error = value.get("error") or value
            status = value.get("status", status)
        elif isinstance(value.get("response"), Mapping) and value["response"].get("error"):
            error = value["response"]["error"]
        elif (
            exchange.transport == "http" and not exchange.streamed and isinstance(value.get("error"), Mapping)
        ):
            error = value["error"]
    if not isinstance(error, Mapping):
        return {"status": status}
    named = {name: error[name] for name in ("code", "type", "param") if error.get(name) is not None}
    return {"status": status, **named, "message": _ID.sub("...", str(error.get("message")))}


def _events(pairs: list[Pair]) -> Iterator[Drift]:
    found: dict[tuple[str, bool], list[tuple[str, int]]] = defaultdict(list)
    for name, old, new in pairs:
        if _signature(old) != _signature(new):
            continue
        was, now = ({timed.event.type for timed in each.events} for each in (old, new))
        for kind in sorted(was - now):
            found[kind, False].append((name, old.number))
        for kind in sorted(now - was):
            found[kind, True].append((name, old.number))
    for (kind, came), places in found.items():
        before, after = ("never", "came") if came else ("came", "never")
        yield Drift("event", kind, before, after, tuple(places))


def _signature(exchange: Exchange) -> list[tuple[Any, ...]]:
    """Return the kinds of items in the output, and of the parts in them."""
    kinds = []
    for item in exchange.output:
        parts = item.get("content") or item.get("summary") or []
        inner = (
            [part.get("type") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
        )
        kinds.append((item.get("type"), *inner))
    return kinds


def _fields(pairs: list[Pair]) -> Iterator[Drift]:
    shapes: tuple[_Shape, _Shape] = (_Shape(), _Shape())
    for name, old, new in pairs:
        for shape, exchange in zip(shapes, (old, new), strict=True):
            for value in _values(exchange):
                shape.add(
                    str(value.get("type") or value.get("object") or "answer"), value, (name, old.number)
                )
    old_shape, new_shape = shapes
    for path in sorted(old_shape.seen.keys() | new_shape.seen.keys()):
        was, now = old_shape.seen.get(path), new_shape.seen.get(path)
        if was is None and now is not None and old_shape.knows(path):
            yield Drift("field", _said(path), "never", "came", tuple(dict.fromkeys(now)))
        elif now is None and was is not None and new_shape.knows(path) and old_shape.always(path):
            yield Drift("field", _said(path), "always", "never", tuple(dict.fromkeys(was)))
        elif now is not None and was is not None:
            before, after = old_shape.types[path], new_shape.types[path]
            if before and after and not before & after:
                yield Drift(
                    "type",
                    _said(path),
                    "/".join(sorted(before)),
                    "/".join(sorted(after)),
                    tuple(dict.fromkeys(now)),
                )


Path = tuple[str, ...]


class _Shape:
    """The fields of objects of a kind. A path is the kind, then names; a step in brackets is a list's
    element of that type.
    """

    def __init__(self) -> None:
        self.seen: dict[Path, list[tuple[str, int]]] = {}
        self.types: dict[Path, set[str]] = defaultdict(set)
        self._count: dict[Path, int] = defaultdict(int)

    def add(self, kind: str, value: Any, place: tuple[str, int]) -> None:
        item = value.get("item") if isinstance(value, Mapping) else None
        if isinstance(item, Mapping) and isinstance(item.get("type"), str):
            kind = f"{kind} of {item['type']}"
        self._walk((kind,), value, place)

    def _walk(self, path: Path, value: Any, place: tuple[str, int]) -> None:
        self.seen.setdefault(path, []).append(place)
        self._count[path] += 1
        if value is not None:
            self.types[path].add(_type(value))
        if path[-1] in _FREE:
            return
        if isinstance(value, Mapping):
            for name, inner in value.items():
                self._walk((*path, name), inner, place)
        elif isinstance(value, list):
            for inner in value:
                named = inner.get("type") if isinstance(inner, Mapping) else None
                self._walk((*path, f"[{named or ''}]"), inner, place)

    def knows(self, path: Path) -> bool:
        """Whether the object with this field was there, and was not null."""
        return path[:-1] in self.seen and bool(self.types[path[:-1]]) and not path[-1].startswith("[")

    def always(self, path: Path) -> bool:
        """Whether every such object had the field."""
        return self._count[path] >= self._count[path[:-1]]


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "list" if isinstance(value, list) else "object"


def _said(path: Path) -> str:
    kind, *steps = path
    place = "".join(step if step.startswith("[") else f".{step}" for step in steps).lstrip(".")
    return f"{place} in {kind}"


def _values(exchange: Exchange) -> Iterator[Mapping[str, Any]]:
    texts = [timed.event.data for timed in exchange.events] or [exchange.answer or b""]
    return filter(None, map(object_in, texts))


def _wording(pairs: list[Pair]) -> Iterator[Drift]:
    for name, old, new in pairs:
        for each in compare([old], [new]):
            if each.kind == "wording" or (each.kind == "structure" and each.where == "calls"):
                yield Drift("wording", each.where, each.before, each.after, ((name, old.number),))
