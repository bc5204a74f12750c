"""The thoughts of one response: a summary to show, and encrypted reasoning to send back in later turns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .steps import ReasoningItem, Step, ThoughtEnd, ThoughtStart, ThoughtText

__all__ = ["Thoughts"]

_END: tuple[Step, ...] = (ThoughtEnd(),)


@dataclass(slots=True)
class Thoughts:
    """The model's thoughts so far."""

    open: bool = False
    """Whether a summary has begun and not ended."""
    _held: list[Step] = field(default_factory=list)
    """Reasoning items without a result so far: text that was spoken, or a call that will run. The API refuses
    one that stands alone, and an attempt that is repeated thinks again.
    """

    def summary(self, text: str) -> tuple[Step, ...]:
        """A piece of a summary came."""
        if self.open:
            return (ThoughtText(text),)
        self.open = True
        return (ThoughtStart(), ThoughtText(text))

    def end(self) -> tuple[Step, ...]:
        """Something else than a thought came."""
        if not self.open:
            return ()
        self.open = False
        return _END

    def hold(self, item: Mapping[str, Any]) -> None:
        """Keep a finished reasoning item, if it is encrypted, until the text or call that it led to has
        arrived.
        """
        if encrypted := item.get("encrypted_content"):
            summary = item.get("summary")
            parts = (
                [part for part in summary if isinstance(part, Mapping)] if isinstance(summary, list) else []
            )
            texts = [{"type": "summary_text", "text": part.get("text") or ""} for part in parts]
            self._held.append(ReasoningItem(item.get("id"), texts, encrypted))

    def release(self) -> tuple[Step, ...]:
        """The reasoning items that were held: their result has come."""
        held = tuple(self._held)
        self._held.clear()
        return held
