"""An answer that goes on after a loss, without the words that had been spoken.

Asked to go on where it stopped, a model may say the whole answer again, or its last words, in other spelling.
``Overlap`` compares what comes with what was spoken, word by word, whatever the white space, case and
punctuation between them, and passes on what is new. Pure: texts in, texts out.

The rules:

- As long as what has come may still turn out to repeat all or the end of what was spoken, it is kept.
- Once all words of such a repetition have come, they are dropped, and the rest is passed on.
- What turns out to repeat nothing is passed on as it came: the model goes on, or says it in other words.
- A word that was cut in the middle counts as repeated by the whole word; its missing end is passed on.
"""

import re
from dataclasses import dataclass, field

__all__ = ["Overlap"]

_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Overlap:
    """One continuation of ``spoken``."""

    spoken: str
    _kept: str = ""
    _open: bool = True
    _words: list[str] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    """Where in the words of `spoken` a repetition may begin; at the first word it repeats all of it."""

    def __post_init__(self) -> None:
        self._words = [word.casefold() for word in _WORD.findall(self.spoken)]
        self._starts = list(range(len(self._words)))
        self._open = bool(self._words)

    def feed(self, text: str) -> str:
        """Take the next piece of the continuation; the text that may be said now."""
        if not self._open:
            return text
        self._kept += text
        return self._decided(at_end=False)

    def end(self) -> str:
        """The continuation is over; what was kept of it and is new."""
        return self._decided(at_end=True) if self._open else ""

    def _decided(self, *, at_end: bool) -> str:
        found = list(_WORD.finditer(self._kept))
        # The last word may go on in the next piece, unless something stands behind it.
        whole = found if at_end or (found and found[-1].end() < len(self._kept)) else found[:-1]
        growing = found[len(whole) :]
        alive = [start for start in self._starts if self._fits(start, whole, growing)]
        if alive:
            complete = [start for start in alive if len(self._words) - start <= len(whole)]
            if complete and (at_end or complete[0] == alive[0]):
                return self._rest(complete[0], whole)
            if not at_end:
                self._starts = alive
                return ""
        self._open = False
        kept, self._kept = self._kept, ""
        return kept

    def _fits(self, start: int, whole: list[re.Match[str]], growing: list[re.Match[str]]) -> bool:
        words = self._words[start:]
        for number, match in enumerate(whole[: len(words)]):
            if not self._same(words, number, match[0].casefold()):
                return False
        if growing and len(whole) < len(words):
            begun, word = growing[0][0].casefold(), words[len(whole)]
            last = len(whole) == len(words) - 1
            return word.startswith(begun) or (last and self._cut and begun.startswith(word))
        return True

    def _same(self, words: list[str], number: int, word: str) -> bool:
        last = number == len(words) - 1
        return word == words[number] or (last and self._cut and word.startswith(words[number]))

    @property
    def _cut(self) -> bool:
        """Whether what was spoken may have ended inside a word."""
        return bool(self.spoken) and (self.spoken[-1].isalnum() or self.spoken[-1] == "_")

    def _rest(self, start: int, whole: list[re.Match[str]]) -> str:
        """Drop the repetition that began at a word of what was spoken."""
        self._open = False
        count = len(self._words) - start
        last = whole[count - 1]
        end_of_word = last[0][len(self._words[-1]) :] if self._cut else ""
        rest = self._kept[last.end() :]
        self._kept = ""
        if not end_of_word:
            rest = _without_repeated_end(rest, self.spoken)
        return end_of_word + rest


def _without_repeated_end(rest: str, spoken: str) -> str:
    """Punctuation and white space that both have behind the last word are not said twice."""
    tail = spoken[len(spoken.rstrip()) :]
    marks = re.search(r"[^\w\s]*\Z", spoken.rstrip())
    if marks and marks[0] and rest.startswith(marks[0]):
        rest = rest[len(marks[0]) :]
    return rest.lstrip() if tail else rest
