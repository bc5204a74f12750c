"""The black box's thread: it judges, redacts and writes; the bot never waits for it."""

from __future__ import annotations

import atexit
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loguru import logger

from ninelives.cassette.redact import Redactor
from ninelives.incidents.judging import Wrong, judged_in, wrong_in
from ninelives.incidents.notes import WIRE, Note, in_order
from ninelives.incidents.writing import lines_of, write
from ninelives.lab.budgets import Budgets

WAITING = 8
"""Number of turns that may wait to be judged; further ones are dropped rather than kept in memory."""

AT_THE_END = 1.5
"""Seconds that a program that ends waits for turns that are not judged and written yet."""


@dataclass(frozen=True, slots=True)
class _Job:
    notes: list[Note]
    about: Mapping[str, Any]
    reason: str | None
    begun: bool


class JudgingThread:
    """Judges and writes, one after the other, in a thread that the end of a program hardly waits for."""

    def __init__(
        self, folder: Path, *, keep: int, quiet: float, budgets: Budgets, redactor: Redactor
    ) -> None:
        self.written: list[Path] = []
        self._folder, self._keep, self._quiet = folder, keep, quiet
        self._budgets, self._redactor = budgets, redactor
        self._jobs: queue.Queue[_Job] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._reported: dict[tuple[str, str], float] = {}
        """When each problem was last written, by its identity."""
        self._warned = False
        self._pending = 0
        self._idle = threading.Condition()

    def take(self, notes: list[Note], about: Mapping[str, Any], reason: str | None, *, begun: bool) -> None:
        """Take a copy of the ring, to be judged, or to be written for a reason. Never waits.

        `begun`: whether the last turn in it has only begun, and is not judged.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="ninelives black box", daemon=True)
            self._thread.start()
            atexit.register(self.flush, AT_THE_END)  # a process per call ends right after its last turn
        try:
            with self._idle:
                self._jobs.put_nowait(_Job(notes, about, reason, begun))
                self._pending += 1
        except queue.Full:
            self._warn("it cannot keep up, and left a turn out")

    def flush(self, timeout: float | None) -> bool:
        """Wait until everything is done. Return False if that took longer."""
        with self._idle:
            return self._idle.wait_for(lambda: self._pending == 0, timeout)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                self._do(job)
            except OSError as error:
                self._warn(f"{self._folder} cannot be written ({error.strerror or error})")
            except Exception as error:
                self._warn(f"an incident could not be judged or written: {error!r}")
            finally:
                with self._idle:
                    self._pending -= 1
                    self._idle.notify_all()

    def _do(self, job: _Job) -> None:
        notes = in_order(job.notes)
        if not notes:
            return
        reported = bool(job.about["tells_spoken"])
        news = wrong_in(notes, budgets=self._budgets, tells_spoken=reported, begun=job.begun)
        now = notes[-1].at
        if job.reason is None:
            news = [each for each in news if self._is_news(each, now)]
            if not news:
                return
        broken = [each for each in news if each.promise is not None]
        first = (broken or news or [Wrong(None, job.reason or "")])[0]
        reason = job.reason or (f"{first.promise}: {first.why}" if first.promise else f"error: {first.why}")
        name = "dump" if job.reason is not None else (first.promise or "error").lower()
        header = {
            **{key: value for key, value in job.about.items() if key != "whole"},
            "trigger": "dump" if job.reason is not None else "promise" if broken else "error",
            "reason": reason,
            "broken": [{"promise": each.promise, "why": each.why} for each in broken],
            "errors": [
                {"category": each.category, "message": each.why} for each in news if each.promise is None
            ],
            "judged": list(judged_in(notes)),
            "wire": any(note.kind in WIRE for note in notes),
            "whole": job.about["whole"],
            "seconds": round(now - notes[0].at, 3),
        }
        lines = lines_of(notes, self._redactor)  # first: its secrets are redacted in the header too
        head = {key: self._clean(value) for key, value in header.items()}
        self.written.append(write(self._folder, name, head, lines, self._keep))
        logger.warning(f"BlackBox: {self._redactor.string(reason)}; written to {self.written[-1]}")

    def _clean(self, value: Any) -> Any:
        match value:
            case str():
                return self._redactor.string(value)
            case dict():
                return {key: self._clean(each) for key, each in value.items()}
            case list():
                return [self._clean(each) for each in value]
        return value

    def _is_news(self, wrong: Wrong, now: float) -> bool:
        """Whether a problem has not been written lately."""
        known = all(now - self._reported.get(shape, -1e12) < self._quiet for shape in wrong.shapes)
        if not known:
            self._reported |= dict.fromkeys(wrong.shapes, now)
        return not known

    def _warn(self, why: str) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(f"BlackBox: {why}; this warning appears once, and the bot is not affected")
