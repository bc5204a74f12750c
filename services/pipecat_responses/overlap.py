"""Continuing an answer after a loss: the text that the model is given, and the part of its continuation that
is new.

A model that is asked to continue may say the rest, repeat the whole answer or its last words, or say
something else, possibly spelled differently. Whether a word at the seam is a repetition (degrees | degrees)
or meant (very | very) cannot be seen from the text. So the model gets all but the last word (``told_of``): it
has to say that word again, which marks the seam. This also settles white space, and words that the loss cut.

``Overlap`` compares the continuation with the spoken text, word by word, ignoring white space, case,
punctuation and Unicode form, and passes on the new text. Pure: texts in, texts out. The rules:

- A continuation that begins exactly with the words that the model did not get continues at the seam.
- As long as the continuation may still turn out to repeat all or the end of the spoken text, it is held back.
- Once all words of such a repetition have come, they are dropped, and the rest is passed on.
- A continuation that repeats nothing is passed on unchanged, as a new word.
- A word that was cut in the middle counts as repeated by the whole word; its missing end is passed on.
"""

import re
import sys
import unicodedata
from dataclasses import dataclass, field
from functools import cache

__all__ = ["Overlap", "told_of"]

# Scripts without white space between words: each letter counts as a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_INVISIBLE = "\u00ad\u200b-\u200d\u2060\ufe0e\ufe0f"
_LAST_BLOCK_WITH_MARKS = 0x3100
_LONGEST_END = 200
"""A repetition may begin with the first word or within this many last ones; the limit bounds comparisons."""
_OPENING = "\"'“‘«(["


@cache
def _word() -> re.Pattern[str]:
    """Return the pattern of a word with its combining marks; compiled at the first loss."""
    marks = "".join(
        re.escape(chr(code))
        for code in range(0x300, min(_LAST_BLOCK_WITH_MARKS, sys.maxunicode))
        if unicodedata.category(chr(code)).startswith("M")
    )
    behind = f"[{marks}{_INVISIBLE}]*"
    return re.compile(f"[{_UNSPACED}]{behind}|(?:[^\\W{_UNSPACED}]{behind})+")


def _folded(word: str) -> str:
    """Return a word in the form in which words are compared."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return re.sub(f"[{_INVISIBLE}]", "", decomposed)


def told_of(spoken: str) -> str:
    """Return the spoken text as the model is given it: without the last word and what follows it."""
    words = list(_word().finditer(spoken))
    return spoken[: words[-1].start()].rstrip() if words else ""


@dataclass(slots=True)
class Overlap:
    """One continuation of ``spoken``."""

    spoken: str
    _kept: str = ""
    _open: bool = True
    _untold: str = ""
    """The spoken text that was not sent to the model."""
    _echo: str = ""
    """Punctuation and white space that were spoken behind the last word, and may come again."""
    _words: list[str] = field(default_factory=list)
    _alive: list[int] = field(default_factory=list)
    """The words of `spoken` with which a repetition may have begun; at the first word it repeats all."""
    _cut: bool = False
    """Whether the spoken text may have ended inside a word."""
    _came: list[re.Match[str]] = field(default_factory=list)
    """The words that have arrived whole."""

    def __post_init__(self) -> None:
        found = list(_word().finditer(self.spoken))
        self._untold = self.spoken[len(told_of(self.spoken)) :]
        self._words = [_folded(word[0]) for word in found]
        self._alive = [at for at in range(len(found)) if not at or at >= len(found) - _LONGEST_END]
        self._cut = bool(found) and found[-1].end() == len(self.spoken)

    def feed(self, text: str) -> str:
        """Take the next piece of the continuation; return the text that may be said now."""
        if not self._open:
            return self._without_echo(text) if self._echo else text
        self._kept += text
        return self._decided(at_end=False)

    def end(self) -> str:
        """End the continuation; return the new text that was held back."""
        return self._decided(at_end=True) if self._open else ""

    def _decided(self, *, at_end: bool) -> str:
        if self._kept.startswith(self._untold):
            return self._closed(self._kept[len(self._untold) :])
        if self._untold.startswith(self._kept) and not at_end:
            return ""
        growing = self._take_words(at_end)
        alive = [start for start in self._alive if growing is None or self._may_go_on(start, growing)]
        complete = [start for start in alive if self._is_complete(start)]
        if complete and (at_end or complete[0] == alive[0]):
            last = self._came[len(self._words) - complete[0] - 1]
            rest = self._kept[last.end() :]
            if self._cut and (end := _without(last[0], self._words[-1])):
                return self._closed(end + rest)
            self._echo = self.spoken[self._end_of_words() :]
            return self._closed(self._without_echo(rest))
        if alive and not at_end:
            return ""
        return self._closed(self._apart(self._kept))

    def _closed(self, text: str) -> str:
        self._open, self._kept = False, ""
        return text

    def _take_words(self, at_end: bool) -> str | None:
        """Compare the words that are whole; return the one that may go on in the next piece."""
        while True:
            begin = self._came[-1].end() if self._came else 0
            found = _word().search(self._kept, begin)
            if found is None:
                return None
            word = _folded(found[0])
            if found.end() == len(self._kept) and not at_end:
                return word
            self._alive = [start for start in self._alive if self._is_repeated(start, word)]
            self._came.append(found)

    def _is_complete(self, start: int) -> bool:
        """Whether the spoken text has been repeated from this word to its end."""
        return start + len(self._came) >= len(self._words)

    def _is_repeated(self, start: int, word: str) -> bool:
        """Whether a word is the next one of a repetition that began at `start`, or comes behind its end."""
        if self._is_complete(start):
            return True
        spoken = self._words[start + len(self._came)]
        return word == spoken or (self._is_cut(start) and word.startswith(spoken))

    def _may_go_on(self, start: int, growing: str) -> bool:
        """Whether the beginning of a word may become the next one of the repetition."""
        if self._is_complete(start):
            return True
        spoken = self._words[start + len(self._came)]
        return spoken.startswith(growing) or (self._is_cut(start) and growing.startswith(spoken))

    def _is_cut(self, start: int) -> bool:
        """Whether the next word of the repetition is the last that was spoken, and may have been cut."""
        return self._cut and start + len(self._came) == len(self._words) - 1

    def _end_of_words(self) -> int:
        return max((word.end() for word in _word().finditer(self.spoken)), default=0)

    def _without_echo(self, text: str) -> str:
        """Drop the punctuation and white space that were spoken already."""
        at = 0
        while self._echo and at < len(text):
            if text[at] == self._echo[0]:
                at += 1
            elif not self._echo[0].isspace():
                self._echo = ""
                break
            self._echo = self._echo[1:]
        return text[at:]

    def _apart(self, text: str) -> str:
        """Put white space before a text that begins with a new word, because the text that the model got
        ended before a word.
        """
        before, after = self.spoken[-1:], text[:1]
        if not after or not (after.isalnum() or after in _OPENING):
            return text
        if before.isspace() or before in _OPENING or re.match(f"[{_UNSPACED}]", before + after):
            return text
        return text if re.match(f"[{_UNSPACED}]", after) else f" {text}"


def _without(word: str, begun: str) -> str:
    """Return the end of a word whose beginning was spoken."""
    for end in range(len(word) + 1):
        if _folded(word[:end]) == begun:
            rest = word[end:]
            return rest if _folded(rest) else ""
    return _folded(word)[len(begun) :]
