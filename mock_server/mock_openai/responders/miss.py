"""A request that no rule answered, and the rule that came nearest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mock_openai.journal import redact
from mock_openai.patterns import SlowPattern
from mock_openai.protocol.errors import ApiError
from mock_openai.responders.base import Turn
from mock_openai.responders.handle import RuleHandle
from mock_openai.responders.turn_input import TurnInput, described

NO_RULE = "no_rule"
"""The error code of a strict script. It is ours: the real API has no such error."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A request that no rule answered; as text it is one line."""

    asked: str
    """The request in a few words."""
    rules: int
    """The number of rules of the script."""
    nearest: str = ""
    """The nearest rule, with its place: `rule 2 (test_bot.py:15)`. Empty if there are no rules."""
    why: str = ""
    """Why that rule did not hold."""
    refused: bool = False
    """Whether the script is strict, so that the request got an error."""
    session: str | None = None
    """The session of the request; None for the server's own."""

    def error(self) -> ApiError:
        """Return the error with which a strict script answers."""
        return ApiError(f"{self} The script is strict.", status=404, code=NO_RULE)

    def __str__(self) -> str:
        """Return one line, without secrets: a rule's conditions may hold some, as the request may."""
        return redact.explanation(self._line())

    def _line(self) -> str:
        where = "" if self.session is None else f"session {self.session!r}: "
        if not self.rules:
            return f"{where}No rule for {self.asked}: the script is empty."
        few = f" of {self.rules}" if self.rules > 1 else ""
        return f"{where}No rule for {self.asked}. Nearest{few} was {self.nearest}: {self.why}."


def nearest_miss(handles: Sequence[RuleHandle], turn: Turn, asked: TurnInput) -> Miss:
    """Return the rule that came nearest to answering a turn, and the conditions that failed."""
    best, nearest, why = -1, "", ""
    for number, handle in enumerate(handles, 1):
        try:
            lacks = list(reasons(handle, turn, asked))
        except SlowPattern as error:
            return Miss(described(turn), len(handles), titled(number, handle), str(error))
        near = handle.rule.when.nearness(asked, failed=lacks)
        if near > best:
            best, nearest, why = near, titled(number, handle), "; ".join(lacks)
    return Miss(described(turn), len(handles), nearest, why)


def reasons(handle: RuleHandle, turn: Turn, asked: TurnInput) -> Iterator[str]:
    """Yield the reasons why a rule does not answer a turn; none if it does. Raises SlowPattern."""
    rule = handle.rule
    failed = False
    for reason in rule.when.failures(turn, asked):
        failed = True
        yield reason
    if handle.spent:
        times = "once" if rule.times == 1 else f"{rule.times} times"
        yield f"times: it has answered {times} already"
    elif not failed and callable(rule.answer) and not isinstance(rule.answer, ApiError):
        yield "its function returned None"


def titled(number: int, handle: RuleHandle) -> str:
    """Return the name of a rule in explanations: its number in the script, its name and where it
    was written.
    """
    name = "" if handle.rule.name is None else f" '{handle.rule.name}'"
    return f"rule {number}{name}" + (f" ({handle.rule.where})" if handle.rule.where else "")
