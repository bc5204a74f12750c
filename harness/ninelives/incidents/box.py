"""`BlackBox`: an observer that keeps the last minutes of a bot, and writes them to a file when something is
wrong.

In the bot's loop it only takes notes: a look-up by class for each frame, an object for those that matter.
Judging, redacting and writing happen in a thread of its own, when a turn is over. Its own errors never reach
the bot.
"""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from loguru import logger
from mock_openai.redaction import Rule
from pipecat.observers.base_observer import BaseObserver, FramePushed, ProcessorSetUp
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService

from ninelives.cassette.redact import Redactor
from ninelives.incidents.frames import noted
from ninelives.incidents.judging_thread import JudgingThread
from ninelives.incidents.notes import Note, Ring
from ninelives.lab.conditions import read_conditions
from ninelives.lab.episode import TURN_BOUND

SETTLED = 1.0
"""Seconds without any sign of the model after which a turn counts as over."""

_WORK = frozenset({"start", "text", "end", "calls", "call", "result", "error", "context"})
"""Kinds of notes that show that a turn is still open."""


class BlackBox(BaseObserver):
    """Keeps the last minutes of frames and traffic, and writes an incident when something is wrong.

        worker.add_observer(BlackBox("incidents/", minutes=5))

    A file is written if a turn broke a promise that can be judged while the bot runs (I1 to I4, I6, I9, I10),
    if an error frame passed, and if `dump` is called. The same problem is written once in `minutes`.

    Args:
        folder: Where incidents are written; created with the first one.
        minutes: How far back an incident reaches.
        max_bytes: How much is kept in memory; older notes are dropped.
        keep: How many files stay in the folder; the oldest are removed.
        max_dead_air: The longest silence that is not an incident, such as `5s` (I10); by default
            10 s, and 30 s if the model was asked to think.
        rules: Further secrets, as pairs of a regular expression and its replacement, as for a recording.
        emails: Whether e-mail addresses are redacted too.
        phones: Whether phone numbers are redacted too (needs `ninelives[phones]`).

    Raises:
        ValueError: A number is not positive, or `max_dead_air` is not a duration.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        minutes: float = 5.0,
        *,
        max_bytes: int = 8_000_000,
        keep: int = 20,
        max_dead_air: str | float | None = None,
        rules: Iterable[Rule] = (),
        emails: bool = False,
        phones: bool = False,
    ) -> None:
        super().__init__(observe_every_push=False)
        for name, value in (("minutes", minutes), ("max_bytes", max_bytes), ("keep", keep)):
            if not value > 0:
                raise ValueError(f"BlackBox({name}={value!r}): expected a number above 0")
        self._ring = Ring(minutes * 60.0, max_bytes)
        self._desk = JudgingThread(
            Path(folder),
            keep=keep,
            quiet=minutes * 60.0,
            budgets=read_conditions(max_dead_air=max_dead_air).budgets,
            redactor=Redactor(rules=rules, emails=emails, phones=phones),
        )
        self._processors: list[str] = []
        self._services: list[LLMService[Any]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._shift: float | None = None
        """Seconds from the pipeline's clock to the loop's."""
        self._timer: asyncio.TimerHandle | None = None
        self._bound: asyncio.TimerHandle | None = None
        self._open = 0
        self._calls: dict[str, bool] = {}
        self._complained = False

    @property
    def incidents(self) -> list[Path]:
        """The files that this box has written, oldest first; `flush` waits for pending ones."""
        return list(self._desk.written)

    def dump(self, reason: str = "asked for") -> None:
        """Write what is kept now, whatever the promises say. Returns at once; `flush` waits for the file."""
        self._hand_over(reason)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything seen is judged and written. Return False if `timeout` seconds were not
        enough.

        It blocks: call it where the bot does not run, for example at the end of a test.
        """
        return self._desk.flush(timeout)

    # -- what Pipecat calls ------------------------------------------------------------------------

    async def on_processor_setup(self, data: ProcessorSetUp) -> None:
        """Note a processor; watch the traffic of a service that supports it."""
        try:
            self._meet(data.processor)
        except Exception as error:
            self._complain(error)

    async def on_push_frame(self, data: FramePushed) -> None:
        """Note a frame."""
        try:
            found = noted(data)
            if found is not None:
                self._note_frame(data, *found)
        except Exception as error:
            self._complain(error)

    async def cleanup(self) -> None:
        """Judge what has not been judged, because the bot ends."""
        await super().cleanup()  # type: ignore[no-untyped-call]
        for service in self._services:
            if (watch := getattr(service, "watch_wire", None)) is not None:
                watch(None)
        if self._timer is not None:
            self._over()
        if self._bound is not None:
            self._bound.cancel()

    # -- inside ------------------------------------------------------------------------------------

    def _meet(self, processor: FrameProcessor) -> None:
        self._processors.append(type(processor).__name__)
        if not isinstance(processor, LLMService) or processor in self._services:
            return
        self._services.append(processor)
        # Looked up, because subscribing to an event that a service does not have logs a warning.
        if "on_response_interrupted" in getattr(processor, "_event_handlers", {}):
            processor.add_event_handler("on_response_interrupted", self._lost)
        if (watch := getattr(processor, "watch_wire", None)) is not None:
            offset = len(self._services) * 1_000_000 - 1_000_000  # so that no two share numbers
            watch(lambda kind, number, data: self._note_wire(kind, number + offset, data))

    def _note_frame(self, push: FramePushed, kind: str, data: Any, size: int) -> None:
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        if isinstance(push.source, LLMService) and push.source not in self._services:
            self._meet(push.source)  # the observer came after the pipeline was set up
        # An observer is called some time after a frame was pushed; the pipeline's clock says when that was.
        pushed, now = push.timestamp / 1e9, loop.time()
        if self._shift is None or now - pushed < self._shift:
            self._shift = now - pushed
        self._ring.add(Note(round(pushed + self._shift, 6), kind, data), size)
        if kind in _WORK:
            self._follow(kind, data, loop)

    def _note_wire(self, kind: str, number: int, data: bytes) -> None:
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        self._ring.add(Note(round(loop.time(), 6), kind, (number, data)), len(data))

    async def _lost(self, service: object, spoken: str, *_: object) -> None:
        if self._loop is not None:
            self._ring.add(Note(round(self._loop.time(), 6), "lost", spoken), len(spoken))

    def _follow(self, kind: str, data: Any, loop: asyncio.AbstractEventLoop) -> None:
        """Check whether the turn is over, and judge it after a moment."""
        match kind:
            case "context" if data["role"] != "user":
                return  # a tool's result, whose consequences are still to come, or the end of an answer
            case "context":
                if self._timer is not None or self._open or self._calls:
                    self._over(begun=True)
                self._open, self._calls = 0, {}
                if self._bound is not None:
                    self._bound.cancel()
                self._bound = loop.call_later(TURN_BOUND + SETTLED, self._never_ended)
            case "start":
                self._open += 1
            case "end":
                self._open = max(0, self._open - 1)
            case "calls":
                self._calls |= dict.fromkeys(data, True)
            case "call":
                self._calls[data["call_id"]] = data["waits"]
            case "result" if data["final"]:
                self._calls.pop(data["call_id"], None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (kind == "error" and not data["model"]) or (
            kind in ("end", "result", "text", "error") and not self._open and not any(self._calls.values())
        ):
            self._timer = loop.call_later(SETTLED, self._over)
            if self._bound is not None and kind == "end":
                self._bound.cancel()
                self._bound = None

    def _over(self, *, begun: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._hand_over(None, begun=begun)

    def _never_ended(self) -> None:
        self._bound = None
        self._hand_over(None)

    def _hand_over(self, reason: str | None, *, begun: bool = False) -> None:
        try:
            self._desk.take(self._ring.notes(), self._about(), reason, begun=begun)
        except Exception as error:
            self._complain(error)

    def _about(self) -> dict[str, Any]:
        return {
            "tool": f"ninelives {version('ninelives')}",
            "bot": {
                "services": [f"{type(each).__module__}.{type(each).__qualname__}" for each in self._services],
                "processors": list(self._processors),
                "pipecat": version("pipecat-ai"),
                "python": platform.python_version(),
            },
            "tells_spoken": any(
                "on_response_interrupted" in getattr(each, "_event_handlers", {}) for each in self._services
            ),
            "whole": self._ring.whole,
        }

    def _complain(self, error: Exception) -> None:
        """Report once that the box has a problem; the bot goes on."""
        if not self._complained:
            self._complained = True
            logger.warning(
                f"BlackBox: an incident may be missing, because of {error!r}; the bot is not affected"
            )
