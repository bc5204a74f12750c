"""Promises I1 and I2: each word is heard once, in order, as part of its own answer."""

from __future__ import annotations

from itertools import pairwise

from ninelives.lab.attribution import SAME_TIME, Account
from ninelives.lab.episode import Episode, Finding
from ninelives.lab.promises.verdict import Reasons, turn, verdict
from ninelives.lab.seams import said_again, voice_flaw
from ninelives.lab.wording import quote


def spoken_once_and_in_order(name: str, episode: Episode, accounts: list[Account]) -> Finding:
    """I1: what was heard of a turn is what was sent, each part once, in order, without a gap."""
    return verdict(
        name,
        any(a.heard or a.said for a in accounts),
        _flaws(accounts),
        "heard " + ", ".join(quote(a.heard) for a in accounts if a.heard),
        "nothing was said",
    )


def _flaws(accounts: list[Account]) -> Reasons:
    for a in accounts:
        if not a.fits:
            yield from _disorder(a)
        # With a voice, what was played counts.
        if (played := getattr(a.turn, "played", None)) and (flaw := voice_flaw(a.heard, played)) is not None:
            yield f"{turn(a)}: of {quote(a.heard)} {flaw}: {quote(played)}"


def _disorder(account: Account) -> Reasons:
    where = f"{turn(account)} heard {quote(account.heard)} of {quote(account.said)}"
    if any(piece.owner is None for piece in account.pieces):
        strange = quote("".join(p.text for p in account.pieces if p.owner is None))
        yield f"{where}: the model never said {strange}"
        return
    if (again := _again(account)) is not None:
        yield f"{where}: {quote(again)} was spoken again when the answer continued"
        return
    own = [piece for piece in account.pieces if not piece.foreign and piece.owner is not None]
    first_of_step: dict[object, int] = {}
    reached: dict[int, int] = {}
    for piece in own:
        owner = piece.owner
        assert owner is not None
        if first_of_step.setdefault(owner.step, id(owner.said)) != id(owner.said):
            yield f"{where}: the answer started over after part of it had been spoken"
            return
        expected = reached.get(id(owner.said), 0)
        if piece.start < expected:
            yield f"{where}: {quote(piece.text)} was spoken twice or out of order"
            return
        if piece.start > expected:
            hole = quote(owner.words[expected : piece.start])
            yield f"{where}: {hole} is missing before {quote(piece.text)}"
            return
        reached[id(owner.said)] = piece.end
    for earlier, later in pairwise(own):
        assert earlier.owner is not None
        if later.owner is not earlier.owner and earlier.end < len(earlier.owner.words):
            hole = quote(earlier.owner.words[earlier.end :])
            yield f"{where}: {hole} is missing before {quote(later.text)}"
            return
    order = [id(attempt.said) for attempt in account.attempts]
    places = [order.index(id(piece.owner.said)) for piece in own if piece.owner is not None]
    if places != sorted(places):
        yield f"{where}: the parts were spoken out of order"
    elif not any(piece.foreign for piece in account.pieces):
        yield f"{where}: a part is missing before something that was spoken"


def _again(account: Account) -> str | None:
    """Return the words that were spoken again when an answer was continued."""
    at = 0
    for before, piece in pairwise(account.pieces):
        at += len(before.text)
        went_on = piece.owner is not None and piece.owner.step[1] and piece.owner is not before.owner
        if went_on and (again := said_again(account.heard[:at], account.heard[at:])) is not None:
            return again
    return None


def spoken_as_its_own(name: str, episode: Episode, accounts: list[Account]) -> Finding:
    """I2: nothing of a cancelled response leaks into a later turn, or comes after the user cut in."""

    def leaks() -> Reasons:
        for a in accounts:
            foreign = [piece for piece in a.pieces if piece.foreign]
            if foreign:
                yield (
                    f"{turn(a)} heard {quote(foreign[0].text)}, which answers another turn; "
                    f"the answer to this one: {quote(a.said)}"
                )
            if (stopped := a.turn.gave_way) is not None:
                late = "".join(h.text for h in a.turn.heard if h.at > stopped + SAME_TIME)
                if late:
                    yield f"{turn(a)} continued with {quote(late)} after the user had cut in"

    responses = sum(len(a.attempts) for a in accounts)
    return verdict(
        name,
        responses > 1,
        leaks(),
        f"{responses} responses, none spoken as another's",
        "there was only one response",
    )
