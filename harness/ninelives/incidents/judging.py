"""Problems in the latest notes: promises that can be judged while a bot runs, and errors that it reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ninelives.incidents.episode import episode_of, from_the_first_turn
from ninelives.incidents.notes import WIRE, Note, is_question
from ninelives.lab.budgets import USUAL_BUDGETS, Budgets
from ninelives.lab.exploration.trial import keys_of
from ninelives.lab.promises import judge

LIVE = ("I1", "I2", "I3", "I4", "I6", "I9", "I10")
"""The promises that can be judged from what was seen alone, without the expected answer or a healthy turn for
comparison.
"""

LIVE_WITHOUT_WIRE = ("I2", "I3", "I4", "I9", "I10")
"""The promises that can be judged without the model's traffic: then it is unknown what is missing, or what
broke.
"""

LOOKED_AT = 3
"""Number of turns that are judged together when one has ended, because words of an earlier turn may be spoken
in it.
"""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One problem."""

    promise: str | None
    """`I1` to `I10`. None: an error was reported, and no promise is known to be broken."""
    why: str
    category: str | None = None
    """The category of an error."""

    @property
    def shapes(self) -> frozenset[tuple[str, str]]:
        """Its identity, without details such as quoted words."""
        if self.promise is None:
            return frozenset({("error", str(self.category))})
        return keys_of([(self.promise, self.why)])


def judged_in(notes: Sequence[Note]) -> tuple[str, ...]:
    """Return the promises by which notes can be judged."""
    return LIVE if any(note.kind == "sent" for note in notes) else LIVE_WITHOUT_WIRE


def wrong_in(
    notes: Sequence[Note],
    *,
    budgets: Budgets = USUAL_BUDGETS,
    tells_spoken: bool = True,
    begun: bool = False,
) -> list[Wrong]:
    """Return the problems in the latest turns of notes.

    `begun`: whether the last turn has only begun, and is not judged.
    """
    lately = from_the_first_turn(notes, latest=LOOKED_AT + begun)
    if begun:
        last = max(place for place, note in enumerate(lately) if is_question(note))
        until = lately[last].at
        late = [note for note in lately[last:] if note.kind in WIRE - {"sent"} and note.at <= until]
        lately = [*lately[: last + 1], *late]
    episode = episode_of(lately, budgets, tells_spoken=tells_spoken)
    if begun:
        episode = replace(episode, turns=episode.turns[:-1])
    live = judged_in(lately)
    found = [
        Wrong(each.promise, each.why)
        for each in judge(episode)
        if each.held is False and each.promise in live
    ]
    for note in lately:
        if note.kind == "error":
            data = note.data
            category = data["category"] if data["model"] else f"{data['category']} of {data['by']}"
            found.append(Wrong(None, data["message"], category))
    return found
