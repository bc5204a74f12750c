"""A bot under test: drives a real Pipecat pipeline as a user would and records what was heard.

The values (`Turn`, `Heard`, `ToolCall`, `ReportedError`, `Captured`) do not need Pipecat; `Bot` imports it,
which takes a second or two, on first use.
"""

from typing import TYPE_CHECKING

from ninelives.bot.turn import Captured, Heard, ReportedError, ToolCall, Turn, TurnTimeout
from ninelives.lazy import lazy

if TYPE_CHECKING:
    from ninelives.bot.bot import Bot

__all__ = ["Bot", "Captured", "Heard", "ReportedError", "ToolCall", "Turn", "TurnTimeout"]

__getattr__ = lazy(__name__, {"Bot": "ninelives.bot.bot"})
