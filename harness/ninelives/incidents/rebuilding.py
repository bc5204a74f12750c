"""From an incident to stories: what the caller said and when, what the model sent, and what may have broken.

What was said is known. What broke the answer is read from the wire as far as it shows, and guessed from the
error where it does not. So an incident becomes several stories, the likeliest first; they are played until
one shows the same breach.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mock_openai.faults import Planned, Point, create
from mock_openai.protocol.events import Event
from mock_openai.protocol.tokens import pieces

from ninelives.incidents.episode import episode_of
from ninelives.incidents.reading import Incident
from ninelives.incidents.wire import parsed
from ninelives.lab.attribution import Account, accounts
from ninelives.lab.exploration.faults import needs_a_person, transports
from ninelives.lab.story import TOOL, Ask, CutIn, Pause, Step, Story

if TYPE_CHECKING:
    from mock_openai.control.entries import Entry

    from ninelives.lab.episode import Episode
    from ninelives.lab.tracing import Attempt

LOST = (
    "The rest of this answer was never heard. Nobody knows how it went on. These words stand in its place. "
    "There are enough of them to break off again, and again, wherever it did."
)
"""Stands for the words of an answer that never arrived."""

_DELTA = "response.output_text.delta"
_BREATH = 0.05
"""Seconds between two turns that are no pause."""

_CODES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "rate_limit_exceeded": ("rate_limit", {}),
    "insufficient_quota": ("insufficient_quota", {}),
    "server_is_overloaded": ("overloaded", {}),
    "websocket_connection_limit_reached": ("connection_limit", {}),
    "previous_response_not_found": ("previous_response_not_found", {}),
}
"""Faults by the code with which the API tells them."""

_BY_CATEGORY: Mapping[str, Sequence[str]] = {
    "connectivity": ("reset", "close", "fin", "half_open", "stall"),
    "rate_limit": ("rate_limit",),
    "quota": ("insufficient_quota",),
    "authentication": ("server_error:401",),
    "invalid_request": ("server_error:400", "previous_response_not_found"),
    "server": ("server_error", "overloaded"),
}
"""What may have happened where only the category of the error is known."""

_ANYTHING = (
    "reset", "close", "fin", "stall", "half_open", "server_error", "rate_limit", "missing_terminal",
    "truncate", "malformed_json", "incomplete", "empty_reply", "overloaded", "connection_limit",
)  # fmt: skip


@dataclass(slots=True)
class _Rebuilt:
    """A turn, with what may have broken it, the likeliest first."""

    ask: Ask
    pause: float
    suspects: list[list[Planned]] = field(default_factory=list)


def stories(incident: Incident) -> Iterator[Story]:
    """Give the stories that an incident may be, the likeliest first."""
    episode = episode_of(incident.notes)
    told = accounts(episode)
    rebuilt = [_turn(episode, told, account) for account in told if account.turn.user]
    if not rebuilt:
        return
    _tell_apart(rebuilt)
    base = Story((), name="incident", sentence="Rebuilt from an incident.", pace=_pace(episode))
    base = replace(base, tool_seconds=_tool_seconds(incident, episode))
    seen: set[str] = set()
    for choice in _choices([each.suspects for each in rebuilt]):
        story = _story(base, rebuilt, choice)
        if repr(story) not in seen:
            seen.add(repr(story))
            yield story


def _choices(suspects: Sequence[Sequence[list[Planned]]]) -> Iterator[list[list[Planned]]]:
    """The likeliest of all turns together, then other suspects, from the last turn backwards."""
    first = [each[0] if each else [] for each in suspects]
    yield first
    for place in range(len(suspects) - 1, -1, -1):
        for other in suspects[place][1:]:
            yield [*first[:place], other, *first[place + 1 :]]


def _story(base: Story, rebuilt: Sequence[_Rebuilt], choice: Sequence[list[Planned]]) -> Story:
    acts: list[Ask | Pause] = []
    faults: list[Planned] = []
    for turn, chosen in zip(rebuilt, choice, strict=True):
        if acts and turn.pause > _BREATH:
            acts.append(Pause(round(turn.pause, 2)))
        acts.append(replace(turn.ask, faults=tuple(chosen)))
        faults += chosen
    return fair(replace(base, acts=tuple(acts), transports=transports(faults)))


def fair(story: Story) -> Story:
    """Return the story without an answer to expect where nobody could give one."""
    return replace(story, acts=tuple(
        replace(act, answerable=not any(needs_a_person(one) or _refused(one) for one in act.faults))
        if isinstance(act, Ask) else act for act in story.acts
    ))  # fmt: skip


def _refused(planned: Planned) -> bool:
    """A request that the API will not take however often it is sent leaves no answer to expect."""
    status = getattr(planned.fault, "status", None)
    return isinstance(status, int) and 400 <= status < 500 and status not in (408, 409, 429)


def _tell_apart(rebuilt: Sequence[_Rebuilt]) -> None:
    """A script answers the same question in the same way: what was asked twice is asked in other words."""
    answers: dict[str, tuple[Step, ...]] = {}
    for turn in rebuilt:
        user, number = turn.ask.user, 1
        while answers.setdefault(user, turn.ask.answer) != turn.ask.answer:
            number += 1
            user = f"{turn.ask.user} ({number})"
        turn.ask = replace(turn.ask, user=user)


# One turn ---------------------------------------------------------------------------------------------------


def _turn(episode: Episode, told: Sequence[Account], account: Account) -> _Rebuilt:
    turn = account.turn
    before = told[account.index - 1].turn if account.index else None
    since = (before.ended if before.ended is not None else before.began) if before is not None else turn.began
    ask = Ask((turn.user or "").strip(), _answer(episode, account), cut_in=_cut_in(account))
    return _Rebuilt(ask, max(0.0, turn.began - since), list(_suspects(episode, account)))


def _answer(episode: Episode, account: Account) -> tuple[Step, ...]:
    """What the model said, step by step; of several attempts at a step, the one that came furthest."""
    best: dict[Any, Attempt] = {}
    for attempt in account.attempts:
        key = attempt.step[0]
        if attempt.step[1] and attempt.said.refusal:
            continue  # the model would not go on where the answer had stopped
        if key not in best or (best[key].lost and len(_words(attempt)) >= len(_words(best[key]))):
            best[key] = attempt
    answer: list[Step] = []
    text = ""
    topics = 0
    for attempt in best.values():
        words, calls = _words(attempt), attempt.said.calls or _begun(episode, attempt)
        if not calls:
            text += words
            continue
        items: list[dict[str, Any]] = [{"text": words}] if words else []
        for call in calls:
            topics += 1
            topic = f"{call.get('name') or 'tool'} {account.index + 1}.{topics}"
            items.append({"call": TOOL, "arguments": {"topic": topic}})
        answer.append(tuple(items))
    broke_off = any(attempt.lost and not attempt.said.calls for attempt in best.values()) or not text
    if broke_off:
        text = f"{text} {LOST}".strip()
    return (*answer, ({"text": text},))


def _words(attempt: Attempt) -> str:
    """What an attempt said, with what was said before where it went on from there."""
    return attempt.step[1] + attempt.words


def _begun(episode: Episode, attempt: Attempt) -> list[dict[str, Any]]:
    """The call that a response had begun when it broke off."""
    said = attempt.said
    begun = any(
        entry.kind == "event"
        and (entry.connection, entry.turn) == (said.connection, said.turn)
        and isinstance(entry.data, Event)
        and entry.data.type.startswith("response.function_call_arguments")
        for entry in episode.wire
    )
    return [{"name": "tool"}] if begun else []


def _cut_in(account: Account) -> CutIn | None:
    if account.turn.interrupted is None:
        return None
    words = len(account.heard.split())
    if words:
        return CutIn(words=words)
    return CutIn(seconds=round(max(0.01, account.turn.interrupted - account.turn.began), 3))


def _pace(episode: Episode) -> float:
    times = [piece.at for turn in episode.turns for piece in turn.heard]
    gaps = sorted(b - a for a, b in pairwise(times) if 0 < b - a < 1.0)
    return round(min(0.2, max(0.01, gaps[len(gaps) // 2])), 3) if gaps else 0.05


def _tool_seconds(incident: Incident, episode: Episode) -> float:
    begun = {call.call_id: call.at for turn in episode.turns for call in turn.calls}
    took = [
        note.at - begun[note.data["call_id"]]
        for note in incident.notes
        if note.kind == "result" and note.data["call_id"] in begun
    ]
    return round(max(took, default=0.0), 2)


# What broke -------------------------------------------------------------------------------------------------


def _suspects(episode: Episode, account: Account) -> Iterator[list[Planned]]:
    """What may have broken a turn, the likeliest first; nothing if nothing seems wrong with it."""
    seen = [planned for attempt in account.attempts for planned in _seen(episode, account, attempt)]
    seen += _refusals(episode, account)
    if seen:
        yield seen
        yield from _again_and_again(seen)
    turn = account.turn
    if not (seen or account.hit or turn.errors or turn.ended is None or not account.heard):
        yield []
        return
    spots = _spots(account)
    names: list[str] = [
        name for error in account.turn.errors for name in _BY_CATEGORY.get(error.category, ())
    ]
    for name in dict.fromkeys([*names, *_ANYTHING]):
        for spot in spots:
            if (planned := _planned(name, spot)) is not None:
                yield [planned]
    yield []


_AGAIN = (2, 3, 6)
"""How often a fault strikes that also struck when the service tried again, or went on where it stopped."""

_EARLY = (_DELTA, "response.function_call_arguments.delta", "response.created")


def _again_and_again(seen: Sequence[Planned]) -> Iterator[list[Planned]]:
    """What was seen, striking the later attempts too: where it struck first, or as soon as they began."""
    last = seen[-1]
    for times in _AGAIN:
        yield [*seen[:-1], replace(last, times=times)]
    if last.point.phase != "event":
        return
    for event in _EARLY:
        point = Point(phase="event", event=event, nth=1, when="after")
        for times in _AGAIN:
            yield [Planned(point, last.fault, times)]


def _spots(account: Account) -> list[Point]:
    """Where it may have struck: behind what was heard, before the first word, in the next step."""
    spoken = _point_behind(account.heard)
    tools = [Point(phase="event", event="response.function_call_arguments.delta", nth=1)]
    request = Point(phase="request")
    return [*([spoken] if account.heard else []), request, *(tools if account.turn.calls else [])]


def _point_behind(text: str) -> Point:
    return Point(phase="event", event=_DELTA, nth=max(1, len(pieces(text))), when="after")


def _planned(name: str, point: Point, **given: Any) -> Planned | None:
    kind, _, status = name.partition(":")
    parameters = {"status": int(status)} if status else {}
    try:
        fault = create(kind, **parameters, **given)
        where = fault.where
        if where.phase == "handshake" or (where.names_event and point.phase != "event"):
            return Planned(where, fault)
        if where.phase == "event" and point.phase == "request":
            return Planned(Point(phase="event", event=_DELTA, nth=1), fault)
        return Planned(where if where.names_event else point, fault)
    except (TypeError, ValueError):
        return None


def _seen(episode: Episode, account: Account, attempt: Attempt) -> Iterator[Planned]:
    """What the wire shows to have gone wrong with a response."""
    said = attempt.said
    events = [
        entry for entry in episode.wire
        if entry.kind == "event" and (entry.connection, entry.turn) == (said.connection, said.turn)
    ]  # fmt: skip
    if not any(entry.kind == "request" for entry in episode.wire):
        return
    bad = [entry for entry in events if isinstance(entry.data, Event) and parsed(entry.data.data) is None]
    point = _behind(events, attempt)
    for entry in bad[:1]:
        before = events[: events.index(entry)]
        yield Planned(replace(_behind(before, attempt), when="after"), create("malformed_json"))
    code = next((code for entry in events if (code := _code(entry)) is not None), None)
    if code is not None:
        kind, given = _CODES.get(code, ("server_error", {"code": code}))
        if (planned := _planned(kind, point, **given)) is not None:
            yield planned
    elif said.status == "incomplete":
        yield Planned(create("incomplete").where, create("incomplete"))
    elif said.status == "completed" and not attempt.words and not said.calls:
        yield Planned(create("empty_reply").where, create("empty_reply"))
    elif attempt.lost and not bad and not _refusals(episode, account):
        closed = any(
            entry.kind == "close" and entry.connection == said.connection and entry.at >= said.began
            for entry in episode.wire
        )  # fmt: skip
        last = max((entry.at for entry in events), default=said.began)
        closing = next(
            (entry.at for entry in episode.wire
             if entry.kind == "close" and entry.connection == said.connection and entry.at >= last), None,
        )  # fmt: skip
        silent = not closed or (closing is not None and closing - last > 1.0)
        yield Planned(point, create("stall" if silent else "reset"))


def _behind(events: Sequence[Entry], attempt: Attempt) -> Point:
    """The point behind the last event of a response; before the first, the request."""
    kinds = [entry.data.type for entry in events if isinstance(entry.data, Event)]
    kinds = [kind for kind in kinds if kind not in ("error", "unreadable", "response.failed", "keepalive")]
    if not kinds:
        return Point(phase="request")
    if kinds[-1] == _DELTA:
        return _point_behind(attempt.said.text)
    return Point(phase="event", event=kinds[-1], nth=kinds.count(kinds[-1]), when="after")


def _code(entry: Entry) -> str | None:
    if not isinstance(entry.data, Event) or entry.data.type not in ("error", "response.failed"):
        return None
    data = parsed(entry.data.data) or {}
    error = data.get("error") or (data.get("response") or {}).get("error") or {}
    return str(error.get("code") or "server_error") if isinstance(error, dict) else "server_error"


def _refusals(episode: Episode, account: Account) -> list[Planned]:
    """Requests and handshakes that the API answered with a status."""
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
        if (planned := _planned(kind, Point(phase="request"), **given)) is not None:
            found.append(planned)
    return found
