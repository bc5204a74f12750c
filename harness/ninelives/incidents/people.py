"""Replaces words, above all names of people, in the scenarios made from an incident.

Names are not recognized. Words are found in any case, as whole words, and at a place where an answer broke
off in the middle of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from ninelives.incidents.answering import LOST
from ninelives.lab.scenario_spec import Ask, Output
from ninelives.usage_error import UsageError

SHORTEST = 3
"""Number of letters at the end of a text that broke off from which they count as the beginning of a word to
replace.
"""

_AROUND = ".,;:!?…()[]\"'“”‘’"

_TEXTS = ("text", "refusal", "reasoning")


class Replacements:
    """Pairs of words and their replacements.

    `counts` has how often each was found. Raises UsageError for a pair that is not `WORDS=OTHERS`.
    """

    def __init__(self, pairs: Iterable[str] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self._pairs: dict[str, str] = {}
        for pair in pairs:
            old, equals, new = pair.partition("=")
            if not old.strip() or not equals:
                raise UsageError(f"--replace {pair!r}: expected 'NAME=OTHER', such as 'Jane Roe=Caller'")
            self._pairs[old.strip()] = new.strip()
        # Longer ones first: "Jane Roe" before "Jane".
        self._found = [
            (re.compile(rf"(?<!\w){_spelled(old)}(?!\w)", re.IGNORECASE), old)
            for old in sorted(self._pairs, key=len, reverse=True)
        ]

    @property
    def total(self) -> int:
        """How often anything was replaced."""
        return self.counts.total()

    @property
    def unused(self) -> list[str]:
        """The words that were not found."""
        return [old for old in self._pairs if not self.counts[old]]

    def ask(self, ask: Ask) -> Ask:
        """Return a turn with the words replaced in all its texts."""
        return replace(
            ask, user=self.text(ask.user), answer=tuple(self._output(output) for output in ask.answer)
        )

    def text(self, text: str) -> str:
        """Return a text with the words replaced."""
        known, lost, rest = text.partition(LOST)
        for pattern, old in self._found:
            known, count = pattern.subn(lambda _, old=old: self._pairs[old], known)  # type: ignore[misc]
            self.counts[old] += count
        return (self._beginning(known) if lost else known) + lost + rest

    def _beginning(self, known: str) -> str:
        """Return the end of a text that broke off in the middle of a word to replace."""
        bare = known.rstrip()
        for _, old in self._found:
            for length in range(len(old) - 1, SHORTEST - 1, -1):
                before, end = bare[:-length], bare[-length:]
                if end.casefold() == old[:length].casefold() and not before[-1:].isalnum():
                    self.counts[old] += 1
                    return before + self._pairs[old] + known[len(bare) :]
        return known

    def _output(self, output: Output) -> Output:
        return tuple(self._item(item) for item in output)

    def _item(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        return {key: self.text(value) if key in _TEXTS else value for key, value in item.items()}


def likely_names(texts: Iterable[str]) -> list[str]:
    """Return the words with a capital inside a sentence, each once: names are among them, if they are
    written with one.
    """
    found: dict[str, None] = {}
    for text in texts:
        words, run = text.partition(LOST)[0].split(), list[str]()
        for before, word in pairwise(["", *words, ""]):
            bare = word.strip(_AROUND)
            inside = bool(before) and before.rstrip("\"'”’)")[-1:] not in ".!?:…"
            if inside and bare[:1].isupper() and bare[1:] and not bare.isupper():
                run.append(bare)
            if run and (bare != run[-1] or word != word.rstrip(_AROUND)):
                found[" ".join(run)] = None
                run = []
    return list(found)


def _spelled(words: str) -> str:
    """Return a pattern of words with any white space between them."""
    return r"\s+".join(re.escape(word) for word in words.split())


NOTHING = Replacements()
"""Replaces nothing."""
