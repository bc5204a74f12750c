"""Assigns responses to turns, and heard words to responses.

The server knows responses and the bot knows turns; this file combines the two, by the content of the requests
(the user's last words, the tool outputs) and only then by the clock. The promises in `promises` use it. Pure
functions over values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mock_openai.protocol.event_types import ENDS
from mock_openai.protocol.events import Event
from mock_openai.protocol.json import object_in

from ninelives.cassette.items import items_of, text_of
from ninelives.lab.episode import Episode
from ninelives.lab.seams import unplayed
from ninelives.lab.tracing import Attempt, Piece, SpokenBy, Step, straight, traced

if TYPE_CHECKING:
    from mock_openai.journal.entries import Entry
    from mock_openai.journal.sent_responses import SentResponse

    from ninelives.bot.turn import Turn

_UNREADABLE = frozenset({"bad_chunk", "bad_frame"})
"""Faults after which a client must give the connection up, whatever the server sends afterwards (RFC 9112
section 7.1, RFC 6455 section 7.1.7).
"""

SAME_TIME = 1e-6
"""Two clock readings that differ by less than this many seconds are the same moment."""

FINISHED = frozenset({"completed", "incomplete"})
"""Statuses of a response that ended by itself."""


@dataclass(frozen=True, slots=True)
class Account:
    """A turn together with its responses, its faults, and the relation of heard to sent words."""

    index: int
    turn: Turn
    attempts: tuple[Attempt, ...]
    faults: tuple[Entry, ...]
    expected: str | None
    fits: bool
    """Whether the heard text equals the sent text: in order, nothing twice, nothing missing except at the
    very end.
    """
    pieces: tuple[Piece, ...] = field(default=())

    @property
    def heard(self) -> str:
        """All text of the turn for the speaker."""
        return "".join(piece.text for piece in self.turn.heard)

    @property
    def unplayed(self) -> str | None:
        """The end of the text that a voice did not play. None: it played everything, or there is no voice."""
        return unplayed(self.heard, self.turn.played) if self.turn.unheard else None

    @property
    def said(self) -> str:
        """All text that the server sent for this turn, attempts separated by a bar."""
        return " | ".join(attempt.words for attempt in self.attempts if attempt.words)

    @property
    def interrupted(self) -> bool:
        """Whether the user interrupted."""
        return self.turn.interrupted is not None

    @property
    def hit(self) -> bool:
        """Whether a fault happened during the turn."""
        return bool(self.faults) or any(attempt.lost for attempt in self.attempts)

    @property
    def steps(self) -> int:
        """How many responses the turn needed: one, and one more for each round of tools."""
        return len({attempt.step[0] for attempt in self.attempts})

    @property
    def answer(self) -> SentResponse | None:
        """The response whose first words were the first that were heard; None if there was no request."""
        if not self.turn.heard:
            return None
        first = self.turn.heard[0].at
        asked = [attempt.said for attempt in self.attempts if attempt.said.began <= first + SAME_TIME]
        begun = [each for each in asked if each.opened is not None and each.opened <= first + SAME_TIME]
        return begun[-1] if begun else asked[-1] if asked else None

    @property
    def air(self) -> float | None:
        """Seconds that the user waited for the service and the network before the first word. The time of
        tools and of the bot's own processors, and the model's time to its first word, are not counted.
        """
        if not self.turn.heard:
            return None
        first, answer = self.turn.heard[0].at, self.answer
        reached = self.turn.reached_model
        began = self.turn.began if reached is None else max(reached, self.turn.began)
        if answer is None:
            return first - began
        asked = [attempt.said for attempt in self.attempts if attempt.said.began <= first + SAME_TIME]
        spoke = first if answer.spoke is None else min(answer.spoke, first)
        thought = max(0.0, spoke - answer.opened) if answer.opened is not None else 0.0
        return (asked[0].began - began) + (first - answer.began) - thought

    @property
    def fatal(self) -> tuple[Attempt, ...]:
        """The responses that broke and were not replaced, at most one per step."""
        return tuple(attempt for attempt in self._last.values() if attempt.lost)

    @property
    def stopped_short(self) -> bool:
        """Whether the API itself ended an answer early with a reason, and no later attempt completed it. That
        is not a loss.
        """
        return any(attempt.status == "incomplete" and not attempt.lost for attempt in self._last.values())

    @property
    def failures(self) -> int:
        """How many answers of the turn failed; a turn with tools has several. An answer that broke off,
        and that the model refused to continue, is counted, and so is one that never began.
        """
        return self.never_began + sum(
            attempt.lost or attempt.status == "incomplete" or (attempt is self.attempts[-1] and self.declined)
            for attempt in self._last.values()
        )

    @property
    def never_began(self) -> bool:
        """Whether a tool ran for the last response, and no request with its result was answered."""
        if not self.attempts or self.attempts[-1].lost:
            return False
        ran = {call.call_id for call in self.turn.calls}
        return any(str(call.get("call_id")) in ran for call in self.attempts[-1].said.calls)

    @property
    def gone_on(self) -> bool:
        """Whether the model was asked to continue an answer of which part had been heard."""
        return any(attempt.step[1] for attempt in self.attempts)

    @property
    def declined(self) -> bool:
        """Whether the model was asked to continue, and no word of its continuation was heard."""
        if not self.gone_on:
            return False
        last = self.attempts[-1]
        heard = {id(piece.owner.said) for piece in self.pieces if piece.owner is not None}
        before = [each for each in self.attempts[:-1] if each.step == (last.step[0], "")]
        # The rest of an answer that was a refusal from the beginning is an answer like any other.
        refused = bool(last.said.refusal) and not any(each.said.refusal for each in before)
        return refused and id(last.said) not in heard

    @property
    def _last(self) -> dict[str | None, Attempt]:
        """The deciding attempt at each answer: the one that began last, continued or not."""
        return {attempt.step[0]: attempt for attempt in self.attempts}

    @property
    def broke_after_speech(self) -> bool:
        """Whether some words of the broken response had been heard by then."""
        spoken = {id(piece.owner.said) for piece in self.pieces if piece.owner is not None}
        if any(attempt.lost and id(attempt.said) in spoken for attempt in self.attempts):
            return True
        if self.fatal or self.stopped_short or not self.faults or not self.turn.errors or not self.turn.heard:
            return False
        # The server believes it sent everything, but the data that arrived was unusable, and the bot gave up
        # after it had begun to speak.
        return self.turn.heard[0].at <= self.turn.errors[0].at + SAME_TIME

    @property
    def lost_words(self) -> str:
        """The heard part of broken responses."""
        return "".join(p.text for p in self.pieces if p.owner is not None and p.owner.lost and not p.foreign)


def accounts(episode: Episode) -> list[Account]:
    """Return one account per turn, in order."""
    by_turn = _attempts_by_turn(episode)
    everything = [attempt for index in range(len(episode.turns)) for attempt in by_turn[index]]
    result = []
    for index, turn in enumerate(episode.turns):
        own = by_turn[index]
        heard = "".join(piece.text for piece in turn.heard)
        pieces = straight(heard, own, _heard_by(turn))
        if pieces is None and own and heard == episode.expectation(index):
            # The whole answer, once and in order: a delta was corrupted, and the bot corrected it.
            pieces = [Piece(heard, own[-1])]
        result.append(
            Account(
                index=index,
                turn=turn,
                attempts=tuple(own),
                faults=tuple(f for f in episode.faults if _within(f.at, turn)),
                expected=episode.expectation(index),
                fits=pieces is not None,
                pieces=tuple(pieces if pieces is not None else traced(heard, own, everything)),
            )
        )
    return result


def _heard_by(turn: Turn) -> SpokenBy:
    return lambda at: sum(len(piece.text) for piece in turn.heard if piece.at <= at + SAME_TIME)


def _within(at: float, turn: Turn) -> bool:
    ended = turn.ended if turn.ended is not None else float("inf")
    return turn.began - SAME_TIME <= at <= ended + SAME_TIME


# Requests ---------------------------------------------------------------------------------------------------


def _last_user(items: Iterable[Mapping[str, Any]]) -> str | None:
    users = [text_of(item) for item in items if item.get("role") == "user"]
    return users[-1] if users else None


def step_of(body: Mapping[str, Any]) -> Step:
    """Return which step of its turn a request is for.

    Two requests of one turn with the same step are two attempts at the same answer.
    """
    output: str | None = None
    continued = ""
    for item in items_of(body):
        if item.get("role") == "user":
            output, continued = None, ""
        elif item.get("type") == "function_call_output":
            output, continued = str(item.get("call_id")), ""
        elif item.get("role") == "assistant":
            continued += text_of(item)
    return output, continued


def _attempts_by_turn(episode: Episode) -> list[list[Attempt]]:
    turns = episode.turns
    result: list[list[Attempt]] = [[] for _ in turns]
    callers: dict[str, int] = {}
    for said in sorted(episode.said, key=lambda each: each.began):
        if said.request.get("generate") is False or not turns or said.began < turns[0].began - SAME_TIME:
            continue  # it belongs to no turn: a warm-up, or before anybody had spoken
        index = _turn_of(said, turns, callers)
        for call in said.calls:
            callers.setdefault(str(call.get("call_id")), index)
        status = None if _unreadable_before_its_end(said, episode) else said.status
        lost = status not in FINISHED and turns[index].interrupted is None
        result[index].append(Attempt(said, step_of(said.request), lost, status, _marks(turns[index])))
    pairs = zip(result, turns, strict=True)
    return [_judged_by_what_followed(attempts, turn, episode) for attempts, turn in pairs]


def _judged_by_what_followed(attempts: Sequence[Attempt], turn: Turn, episode: Episode) -> list[Attempt]:
    """Mark the answers as lost that the API ended early and that were requested again: a client did not get
    all of their events. So are those whose client stopped at an error before the end.
    """
    if turn.interrupted is not None:
        return [*attempts]
    last = {attempt.step[0]: attempt for attempt in attempts}
    found = []
    for each in attempts:
        again = each is not last[each.step[0]]
        if (again or turn.errors) and _failed_before_its_end(each.said, episode):
            each = replace(each, lost=True, status=None)
        elif again and each.status == "incomplete":
            each = replace(each, lost=True)
        found.append(each)
    return found


def _marks(turn: Turn) -> frozenset[str]:
    """Return the marks that the bot took from its model's answers (Pipecat's `LLMMarkerFrame`)."""
    frames: Iterable[Any] = (captured.frame for captured in turn.frames)
    return frozenset(str(each.marker) for each in frames if type(each).__name__ == "LLMMarkerFrame")


def _unreadable_before_its_end(said: SentResponse, episode: Episode) -> bool:
    """Whether a client had to give the connection up before the terminal event that the server sent."""
    return said.ended is not None and any(
        fault.connection == said.connection
        and said.began - SAME_TIME <= fault.at <= said.ended + SAME_TIME
        and fault.field("fault") in _UNREADABLE
        and not _is_after_the_end(fault, said, episode)
        for fault in episode.faults
    )


def _failed_before_its_end(said: SentResponse, episode: Episode) -> bool:
    """Whether the server sent an error about a response before its terminal event."""
    for entry in episode.wire:
        if (entry.connection, entry.turn) == (said.connection, said.turn) and isinstance(entry.data, Event):
            if _is_end(entry.data):
                return False
            if entry.data.type == "error" and object_in(entry.data.data) is not None:
                return True
    return False


def _is_after_the_end(fault: Entry, said: SentResponse, episode: Episode) -> bool:
    """Whether a fault happened at the moment of the terminal event, but after it in the stream."""
    for entry in episode.wire:
        if entry is fault:
            return False
        same = (entry.connection, entry.turn) == (said.connection, said.turn)
        if same and isinstance(entry.data, Event) and _is_end(entry.data):
            return True
    return False


def _is_end(event: Event) -> bool:
    """Whether a client can read from an event that the answer is over: a fault may have broken its JSON."""
    return event.type in ENDS and object_in(event.data) is not None


def _turn_of(said: SentResponse, turns: Sequence[Turn], callers: Mapping[str, int]) -> int:
    """Find the turn by content first and by the clock second, because in virtual time many things happen at
    the same moment.
    """
    begun = [i for i, turn in enumerate(turns) if turn.began <= said.began + SAME_TIME]
    latest = begun[-1] if begun else 0
    items = items_of(said.request)
    question = _last_user(items)
    if question is not None:
        same = [i for i, turn in enumerate(turns) if (turn.user or "").strip() == question.strip()]
        earlier = [i for i in same if i <= latest]
        return earlier[-1] if earlier else same[0] if same else latest
    output = step_of(said.request)[0]
    return callers.get(output, latest) if output is not None else latest
