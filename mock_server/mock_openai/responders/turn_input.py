"""The input of a turn as conditions see it: the items that it answers, their roles, and the tool outputs
among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import msgspec

from mock_openai.journal import redact
from mock_openai.protocol.history import History
from mock_openai.protocol.parts import text_of
from mock_openai.protocol.request import ToolOutput, tool_outputs
from mock_openai.responders.base import Turn

SPEAKERS = ("user", "developer", "system")
"""Roles of the messages that a model answers."""

_KINDS = {name: frozenset({name, "last"}) for name in (*SPEAKERS, "tool_output")}
"""The conditions that are about each kind of turn."""

_SAYS_NOTHING = frozenset({"additional_tools", "compaction_trigger"})
"""Types of items that need no answer."""

_SHOWN = 60
_SEARCHED = 1024
"""Characters that are searched for secrets, of which the first are shown: a secret is found by its context.
"""
"""Characters of a text shown in a line about it."""


class TurnInput(msgspec.Struct, frozen=True):
    """The texts of a turn that conditions look at.

    A turn answers the items after the assistant's latest one, whether the client sent the whole conversation
    or only the new items.
    """

    latest: str
    """The last user text among the items that the turn answers."""
    said: str
    """The last user text in the conversation."""
    answers_tool: bool
    """Whether tool outputs close the input."""
    last: str | None
    """The text of the last item that is not the assistant's; None when there is no such item."""
    kinds: frozenset[str] = frozenset({"user", "last"})
    """The conditions about this kind of turn: `last`, and `tool_output` or the last speaker."""
    developer: tuple[str, ...] = ()
    """The developer messages among the items that the turn answers, oldest first."""
    system: tuple[str, ...] = ()
    """The system messages among them."""

    @classmethod
    def by(cls, turn: Turn) -> TurnInput:
        """Return the input of a turn."""
        if (text := _only_text(turn)) is not None:  # nearly all turns
            return cls(text, text, False, text)
        answered = answered_items(turn)
        texts: dict[str, list[str]] = {role: [] for role in SPEAKERS}
        for item in answered:
            if (role := item.get("role")) in texts:
                texts[role].append(text_of(item.get("content")))
        latest = texts["user"][-1] if texts["user"] else ""
        answers_tool = bool(outputs_of(turn))
        speaker = answered[-1].get("role", "tool_output") if answered else "user"
        return cls(
            latest,
            latest or user_text(turn),
            answers_tool,
            text_of_item(answered[-1]) if answered else None,
            _KINDS["tool_output" if answers_tool else speaker],
            tuple(texts["developer"]),
            tuple(texts["system"]),
        )

    @property
    def size(self) -> int:
        """Characters of all its texts together."""
        return len(self.said) + len(self.last or "") + sum(map(len, (*self.developer, *self.system)))


def _only_text(turn: Turn) -> str | None:
    """Return the user's text if the turn answers nothing else."""
    if turn.request is None or len(turn.request.input) != 1:
        return None
    item = turn.request.input[0]
    content = item.get("content")
    if not content or not isinstance(content, str) or item.get("role") != "user":
        return None
    if item.get("type", "message") != "message" or not _is_answered(turn.history):
        return None
    return content


def answered_items(turn: Turn) -> list[Mapping[str, Any]]:
    """Return the items that a turn answers, oldest first: the last ones that are not the assistant's, back to
    the assistant's item before them.
    """
    found: list[Mapping[str, Any]] = []
    for item in _backwards(turn):
        if not _is_assistants(item):
            found.append(item)
        elif found:
            break
    return found[::-1]


def messages(turn: Turn, role: str) -> list[str]:
    """Return the texts of all messages of a role in the conversation, oldest first."""
    texts = [text_of(item.get("content")) for item in _backwards(turn) if item.get("role") == role]
    return texts[::-1]


def outputs_of(turn: Turn) -> tuple[ToolOutput, ...]:
    """Return the tool outputs that close the input, named after the calls in the input or the history."""
    if turn.request is None:
        return ()
    return tool_outputs(turn.request.input, turn.history) if turn.history else turn.request.tool_outputs


def user_text(turn: Turn) -> str:
    """Return the user's last text, in this request or before it."""
    return next((text_of(item.get("content")) for item in _backwards(turn) if item.get("role") == "user"), "")


def text_of_item(item: Mapping[str, Any]) -> str:
    """Return the text of a message or of a tool's output; empty for items without text."""
    return text_of(item.get("content") if "role" in item else item.get("output"))


def described(turn: Turn) -> str:
    """Return the input of a turn in a few words, such as `the developer message 'Greet.'`."""
    if turn.request is None:
        return "an invalid request"
    if outputs := outputs_of(turn):
        return f"the output of {', '.join(each.name or each.call_id for each in outputs)}"
    answered = answered_items(turn)
    if not answered:
        return "a request without input"
    last = answered[-1]
    role, kind = last.get("role"), last.get("type")
    if role is None:
        return f"the item {kind}"
    text = shortened(text_of_item(last))
    return text if role == "user" else f"the {role} message {text}"


def shortened(text: str) -> str:
    """Return a text in quotes, on one line and not too long, without secrets."""
    line = " ".join(beginning(text).split())
    return f"'{line if len(line) <= _SHOWN else line[: _SHOWN - 3] + '...'}'"


def beginning(text: str) -> str:
    """Return the beginning of a text for people to read, without secrets."""
    return _without_secrets(text[:_SEARCHED])


@lru_cache(maxsize=16)  # every rule explains the same text
def _without_secrets(text: str) -> str:
    return redact.text(text)


def _backwards(turn: Turn) -> Iterator[Mapping[str, Any]]:
    """Iterate over the conversation from its end, because the end is nearly always enough."""
    items = chain(reversed(turn.request.input if turn.request else ()), reversed(turn.history))
    return (item for item in items if item.get("type") not in _SAYS_NOTHING)


def _is_answered(history: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether an item of the assistant closes a history, or it is empty."""
    if isinstance(history, History) and history.is_answered():
        return True
    return not history or _is_assistants(history[-1])


def _is_assistants(item: Mapping[str, Any]) -> bool:
    role = item.get("role")
    if role is not None:
        return bool(role == "assistant")
    kind = str(item.get("type", ""))
    if kind == "tool_search_output":  # the API's own search, unless the client ran it
        return item.get("execution") == "server"
    return not (kind.endswith("_output") or kind == "mcp_approval_response")
