"""One rule of a script: when it holds, what it answers, how often."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.reply import Call, Item, Reasoning, Refusal, Reply, Text
from mock_openai.responders.answer import Answer, Recorded
from mock_openai.responders.base import OwnTurn, Turn
from mock_openai.responders.continuation import Continuation
from mock_openai.responders.when import When

# A function that answers. It returns an answer, text, items, a rule (for its answer), or None to pass.
Answering = Callable[[Turn], Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `answer` may be a function of the turn, plain or async. `times` limits how often it
    answers; None means always.

    `where` says where it was written, for explanations. `name` finds it in its script. `continuation` is how
    it answers when a client asks to go on with its text, of which a part has been spoken.
    """

    answer: Reply | Recorded | ApiError | Answering
    when: When = field(default_factory=When)
    times: int | None = None
    where: str | None = None
    name: str | None = None
    continuation: Continuation = "rest"

    async def answer_to(self, turn: Turn) -> Answer | None:
        """Return the answer to a turn; None when a function passes."""
        if isinstance(self.answer, Reply | Recorded | ApiError):
            return self.answer
        said = self.answer(OwnTurn(turn))
        if inspect.isawaitable(said):
            said = await _awaited(said)
        return as_answer(said)


async def _awaited(said: Awaitable[Any]) -> Any:
    return await said


def as_answer(said: Any) -> Answer | None:
    """Return the answer for what a function returned. Raises TypeError if it cannot be one."""
    match said:
        case None | Reply() | Recorded() | ApiError():
            return said
        case Rule(answer) if not callable(answer) or isinstance(answer, ApiError):
            return as_answer(answer)
        case str():
            return Reply((Text(said),))
        case Text() | Refusal() | Call() | Reasoning() | Item():
            return Reply((said,))
        case list() | tuple():
            return Reply(tuple(Text(part) if isinstance(part, str) else part for part in said))
    raise TypeError(
        f"a rule's function returned {said!r}; expected a reply, items, text, an ApiError or None"
    )
