"""Promises I7 and I8: the turns after a fault work, have the right context, and do not wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ninelives.cassette.items import items_of, text_of
from ninelives.lab.attribution import SAME_TIME, Account
from ninelives.lab.episode import Episode, Finding
from ninelives.lab.promises.verdict import Reasons, calm, turn, verdict
from ninelives.lab.reach import closed_for
from ninelives.lab.seams import words_of
from ninelives.lab.silences import PATIENT, UNHEARD, gave_up_in_time
from ninelives.lab.wording import quote
from ninelives.plural import counted

if TYPE_CHECKING:
    from mock_openai.journal.entries import Entry
    from mock_openai.journal.sent_responses import SentResponse

DEAD_AIR_SLACK = 0.05
"""Seconds by which a turn may be later than a healthy one. Any network round trip that matters takes longer.
"""

FOUND_OUT_WITHIN = 2.5
"""Seconds after a silent fault within which no client can know of it; one that pings every two seconds knows
by then. For a turn that begins sooner, the fault counts as if it had happened in the turn itself. Over HTTP
there are no pings, so nobody knows before the next request.
"""

MENDED_WITHIN = 1.5
"""Seconds by which such a turn may be later than a healthy one: the client pings the peer, gives it up and
replaces it. Over HTTP it is `PATIENT` seconds, because nothing distinguishes the fault from a slow model.
"""

HELD_BACK = 0.25
"""Seconds for which a client may hold back the next connection after losing two in a row; they double with
each further one, up to a second. Without a pause it would ask a server that drops everything again and again.
"""


def next_turn_answers_its_question(name: str, episode: Episode, accounts: list[Account]) -> Finding:
    """I7: a turn without a fault is answered in full, without error, from the right context."""
    # Judged by the faults in it: this promise is about trouble that an earlier turn left behind.
    undisturbed = [
        a
        for a in accounts
        if not a.faults and not a.interrupted and not a.broke_after_speech and a.expected is not None
    ]
    said = {each.id: each for each in episode.said if each.id is not None}

    def wrong() -> Reasons:
        for a in accounts:
            yield from (f"{turn(a)}: {why}" for why in _lost_results(a, said))
        for a in undisturbed:
            if a.turn.errors and closed_for(episode, a) is not None and gave_up_in_time(episode, a):
                continue  # nobody could reach the server in time
            if a.turn.errors:
                yield f"{turn(a)} reported {quote(a.turn.errors[0].message)}"
            if a.heard != a.expected:
                yield f"{turn(a)} heard {quote(a.heard)} instead of {quote(a.expected or '')}"
            elif a.unplayed is not None:
                yield f"{turn(a)} never played {quote(a.unplayed)}"
            yield from (f"{turn(a)}: {why}" for why in _context_flaws(a, accounts, said))

    held = f"{len(undisturbed)} undisturbed turns, each answered in full with the right context"
    return verdict(name, bool(undisturbed), wrong(), held, "every turn was disturbed")


def _context_flaws(account: Account, accounts: list[Account], said: Mapping[str, SentResponse]) -> Reasons:
    finished = [attempt.said for attempt in account.attempts if not attempt.lost]
    if not finished:
        return
    context = context_of(finished[-1], said)
    if context is None:
        return  # the chain leads to a response that this journal does not have
    questions = [text_of(item).strip() for item in context if item.get("role") == "user"]
    asked = [(a.turn.user or "").strip() for a in accounts[: account.index + 1] if a.turn.user is not None]
    if questions[len(_prologue(accounts, said)) :] != asked:
        yield f"the model was asked {questions}, but the user said {asked}"
    answers = " ".join(text_of(item) for item in context if item.get("role") == "assistant")
    for before in accounts[: account.index]:
        if before.heard and not before.interrupted and _flat(before.heard) not in _flat(answers):
            yield f"the model's context lacks its answer {quote(before.heard)} of {turn(before)}"
    question = len(_prologue(accounts, said))
    for before in accounts[: account.index]:
        if before.turn.user is None:
            continue
        question += 1
        if before.interrupted and before.turn.talk_over is not None:
            yield from _other_words_than_played(before, context, question)


def _lost_results(account: Account, said: Mapping[str, SentResponse]) -> Reasons:
    """Return the tools whose results a later request of the turn lacks, so that the model must ask again."""
    if account.interrupted:
        return
    asked = {str(call.get("call_id")): a.said for a in account.attempts for call in a.said.calls}
    for attempt in account.attempts:
        context = context_of(attempt.said, said)
        if context is None:
            continue
        known = {str(item.get("call_id")) for item in context if item.get("type") == "function_call_output"}
        for call in account.turn.calls:
            ended = call.ended is not None and call.ended < attempt.said.began - SAME_TIME
            caller = asked.get(call.call_id)
            alike = caller is None or _task(caller) == _task(attempt.said)
            if ended and alike and call.call_id not in known:
                yield f"a request lacks the result of {call.name}, which had run before"
                return


def _task(said: SentResponse) -> tuple[object, ...]:
    """Return the task that a request gives its model. A bot may ask several models in one turn, each with a
    context of its own, and a tool may change the bot's task.
    """
    return tuple(said.request.get(name) for name in ("instructions", "tools"))


def _other_words_than_played(cut: Account, context: Sequence[Mapping[str, Any]], question: int) -> Reasons:
    """Return the words that the context attributes to the bot when the caller interrupted, if they differ
    from what the caller heard. `question`: which of the user's messages began the turn, from 1.
    """
    said = ""
    asked = 0
    for item in context:
        asked += item.get("role") == "user"
        if asked == question and item.get("role") == "assistant":
            said += f" {text_of(item)}"
    if words_of(said) != words_of(cut.turn.played):
        yield (
            f"the model's context says {quote(said.strip())} was spoken before the caller interrupted "
            f"{turn(cut)}, but {quote(cut.turn.played)} was played"
        )


def _prologue(accounts: list[Account], said: Mapping[str, SentResponse]) -> list[str]:
    """Return the user messages that a bot's own code put into the context before the user spoke."""
    first = accounts[0]
    context = context_of(first.attempts[0].said, said) if first.attempts else None
    return [text_of(each) for each in context or () if each.get("role") == "user"][:-1]


def _flat(text: str) -> str:
    return "".join(text.split())


def context_of(response: SentResponse, said: Mapping[str, SentResponse]) -> list[Mapping[str, Any]] | None:
    """Return everything the model had when it gave `response`, oldest first, following
    `previous_response_id`.

    None if the chain leaves the journal.
    """
    chain: list[Mapping[str, Any]] = []
    at: SentResponse | None = response
    while at is not None:
        chain[:0] = items_of(at.request)
        parent = at.request.get("previous_response_id")
        if parent is None:
            return chain
        at = said.get(str(parent))
        if at is not None:
            calls = [{"type": "function_call", **call} for call in at.calls]
            words = [{"role": "assistant", "content": at.words}] if at.words else []
            chain[:0] = [*words, *calls]
    return None


def no_waiting_for_housekeeping(name: str, episode: Episode, accounts: list[Account]) -> Finding:
    """I8: later undisturbed turns open no connection, waste no request and start as fast as any."""
    # A request that the server refused without any fault is wasted too: the limit was reached, the id was
    # unknown.
    later = [
        a for a in accounts if a.index > 0 and not a.faults and not a.interrupted and a.expected is not None
    ]
    waited = {a.index: _waited(episode, a) for a in accounts}
    airs = [wait for a in calm(accounts) if (wait := waited[a.index]) is not None]
    baseline = episode.baseline if episode.baseline is not None else min(airs, default=None)

    def waits() -> Reasons:
        for a in later:
            met = _meets_a_silent_fault(episode, a)
            outage = closed_for(episode, a)
            excused = met is not None or outage is not None or _may_hold_back(episode, a)
            if not excused and (opened := _opened(episode, a, accounts)) > 0:
                yield f"{turn(a)} waited for {counted(opened, 'new connection')}"
            if (wasted := _requests(episode, a, accounts) - a.steps) > 0 and a.steps:
                codes = ", ".join(sorted(_codes(episode, a)))
                yield f"{turn(a)} wasted {counted(wasted, 'request')}{f' ({codes})' if codes else ''}"
            wait = waited[a.index]
            if baseline is None or wait is None:
                continue
            if wait > baseline + (outage or 0.0) + (DEAD_AIR_SLACK if met is None else met):
                late = wait - baseline
                silent = f"{turn(a)} was silent for {a.turn.dead_air:.2f} s"
                yield f"{silent}, {late:.2f} s longer than a healthy turn"

    slowest = max((a.turn.dead_air for a in later if a.turn.dead_air is not None), default=0.0)
    held = f"{len(later)} later turns, at most {slowest:.2f} s of dead air, no extra round trip"
    return verdict(name, bool(later), waits(), held, "there was no later undisturbed turn")


def _waited(episode: Episode, account: Account) -> float | None:
    """Return the seconds that the user waited for the service and the network. The model's time before its
    first event is not counted either, unless the request had to wait for another response to end.
    """
    air, answer = account.air, account.answer
    if air is None or answer is None or answer.opened is None:
        return air
    queued = any(
        (other.connection, other.lane) == (answer.connection, answer.lane)
        and other.began < answer.began
        and (other.ended is None or other.ended > answer.began + SAME_TIME)
        for other in episode.said
    )
    return air if queued else air - max(0.0, min(answer.opened, account.turn.heard[0].at) - answer.began)


def _in(account: Account, at: float) -> bool:
    began, ended = account.turn.began, account.turn.ended
    return began - SAME_TIME <= at <= (ended if ended is not None else float("inf")) + SAME_TIME


def _meets_a_silent_fault(episode: Episode, account: Account) -> float | None:
    """Return the seconds that the turn may lose because a fault that nobody could know of had happened before
    it; None if there was no such fault.
    """
    began = account.turn.began
    over_http: set[int] = set()
    unheard: Entry | None = None
    for entry in episode.wire or episode.faults:
        if entry.at > began + SAME_TIME:
            break
        if entry.kind == "open" and entry.field("transport") == "http":
            over_http.add(entry.connection)
        elif entry.field("fault") in UNHEARD:
            unheard = entry
        elif entry.kind == "request" and unheard is not None and entry.at < began - SAME_TIME:
            unheard = None if unheard.connection in over_http else unheard
    if unheard is None:
        return None
    if unheard.connection in over_http:
        return PATIENT
    return MENDED_WITHIN if began - unheard.at <= FOUND_OUT_WITHIN else None


def _may_hold_back(episode: Episode, account: Account) -> bool:
    """Whether one connection after another was dropped by faults, the last one just before the turn began."""
    in_a_row, dropped = 0, 0.0
    for entry in episode.wire:
        if entry.at >= account.turn.began - SAME_TIME:
            break  # it may belong to the turn itself
        if entry.kind == "event":
            in_a_row = 0
        elif entry.kind == "close" and entry.field("by") == "fault":
            in_a_row, dropped = in_a_row + 1, entry.at
    pause = min(1.0, HELD_BACK * 2.0 ** (in_a_row - 2))
    return in_a_row >= 2 and account.turn.began - dropped <= pause


def _opened(episode: Episode, account: Account, accounts: list[Account]) -> int:
    """Return how many connections were opened in the turn because it needed them. Replacing a connection in
    good time does not count, because nobody waits for that.
    """
    began, before = account.turn.began, accounts[account.index - 1]
    # A turn that begins at the moment of the loss that ended the one before cannot find it repaired already.
    at_once = before.hit and before.turn.ended is not None and began - before.turn.ended < SAME_TIME
    # Plain HTTP clients open connections as they need them; keeping a socket ready is the service's task.
    return sum(
        1
        for entry in episode.wire
        if entry.kind == "open"
        and entry.field("transport") == "websocket"
        and _in(account, entry.at)
        and not (at_once and entry.at < began + SAME_TIME)
        and _needed(entry, account)
    )


def _needed(opening: Entry, account: Account) -> bool:
    """Whether the turn needed a new connection: no other one was answering it, or had answered it before and
    left time enough to replace it.
    """
    own = [each.said.began for each in account.attempts if each.said.connection == opening.connection]
    at_once = bool(own) and min(own) <= opening.at + DEAD_AIR_SLACK
    return not any(
        each.said.connection != opening.connection
        and each.said.began - SAME_TIME <= opening.at
        and (not at_once or opening.at < (each.said.ended or each.said.began))
        for each in account.attempts
        if not each.lost
    )


def _requests(episode: Episode, account: Account, accounts: list[Account]) -> int:
    if not episode.wire:
        return len(account.attempts)
    # A turn may begin at the very moment the one before it ended; its request is its own.
    following = accounts[account.index + 1 :]
    until = following[0].turn.began - SAME_TIME if following else float("inf")
    bodies = [
        e.data.get("body")
        for e in episode.wire
        if e.kind == "request" and isinstance(e.data, Mapping) and _in(account, e.at) and e.at < until
    ]
    return sum(1 for body in bodies if not (isinstance(body, Mapping) and body.get("generate") is False))


def _codes(episode: Episode, account: Account) -> set[str]:
    """Return the errors with which the server refused requests of the turn."""
    codes = (e.field("code") for e in episode.wire if e.kind == "status" and _in(account, e.at))
    return {str(code) for code in codes if code}
