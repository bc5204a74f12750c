"""Lists the faults that may have broken a turn: read from the traffic if they show there, otherwise guessed
from the error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_openai.faults import Fault, Planned, Trigger, create
from mock_openai.protocol.events import Event
from mock_openai.protocol.json import object_in
from mock_openai.protocol.tokens import pieces

from ninelives.incidents.answering import events_of
from ninelives.incidents.order import out_of_step
from ninelives.lab.attribution import Account

if TYPE_CHECKING:
    from mock_openai.journal.entries import Entry

    from ninelives.lab.episode import Episode
    from ninelives.lab.tracing import Attempt

_DELTA = "response.output_text.delta"

_CODES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "rate_limit_exceeded": ("rate_limit", {}),
    "insufficient_quota": ("insufficient_quota", {}),
    "server_is_overloaded": ("overloaded", {}),
    "websocket_connection_limit_reached": ("connection_limit", {}),
    "previous_response_not_found": ("previous_response_not_found", {}),
}
"""Faults by the API's error code."""

_BY_CATEGORY: Mapping[str, Sequence[str]] = {
    "connectivity": ("reset", "close", "fin", "half_open", "stall"),
    "rate_limit": ("rate_limit",),
    "quota": ("insufficient_quota",),
    "authentication": ("server_error:401",),
    "invalid_request": ("server_error:400", "previous_response_not_found"),
    "server": ("server_error", "overloaded"),
}
"""Possible causes if only the category of the error is known."""

_SILENT = 1.0
"""Seconds without an event before the end of a connection, after which its silence counts as the cause."""

_CLOSE_CODE = re.compile(r"close code (\d{4})")
_NEVER_SENT = frozenset({1005, 1006, 1015})
"""Codes that only a client reports to itself (RFC 6455, section 7.4.1)."""

_ANYTHING = (
    "reset", "close", "fin", "stall", "half_open", "server_error", "rate_limit", "missing_terminal",
    "truncate", "malformed_json", "incomplete", "empty_reply", "overloaded", "connection_limit",
)  # fmt: skip


def suspects(episode: Episode, account: Account) -> Iterator[list[Planned]]:
    """Return the faults that may have broken a turn, the most likely first; empty if nothing seems wrong with
    it.
    """
    seen = [planned for _, planned in _seen_in(episode, account)]
    if seen:
        yield seen
        yield from _again_and_again(seen)
    turn = account.turn
    if not (seen or account.hit or turn.errors or turn.ended is None or not account.heard):
        yield []
        return
    triggers = _triggers(account)
    names: list[str] = [
        name for error in account.turn.errors for name in _BY_CATEGORY.get(error.category, ())
    ]
    for name in dict.fromkeys([*names, *_ANYTHING]):
        for trigger in triggers:
            if (planned := _planned(name, trigger)) is not None:
                yield [planned]
    yield []


def exactly(episode: Episode, account: Account) -> list[Planned]:
    """Return the faults that broke several responses of a turn, each at its own place in the turn; empty if
    only one response broke, which needs no place.
    """
    seen = _seen_in(episode, account)
    if len(seen) < 2 or any(place is None for place, _ in seen):
        return []
    return [
        planned
        if planned.trigger.phase == "handshake"
        else replace(planned, trigger=replace(planned.trigger, turn=place))
        for place, planned in seen
    ]


def is_refused(planned: Planned) -> bool:
    """Whether a request is refused however often it is sent, so that no answer can be expected."""
    status = getattr(planned.fault, "status", None)
    return isinstance(status, int) and 400 <= status < 500 and status not in (408, 409, 429)


def _seen_in(episode: Episode, account: Account) -> list[tuple[int | None, Planned]]:
    """Return the faults in the traffic, each with the number of its response in the turn, if any."""
    found: list[tuple[int | None, Planned]] = [
        (number, planned)
        for number, attempt in enumerate(account.attempts, 1)
        for planned in _seen(episode, account, attempt)
    ]
    places: dict[tuple[int, int | None], int] = {
        (each.said.connection, each.said.turn): number for number, each in enumerate(account.attempts, 1)
    }
    found += [
        (places.get((entry.connection, entry.turn)), planned)
        for entry, planned in _refusals(episode, account)
    ]
    return found


_AGAIN = (2, 3, 6)
"""Return how often a fault happens that also hit a retry or a continuation."""

_EARLY = (_DELTA, "response.function_call_arguments.delta", "response.created")


def _again_and_again(seen: Sequence[Planned]) -> Iterator[list[Planned]]:
    """Return the faults that were seen, also as they hit later attempts: at the first place, or as soon as
    those begin.
    """
    last = seen[-1]
    for times in _AGAIN:
        yield [*seen[:-1], replace(last, times=times)]
    if last.trigger.phase != "event":
        return
    for event in _EARLY:
        trigger = Trigger(phase="event", event=event, nth=1, when="after")
        for times in _AGAIN:
            yield [Planned(trigger, last.fault, times)]


def _triggers(account: Account) -> list[Trigger]:
    """Return the triggers where it may have happened: after the words that were heard, before the first word,
    in the next step.
    """
    spoken = _trigger_behind(account.heard)
    tools = [Trigger(phase="event", event="response.function_call_arguments.delta", nth=1)]
    request = Trigger(phase="request")
    return [*([spoken] if account.heard else []), request, *(tools if account.turn.calls else [])]


def _trigger_behind(text: str) -> Trigger:
    return Trigger(phase="event", event=_DELTA, nth=max(1, len(pieces(text))), when="after")


def _planned(name: str, trigger: Trigger, **given: Any) -> Planned | None:
    kind, _, status = name.partition(":")
    parameters = {"status": int(status)} if status else {}
    try:
        fault = create(kind, **parameters, **given)
        where = fault.where
        if where.phase == "handshake" or (where.names_event and trigger.phase != "event"):
            return Planned(where, fault)
        if where.phase == "event" and trigger.phase == "request":
            return Planned(Trigger(phase="event", event=_DELTA, nth=1), fault)
        return Planned(where if where.names_event else trigger, fault)
    except (TypeError, ValueError):
        return None


def _seen(episode: Episode, account: Account, attempt: Attempt) -> Iterator[Planned]:
    """Return the faults that the traffic of a response shows."""
    said = attempt.said
    events = events_of(episode, attempt)
    if not any(entry.kind == "request" for entry in episode.wire):
        return
    bad = [entry for entry in events if isinstance(entry.data, Event) and object_in(entry.data.data) is None]
    if bad:
        before = events[: events.index(bad[0])]
        yield Planned(replace(_behind(before, attempt), when="after"), create("malformed_json"))
    else:
        yield from out_of_step(events)
    trigger = _behind(events, attempt)
    code = next((code for entry in events if (code := _code(entry)) is not None), None)
    if code is not None:
        kind, given = _CODES.get(code, ("server_error", {"code": code}))
        if (planned := _planned(kind, trigger, **given)) is not None:
            yield planned
    elif said.status == "incomplete":
        yield Planned(create("incomplete").where, create("incomplete", **_reason(events)))
    elif said.status == "completed" and not attempt.words and not said.calls:
        yield Planned(create("empty_reply").where, create("empty_reply"))
    elif attempt.lost and not bad and not _refusals(episode, account):
        loss = _loss(episode, attempt, events)
        yield Planned(loss.where if loss.where.names_event else trigger, loss)


def _reason(events: Sequence[Entry]) -> dict[str, str]:
    """Return why the API ended an answer early, according to its last event."""
    data = (object_in(events[-1].data.data) if events and isinstance(events[-1].data, Event) else None) or {}
    reason = ((data.get("response") or {}).get("incomplete_details") or {}).get("reason")
    return {"reason": str(reason)} if reason else {}


def _loss(episode: Episode, attempt: Attempt, events: Sequence[Entry]) -> Fault:
    """Return how the connection of a response was lost: closed with a code, broken, or silent."""
    said = attempt.said
    last = max((entry.at for entry in events), default=said.began)
    closing = [
        entry for entry in episode.wire
        if entry.kind == "close" and entry.connection == said.connection and entry.at >= last
    ]  # fmt: skip
    if not closing or closing[0].at - last > _SILENT:
        return create("stall")
    why: Any = closing[0].data
    if not why.get("reason"):
        return create("missing_terminal")  # the stream ended as if it were complete
    code = _CLOSE_CODE.search(str(why["reason"]))
    if code is not None and int(code[1]) not in _NEVER_SENT:
        return create("close", code=int(code[1]))
    return create("reset")


def _behind(events: Sequence[Entry], attempt: Attempt) -> Trigger:
    """Return the trigger after the last event of a response; before the first, the request."""
    kinds = [entry.data.type for entry in events if isinstance(entry.data, Event)]
    kinds = [kind for kind in kinds if kind not in ("error", "unreadable", "response.failed", "keepalive")]
    if not kinds:
        return Trigger(phase="request")
    if kinds[-1] == _DELTA:
        return _trigger_behind(attempt.said.text)
    return Trigger(phase="event", event=kinds[-1], nth=kinds.count(kinds[-1]), when="after")


def _code(entry: Entry) -> str | None:
    if not isinstance(entry.data, Event) or entry.data.type not in ("error", "response.failed"):
        return None
    data = object_in(entry.data.data) or {}
    error = data.get("error") or (data.get("response") or {}).get("error") or {}
    return str(error.get("code") or "server_error") if isinstance(error, dict) else "server_error"


def _refusals(episode: Episode, account: Account) -> list[tuple[Entry, Planned]]:
    """Return requests and handshakes that the API answered with an error status."""
    turn = account.turn
    ended = turn.ended if turn.ended is not None else float("inf")
    found = []
    for entry in episode.wire:
        if entry.kind != "status" or not turn.began - 1e-6 <= entry.at <= ended + 1e-6:
            continue
        data: Any = entry.data
        kind, given = _CODES.get(str(data.get("code")), ("server_error", {"status": data["status"]}))
        if kind == "server_error" and data.get("code"):
            given = {**given, "code": data["code"]}
        if (planned := _planned(kind, Trigger(phase="request"), **given)) is not None:
            found.append((entry, planned))
    return found
