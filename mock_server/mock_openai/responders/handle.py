"""A rule within a script: how often it answered, and which requests."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from mock_openai.journal import redact
from mock_openai.protocol import json
from mock_openai.responders.rule import Rule
from mock_openai.responders.turn_input import shortened, text_of_item
from mock_openai.source import ScriptError

KEPT = 10_000
"""Number of requests that a handle keeps, the newest ones; `answered` counts all."""
KEPT_BYTES = 64 * 1024 * 1024
"""Total bytes of their bodies; the newest is kept in any case."""

_TOLD = 5
"""Requests that an error quotes."""


class RuleHandle:
    """A rule as one script has it; `script.add(rule)` returns it.

        weather = server.script.add(reply("Sunny.", user="weather"))
        ...
        assert weather.request["model"] == "gpt-4.1"

    The same Rule in two scripts has a handle in each.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        """The rule as it was written."""
        self.answered = 0
        """How many requests it answered."""
        self.continued = 0
        """How many of these requests asked to go on with its text."""
        self._asked: deque[tuple[Mapping[str, Any], int]] = deque()
        self._kept, self._bytes = KEPT, 0

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The bodies of the requests that it answered, oldest first, without credentials of MCP servers."""
        return [json.parse(bytes(redact.body(body))) for body, _ in tuple(self._asked)]

    @property
    def request(self) -> dict[str, Any]:
        """The only request that it answered. Raises AssertionError if it answered none or several."""
        if self.answered == 1 and self._asked:
            return self.requests[0]
        if not self.answered:
            raise AssertionError(f"{self} answered no request; its conditions are: {self.rule.when}")
        if not self._asked:
            raise AssertionError(f"{self} answered {self.answered} requests, but no longer has any of them")
        quoted = [_quoted(body) for body, _ in tuple(self._asked)[-_TOLD:]]
        latest = f"the latest {len(quoted)}: " if len(quoted) < self.answered else ""
        raise AssertionError(
            f"{self} answered {self.answered} requests, not one: {latest}{', '.join(quoted)}"
        )

    @property
    def spent(self) -> bool:
        """Whether it has answered as often as its `times` allows."""
        return self.rule.times is not None and self.answered - self.continued >= self.rule.times

    def begin(self, body: Mapping[str, Any], size: int = 0) -> None:
        """Count a request that it is about to answer; `size` is the size of its body in bytes."""
        self.answered += 1
        self._asked.append((body, size))
        self._bytes += size
        if len(self._asked) > self._kept or self._bytes > KEPT_BYTES:
            self._forget()

    def note(self, body: Mapping[str, Any], size: int = 0) -> None:
        """Keep a request that asks to go on with its answer. It counts, but not against `times`."""
        self.continued += 1
        self.begin(body, size)

    def take_back(self, body: Mapping[str, Any], *, went_on: bool = False) -> None:
        """Forget a request that the rule's function passed on."""
        self.answered -= 1
        self.continued -= went_on
        for at in range(len(self._asked) - 1, -1, -1):
            if self._asked[at][0] is body:
                self._bytes -= self._asked[at][1]
                del self._asked[at]
                return

    def keep(self, count: int) -> None:
        """Keep at most `count` requests from now on."""
        self._kept = count
        self._forget()

    def forget(self) -> None:
        """Forget the requests; they stay counted."""
        self._bytes = 0
        self._asked.clear()

    def _forget(self) -> None:
        while len(self._asked) > self._kept or (self._bytes > KEPT_BYTES and len(self._asked) > 1):
            self._bytes -= self._asked.popleft()[1]

    def __str__(self) -> str:
        name = "a rule" if self.rule.name is None else f"the rule '{self.rule.name}'"
        return f"{name} ({self.rule.where})" if self.rule.where else name

    def __repr__(self) -> str:
        return f"<RuleHandle {self.rule.when} answered={self.answered} at {self.rule.where}>"


def check_names(handles: Sequence[RuleHandle]) -> None:
    """Raise ScriptError if two rules have the same name."""
    seen: dict[str, RuleHandle] = {}
    for handle in handles:
        name = handle.rule.name
        if name is not None and seen.setdefault(name, handle) is not handle:
            first = f"the name '{name}' for a second rule (the first: {seen[name].rule.where or '?'})"
            raise ScriptError(
                handle.rule.where or "<script>",
                None,
                f"found {first}",
                "every name once",
                "choose another name",
            )


def _quoted(body: Mapping[str, Any]) -> str:
    given = body.get("input")
    last = given[-1] if isinstance(given, list | tuple) and given else given
    return shortened(text_of_item(last) if isinstance(last, Mapping) else str(last or ""))
