"""The seam of a continued answer: how much of a continuation repeats what had been spoken.

Written for the promises, and shares no code with any service that they judge. Words are compared without
regard to case and Unicode form, and to white space and punctuation between them. Pure functions over texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import takewhile

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Return the words of a text, in the form in which they are compared."""
    return [_folded(match[0]) for match in _WORD.finditer(text)]


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())


def news(spoken: str, sent: str, continuation: str) -> Iterator[tuple[str, int]]:
    """Return the texts that may correctly be heard of a continuation after `spoken`, each with its offset in
    the continuation.

    `sent` is the part of `spoken` that the request contained. A continuation that begins with the text
    missing from the request continues exactly, even if a word then occurs twice (very | very). From any other
    continuation, the longest repetition must be left out. White space may be inserted, and punctuation that
    was spoken may be left out as well.
    """
    for start in _starts(spoken, sent, continuation):
        rest = continuation[start:]
        marks = "".join(takewhile(lambda char: not char.isalnum(), reversed(spoken)))[::-1].strip()
        forms = [rest, f" {rest.lstrip()}"]
        if not (rest[:1].isspace() and spoken[-1:].isalnum()):
            forms.append(rest.lstrip())
        if marks and rest.lstrip().startswith(marks):
            bare = rest.lstrip()[len(marks) :]
            forms += [bare, bare.lstrip(), f" {bare.lstrip()}"]
        for form in dict.fromkeys(forms):
            yield form, len(continuation) - len(form)


def _starts(spoken: str, sent: str, continuation: str) -> list[int]:
    before, after = words_of(spoken), [*_WORD.finditer(continuation)]
    folded = [_folded(match[0]) for match in after]
    cut = spoken[-1:].isalnum()
    repeated = [
        n for n in range(1, min(len(before), len(after)) + 1) if _repeats(before[-n:], folded[:n], cut)
    ]
    if not repeated:
        return [0] if sent else []  # asked again without the spoken text: the answer began again
    unsent = len(before) - len(words_of(sent)) if spoken.startswith(sent) else 0
    exact = [unsent] if unsent in repeated else []
    return [_end(before[-1], after[n - 1], cut) for n in dict.fromkeys([*exact, max(repeated)])]


def _repeats(before: Sequence[str], after: Sequence[str], cut: bool) -> bool:
    *whole, last = before
    return whole == list(after[:-1]) and (after[-1] == last or (cut and after[-1].startswith(last)))


def _end(last: str, match: re.Match[str], cut: bool) -> int:
    """Return where the repetition of the last spoken word ends: inside a word, if it had been cut."""
    return match.start() + len(last) if cut and _folded(match[0]) != last else match.end()


def said_again(before: str, after: str) -> str | None:
    """Return the longest run of words with which `before` ends and `after` begins; None if there is none."""
    ended, began = words_of(before), [*_WORD.finditer(after)]
    folded = [_folded(match[0]) for match in began]
    for n in range(min(len(ended), len(began)), 0, -1):
        if ended[-n:] == folded[:n]:
            return after[: began[n - 1].end()].strip()
    return None


def voice_flaw(heard: str, played: str) -> str | None:
    """Return the flaw in the words that a voice played of a text: some played twice, or some left out in the
    middle.

    Different words (for example a number that a filter wrote out) are not judged here.
    """
    text, sound = words_of(heard), words_of(played)
    at = next((n for n, word in enumerate(sound) if n >= len(text) or word != text[n]), None)
    if at is None:
        return None
    rest = sound[at:]
    for begin in range(at - 1, -1, -1):
        again = sound[begin:at]
        behind = rest[len(again) :]
        if rest[: len(again)] == again and behind[:1] in ([], text[at : at + 1]):
            return f"{' '.join(again)!r} was played twice"
    for later in range(at + 1, len(text)):
        if rest == text[later : later + len(rest)]:
            return f"{' '.join(text[at:later])!r} is missing from what was played"
    return None


def unplayed(heard: str, played: str) -> str | None:
    """Return the unplayed end of a text of which a voice played the beginning, or nothing; None if it played
    all.

    Different words are not judged here either.
    """
    text, sound = [*_WORD.finditer(heard)], words_of(played)
    if len(sound) >= len(text) or sound != [_folded(match[0]) for match in text[: len(sound)]]:
        return None
    return heard[text[len(sound)].start() :].strip()
