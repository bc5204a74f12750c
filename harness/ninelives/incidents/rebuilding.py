"""Converts an incident to scenarios: the caller's words and times, the model's answers, and the faults that
may have broken them.

The words are known (`answering`). The cause is read from the traffic if it shows there, and otherwise guessed
from the error (`suspects`). So an incident becomes several scenarios, the most likely first; they are played
until one shows the same breach.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from mock_openai.protocol.json import object_in

from ninelives.incidents.answering import answer_of, continuation_of, takes_of
from ninelives.incidents.episode import episode_of
from ninelives.incidents.people import NOTHING, Replacements
from ninelives.incidents.suspects import exactly, is_refused, suspects
from ninelives.lab.attribution import Account, accounts
from ninelives.lab.exploration.faults import needs_a_person, transports
from ninelives.lab.scenario_spec import Ask, CutIn, OnCancel, Pause, ScenarioSpec

if TYPE_CHECKING:
    from mock_openai.faults import Planned

    from ninelives.incidents.notes import Note
    from ninelives.incidents.reading import Incident
    from ninelives.lab.episode import Episode

_BREATH = 0.05
"""Seconds between two turns that do not count as a pause."""


@dataclass(slots=True)
class _Rebuilt:
    """A turn, and the faults that may have broken it, the most likely first."""

    ask: Ask
    pause: float
    suspects: list[list[Planned]] = field(default_factory=list)
    exact: list[Planned] = field(default_factory=list)
    """The faults that broke several of its responses, each at its own place, counted from the turn's first.
    """


def candidates(incident: Incident, replacements: Replacements = NOTHING) -> Iterator[ScenarioSpec]:
    """Yield the scenarios that may explain an incident, the most likely first, with words replaced in all
    texts.
    """
    episode = episode_of(incident.notes)
    every = accounts(episode)
    rebuilt = [_turn(episode, every, account) for account in every if account.turn.user]
    if not rebuilt:
        return
    for turn in rebuilt:
        turn.ask = replacements.ask(turn.ask)
    _distinguish(rebuilt)
    base = ScenarioSpec(
        (),
        name="incident",
        sentence="Rebuilt from an incident.",
        pace=_pace(episode),
        tool_seconds=_tool_seconds(incident, episode),
        on_cancel=_on_cancel(incident.notes),
    )
    seen: set[str] = set()
    for turns, choice in _choices(rebuilt):
        spec = _spec(base, turns, choice)
        if repr(spec) not in seen:
            seen.add(repr(spec))
            yield spec


def _choices(rebuilt: Sequence[_Rebuilt]) -> Iterator[tuple[Sequence[_Rebuilt], list[list[Planned]]]]:
    """Yield the most likely causes of all turns together; then a turn alone whose responses broke one
    after the other; then other suspects, from the last turn backwards.
    """
    first = [each.suspects[0] if each.suspects else [] for each in rebuilt]
    yield rebuilt, first
    for turn in reversed(rebuilt):
        if turn.exact:
            yield [turn], [turn.exact]
    for place in range(len(rebuilt) - 1, -1, -1):
        for other in rebuilt[place].suspects[1:]:
            yield rebuilt, [*first[:place], other, *first[place + 1 :]]


def _spec(base: ScenarioSpec, rebuilt: Sequence[_Rebuilt], choice: Sequence[list[Planned]]) -> ScenarioSpec:
    steps: list[Ask | Pause] = []
    faults: list[Planned] = []
    for turn, chosen in zip(rebuilt, choice, strict=True):
        if steps and turn.pause > _BREATH:
            steps.append(Pause(round(turn.pause, 2)))
        steps.append(replace(turn.ask, faults=tuple(chosen)))
        faults += chosen
    return fair(replace(base, steps=tuple(steps), transports=transports(faults)))


def fair(spec: ScenarioSpec) -> ScenarioSpec:
    """Return the scenario without an expected answer if none could be given."""
    return replace(spec, steps=tuple(
        replace(step, answerable=not any(needs_a_person(one) or is_refused(one) for one in step.faults))
        if isinstance(step, Ask) else step for step in spec.steps
    ))  # fmt: skip


def _distinguish(rebuilt: Sequence[_Rebuilt]) -> None:
    """Reword a repeated question, because a script answers the same question in the same way."""
    answers: dict[str, Ask] = {}
    for turn in rebuilt:
        user, number = turn.ask.user, 1
        while not _answered_alike(answers.setdefault(user, turn.ask), turn.ask):
            number += 1
            user = f"{turn.ask.user} ({number})"
        turn.ask = replace(turn.ask, user=user)


def _answered_alike(one: Ask, other: Ask) -> bool:
    return (one.answer, one.takes, one.continuation) == (other.answer, other.takes, other.continuation)


# One turn ---------------------------------------------------------------------------------------------------


def _turn(episode: Episode, every: Sequence[Account], account: Account) -> _Rebuilt:
    turn = account.turn
    before = every[account.index - 1].turn if account.index else None
    since = (before.ended if before.ended is not None else before.began) if before is not None else turn.began
    how = continuation_of(account)
    ask = Ask(
        (turn.user or "").strip(),
        answer_of(episode, account),
        cut_in=_cut_in(account),
        takes=takes_of(episode, account),
        continuation=None if how == "rest" else how,
    )
    pause = max(0.0, turn.began - since)
    return _Rebuilt(ask, pause, list(suspects(episode, account)), exactly(episode, account))


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


def _on_cancel(notes: Sequence[Note]) -> OnCancel:
    """Return how the server reacted to a `response.cancel`: with an error, not at all, or by ending the
    answer.
    """
    cancelled: set[int] = set()
    for note in notes:
        if note.kind not in ("sent", "received"):
            continue
        number, data = note.data
        message = object_in(data) or {}
        kind = message.get("type")
        if note.kind == "sent":
            (cancelled.add if kind == "response.cancel" else cancelled.discard)(number)
        elif number in cancelled and kind == "error":
            return "reject"
        elif number in cancelled and kind == "response.completed":
            return "ignore"
        elif number in cancelled and kind in ("response.incomplete", "response.failed", "response.cancelled"):
            return "honour"
    return "honour"
