"""The ten promises that a bot must keep whatever happens to its connection, as code.

Each promise is one small pure function over an episode and its accounts; `judge` checks them all. The finding
of a broken promise compares what was heard with what the server sent, so that a reader needs no trace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ninelives.lab.attribution import Account, accounts
from ninelives.lab.episode import Episode, Finding
from ninelives.lab.promises import afterwards, breaks, ends, reports, silence, tools, words

PROMISES: Mapping[str, str] = {
    "I1": "No text is spoken twice, none is lost between two that were spoken, none is out of order.",
    "I2": "Text of one response is never spoken as another's.",
    "I3": "A tool runs at most once per call, with complete and valid arguments, for a finished response.",
    "I4": "Every turn ends: start and end frames pair up, within a bounded time.",
    "I5": "If nothing had been spoken when it broke, the user hears the whole answer and no error.",
    "I6": "If something had been spoken, the answer goes on where it stopped, with no word twice, or the "
    "turn ends with one error of the right category. Either way an event says what was spoken.",
    "I7": "The next turn works, with the right context, and answers its own question.",
    "I8": "Expiry, idle closes and interruptions cost the next turn no round trip.",
    "I9": "Every failure is one error with a category and wording that says what to do; none is silent, "
    "none needlessly permanent.",
    "I10": "The caller is never left in silence for longer than the budget without a word or an error.",
}
"""The name and text of each promise."""

_JUDGES: Mapping[str, Callable[[str, Episode, list[Account]], Finding]] = {
    "I1": words.spoken_once_and_in_order,
    "I2": words.spoken_as_its_own,
    "I3": tools.tools_once_and_whole,
    "I4": ends.every_turn_ends,
    "I5": breaks.whole_answer_if_nothing_was_spoken,
    "I6": breaks.sentence_finished_or_honest_end,
    "I7": afterwards.next_turn_answers_its_question,
    "I8": afterwards.no_waiting_for_housekeeping,
    "I9": reports.every_failure_is_reported,
    "I10": silence.never_left_in_silence,
}


def judge(episode: Episode) -> list[Finding]:
    """Check every promise, in order."""
    found = accounts(episode)
    return [promise(name, episode, found) for name, promise in _JUDGES.items()]
