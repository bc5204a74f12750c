"""Promises I5 and I6: what a fault may cost its own turn, before the first word and in mid-sentence."""

from __future__ import annotations

from collections.abc import Iterator

from ninelives.lab.attribution import SAME_TIME, Account
from ninelives.lab.episode import Episode, Finding
from ninelives.lab.promises.verdict import CATEGORIES, Reasons, turn, verdict
from ninelives.lab.reach import was_refused
from ninelives.lab.silences import gave_up_in_time
from ninelives.lab.wording import quote

_HOUR_OVER = "connection_limit"


def whole_answer_if_nothing_was_spoken(name: str, episode: Episode, accounts: list[Account]) -> Finding:
    """I5: a loss before the first word costs the user only a moment."""
    hit = [
        a
        for a in accounts
        if a.hit and not (a.interrupted or a.stopped_short or a.broke_after_speech) and a.expected is not None
    ]

    def losses() -> Reasons:
        for a in hit:
            if a.turn.errors and gave_up_in_time(episode, a):
                continue
            if a.turn.errors:
                error = quote(a.turn.errors[0].message)
                yield f"{turn(a)} reported {error} though nothing had been spoken; heard {quote(a.heard)}"
            elif a.heard != a.expected:
                yield f"{turn(a)} heard {quote(a.heard)} instead of {quote(a.expected or '')}"
            elif a.unplayed is not None:
                yield f"{turn(a)} never played {quote(a.unplayed)}"

    held = "; ".join(f"{turn(a)} broke, and the whole answer was heard" for a in hit)
    return verdict(name, bool(hit), losses(), held, "nothing broke before the first word")


def sentence_finished_or_honest_end(name: str, episode: Episode, accounts: list[Account]) -> Finding:
    """I6: after a loss in mid-sentence the answer continues where it stopped, with no word twice; or the
    turn ends with one error of the right category. Either way an event says what was spoken.
    """
    hit = [a for a in accounts if not a.interrupted and a.broke_after_speech]

    def dishonesty() -> Reasons:
        for a in accounts:
            if (strange := _told_in_vain(a)) is not None:
                yield f"{turn(a)} {strange}"
        for a in hit:
            spoken = a.lost_words or a.heard
            if a.stopped_short and not a.fatal:
                continue
            finished = not a.fatal and not a.declined
            if finished and not a.turn.errors:
                if not a.fits:
                    yield f"{turn(a)} broke after {quote(spoken)} and continued as {quote(a.heard)}"
                elif (missing := _missing(a)) is not None:
                    yield f"{turn(a)} broke after {quote(spoken)} and continued without {quote(missing)}"
                elif a.unplayed is not None:
                    yield f"{turn(a)} broke after {quote(spoken)} and never played {quote(a.unplayed)}"
            elif finished and _flat(a.heard) == _flat(a.expected or ""):
                error = a.turn.errors[0]
                yield f"{turn(a)} heard its whole answer, but still reported {quote(error.message)}"
                continue
            elif len(a.turn.errors) != (wanted := 2 if a.stopped_short else 1):
                count = f"{len(a.turn.errors)} errors instead of {wanted}"
                yield f"{turn(a)} broke after {quote(spoken)} with {count}"
                continue
            elif (category := a.turn.errors[-1].category) not in _right_categories(episode, a):
                yield f"{turn(a)} broke after {quote(spoken)} and reported the category {category!r}"
            if not episode.tells_spoken:
                continue
            events = [text.strip() for text in a.turn.spoken_before_loss]
            if spoken.strip() not in events and a.heard.strip() not in events and not _near(a, events):
                reported = ", ".join(quote(text) for text in events) or "nothing"
                yield f"{turn(a)} broke after {quote(spoken)}, but the loss event reported {reported}"

    held = "; ".join(
        f"{turn(a)} ended with one {a.turn.errors[0].category} error after {quote(a.heard)}"
        if a.turn.errors
        else f"{turn(a)} broke after {quote(a.lost_words)} and was completed"
        for a in hit
    )
    return verdict(name, bool(hit), dishonesty(), held, "nothing broke in mid-sentence")


def _told_in_vain(account: Account) -> str | None:
    """Return the loss event that tells of a loss a second time, or of one that nobody heard."""
    events = account.turn.spoken_before_loss
    if again := [text for text in dict.fromkeys(events) if events.count(text) > 1]:
        return f"reported the loss behind {quote(again[0])} twice"
    if not events or not account.fits or account.interrupted or account.turn.errors:
        return None
    heard = {id(piece.owner.said) for piece in account.pieces if piece.owner is not None}
    owners = [attempt for attempt in account.attempts if id(attempt.said) in heard]
    began = min((attempt.said.began for attempt in owners), default=float("inf"))
    # A fault may have made a loss of a response that the server sent whole.
    if (
        all(attempt.status == "completed" for attempt in owners)
        and all(piece.at >= began - SAME_TIME for piece in account.turn.heard)
        and all(fault.at < began - SAME_TIME for fault in account.faults)
    ):
        return f"reported a loss behind {quote(events[0])}, but no answer broke off"
    return None


def _flat(text: str) -> str:
    return "".join(text.split())


def _missing(account: Account) -> str | None:
    """Return the unheard part of the last attempt at an answer, if that attempt was completed."""
    if not account.pieces:
        return None
    last = account.pieces[-1]
    rest = "" if last.owner is None else last.owner.words[last.end :].strip()
    return rest if rest and _flat(account.heard) != _flat(account.expected or "") else None


def _near(account: Account, events: list[str]) -> bool:
    """Whether an event reports a beginning of an answer that is at least as long as the part which the
    request for the rest contained. The words alone do not show exactly where a continued answer broke off.
    """
    return any(
        heard.startswith(_flat(event)) and _flat(event).startswith(sent)
        for heard, sent in _continued(account)
        for event in events
    )


def _continued(account: Account) -> Iterator[tuple[str, str]]:
    """Yield the heard text of each continued answer, and the part of it that the request contained.

    A turn with tools has several answers, and an event tells about one of them.
    """
    for attempt in account.attempts:
        if sent := _flat(attempt.step[1]):
            own = [
                p.text for p in account.pieces if p.owner is not None and p.owner.step[0] == attempt.step[0]
            ]
            yield _flat(account.heard), sent
            yield _flat("".join(own)), sent


def _right_categories(episode: Episode, account: Account) -> frozenset[str]:
    heard = {id(piece.owner.said) for piece in account.pieces if piece.owner is not None}
    lost = [attempt for attempt in account.attempts if attempt.lost]
    # An attempt that failed unheard says nothing about the one that broke off later.
    broke_off = [attempt for attempt in lost if id(attempt.said) in heard]
    statuses = {attempt.status for attempt in account.fatal or broke_off or lost if attempt.lost}
    if any(f.field("fault") == _HOUR_OVER for f in account.faults):
        return CATEGORIES - {"application"}  # the API said why, and it is the connection
    if was_refused(episode, account):
        return CATEGORIES - {"application"}  # one attempt was lost, and the API refused another
    if "failed" in statuses:  # the API said why, so it is not the network
        return CATEGORIES - {"connectivity", "application"}
    return frozenset({"connectivity", "server"})
