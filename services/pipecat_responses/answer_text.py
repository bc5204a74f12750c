"""The text of one response, part by part, as far as it has arrived."""

from collections import Counter
from dataclasses import dataclass, field

from .text import split_end, whole_text

__all__ = ["AnswerText", "Part"]

Part = tuple[object, object]
"""The key of a piece of a message: its place in the output and in the message."""


@dataclass(slots=True)
class AnswerText:
    """The text of each part so far."""

    said: dict[Part, list[str]] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    """All text since the last part that ended, whatever its places: some servers number each piece."""
    ended: Counter[str] = field(default_factory=Counter)
    """The whole texts of the parts that ended."""
    halves: dict[Part, str] = field(default_factory=dict)
    """The first half of a surrogate pair that a delta ended with: the second half may begin the next one."""

    def joined(self, part: Part, text: str) -> str:
        """Return a delta, completed by a half character held from the one before. A final half is held."""
        text, half = split_end(self.halves.pop(part, "") + text)
        if half:
            self.halves[part] = half
        return whole_text(text)

    def add(self, part: Part, text: str) -> None:
        """Add a piece of a part."""
        self.said.setdefault(part, []).append(text)
        self.running.append(text)

    def may_lack_some_before(self, part: Part) -> bool:
        """Whether another part has text that came later than this part's."""
        return bool(self.said) and part != next(reversed(self.said))

    def rest(self, part: Part, whole: str) -> str | None:
        """Return the missing end of a part whose whole text is known; None if the text that has arrived
        differs from it.
        """
        whole = whole_text(whole)
        self.halves.pop(part, None)
        said = self._joined(part)
        if part not in self.said or self.may_lack_some_before(part):
            running = "".join(self.running)
            if running and said != whole and whole.startswith(running):
                return whole[len(running) :]
        return whole[len(said) :] if whole.startswith(said) else None

    def _joined(self, part: Part) -> str:
        pieces = self.said.get(part)
        if pieces is None:
            return ""
        if len(pieces) > 1:
            pieces[:] = ["".join(pieces)]  # the next time costs nothing
        return pieces[0]

    def end_part(self, whole: object) -> None:
        """Note the whole text of a part that ended."""
        self.running.clear()
        if isinstance(whole, str) and whole:
            self.ended[whole] += 1

    def was_ended(self, part: Part, whole: object) -> bool:
        """Whether a text of the finished output ended before under another place, each once."""
        if not isinstance(whole, str) or not self.ended[whole]:
            return False
        self.ended[whole] -= 1  # also by the part that it belongs to: another one may have the same text
        return part not in self.said

    def part_at(self, index: int, place: int) -> Part:
        """The key of a part of the finished output; servers that number nothing have only one."""
        return (None, None) if (None, None) in self.said else (index, place)
