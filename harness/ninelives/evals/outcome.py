"""The outcome of one of Pipecat's eval scenarios: Pipecat's own result, and the promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pipecat.evals.results import EvalScriptResult, EvalSimulationResult

from ninelives.evals.answers import Missed
from ninelives.evals.disasters import Disaster
from ninelives.evals.files import Case
from ninelives.lab.episode import Episode, Finding
from ninelives.report.timeline import Chapter, Timeline

if TYPE_CHECKING:
    from ninelives.bot.mishaps import Mishap

Result = EvalScriptResult | EvalSimulationResult

Verdict = Literal["passed", "failed", "not judged", "skipped", "crashed"]


@dataclass(frozen=True, slots=True)
class Played:
    """The outcome of one run."""

    case: Case
    disaster: Disaster | None
    """The disaster of the run. None: it was played without faults."""
    result: Result | None
    """Pipecat's own result. None: there is none."""
    episode: Episode
    findings: Sequence[Finding] = ()
    timeline: Timeline = field(default_factory=Timeline)
    transport: str = ""
    """The transport that the bot used: `websocket`, `http`, or empty."""
    source: str = ""
    """The source of the answers: `recording`, `script` or `improvised`."""
    missed: Sequence[Missed] = ()
    """Requests that nothing could answer."""
    mishaps: Sequence[Mishap] = ()
    crash: str | None = None
    failure: BaseException | None = None
    started: bool = True
    injected: bool = True
    """Whether the disaster really happened."""
    turn: int = 0
    """The user's turn in which it happened, from 1; 0 before the first."""
    answerable: bool = True
    """Whether a whole answer to each turn could be expected."""
    skipped: str | None = None
    """Why the run was not played; empty if it was."""
    lenient: bool = False
    """Whether expectations that could not be judged count as passed."""

    @property
    def title(self) -> str:
        """What reports call it."""
        return f"{self.case.title} x {self.disaster.name}" if self.disaster is not None else self.case.title

    @property
    def verdict(self) -> Verdict:
        """Pipecat's own verdict, or why there is none. A run with an expectation that could not be judged has
        not passed.
        """
        if self.skipped is not None:
            return "skipped"
        if self.crash is not None or self.result is None:
            return "crashed"
        if self.result.passed:
            return "passed"
        if self.unjudged and all(each.kind == "judge" for each in self.failures):
            return "not judged"
        return "failed"

    @property
    def failures(self) -> list[Failure]:
        """The problems that Pipecat found."""
        if isinstance(self.result, EvalScriptResult):
            return [
                Failure(
                    each.turn_index + 1,
                    each.event_name,
                    each.reason,
                    "judge" if "judge call failed" in each.reason else each.kind,
                )
                for each in self.result.failures
            ]
        if self.result is None or self.result.passed:
            return []
        found = [
            Failure(0, metric.name, metric.reason, "judge" if metric.score is None else "metric")
            for metric in self.result.metrics
            if not metric.passed
        ]
        if self.result.error:
            found.append(Failure(0, "simulation", self.result.error, "error"))
        elif not self.result.succeeded:
            kind = "judge" if "judge call failed" in self.result.reason else "goal"
            found.append(Failure(0, "goal", self.result.reason or f"ended by {self.result.ended_by}", kind))
        return found

    @property
    def unjudged(self) -> list[Missed]:
        """The judge's questions that nothing could answer."""
        return [each for each in self.missed if each.who == "the judge"]

    @property
    def broken(self) -> list[Finding]:
        """The promises that were not kept."""
        return [finding for finding in self.findings if finding.held is False]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with the bot: the eval passed, if it could, and every promise was kept."""
        if self.verdict == "skipped":
            return True
        if self.crash is not None or self.broken:
            return False
        if self.verdict == "not judged":
            return self.lenient
        return self.verdict == "passed" or not self.answerable

    @property
    def heard(self) -> list[tuple[str, str]]:
        """What was asked and what was heard, turn by turn."""
        return [
            (turn.user or "", turn.text + ("…" if turn.interrupted is not None or turn.errors else ""))
            for turn in self.episode.turns
        ]

    @property
    def chapter(self) -> Chapter:
        """The run as a chapter of a report."""
        sentence = self.disaster.sentence if self.disaster is not None else "Nothing is broken."
        title = f"{self.title.replace('_', ' ')}: eval {self.verdict}"
        return Chapter(title, sentence, self.timeline, tuple(self.findings), tuple(self.heard))


@dataclass(frozen=True, slots=True)
class Failure:
    """One problem that Pipecat found."""

    turn: int
    """The turn, from 1; 0 outside of any turn."""
    what: str
    why: str
    kind: str

    def __str__(self) -> str:
        return f"turn {self.turn}: {self.what}: {self.why}" if self.turn > 0 else f"{self.what}: {self.why}"
